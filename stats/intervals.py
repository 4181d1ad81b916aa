"""Intervals with a formula: Wilson and Clopper-Pearson for shares, DeLong for AUC."""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Two-sided; in the units of the estimate."""

    low: float
    high: float


def wilson(*, successes: int, n: int, confidence_level: float = 0.95) -> Interval:
    """
    Wilson's interval of a share: the default (coverage near nominal even for small n).

    Parameters
    ----------
    successes, n : int
        0 <= successes <= n, n >= 1.

    Raises
    ------
    ValueError
        If the counts are out of range.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> wilson(successes=95, n=100).low > 0.88
    True
    """
    return _share(successes, n, confidence_level, "wilson")


def clopper_pearson(*, successes: int, n: int, confidence_level: float = 0.95) -> Interval:
    """
    The exact interval of a share: at least nominal coverage, so wider than Wilson's.

    Parameters, errors and units as in `wilson`. Source: Clopper and Pearson, 1934.
    """
    return _share(successes, n, confidence_level, "exact")


def _share(successes: int, n: int, confidence_level: float, method: str) -> Interval:
    if n < 1 or not 0 <= successes <= n:
        raise ValueError("0 <= successes <= n and n >= 1 are needed")
    found = sps.binomtest(successes, n).proportion_ci(confidence_level, method=method)
    return Interval(low=float(found.low), high=float(found.high))


@dataclass(frozen=True, kw_only=True)
class DeLong:
    """AUC with its structural components, shapes (m1,) for positives and (n1,) for negatives."""

    auc: float
    variance: float
    interval: Interval
    of_positives: Floats
    of_negatives: Floats


def delong(*, labels: ArrayLike, scores: ArrayLike, confidence_level: float = 0.95) -> DeLong:
    """
    Area under the ROC curve with DeLong's variance, by midranks.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores : array-like of shape (n,)
        Higher means more likely of class 1.

    Raises
    ------
    ValueError
        If one of the classes does not occur.

    Notes
    -----
    The interval is normal and cut to [0, 1]. Cost: O(n log n) [1]_.

    References
    ----------
    .. [1] X. Sun and W. Xu, "Fast implementation of DeLong's algorithm", 2014.

    Examples
    --------
    >>> delong(labels=[0, 0, 1, 1], scores=[.1, .4, .35, .8]).auc
    0.75
    """
    positive = np.asarray(labels) == 1
    values = np.asarray(scores, dtype=np.float64)
    m1, n1 = int(positive.sum()), int((~positive).sum())
    if m1 == 0 or n1 == 0:
        raise ValueError("both classes must occur")
    ranks = sps.rankdata(values)
    of_positives = (ranks[positive] - sps.rankdata(values[positive])) / n1
    of_negatives = 1 - (ranks[~positive] - sps.rankdata(values[~positive])) / m1
    auc = float(of_positives.mean())
    variance = _variance_of_mean(of_positives) + _variance_of_mean(of_negatives)
    half = float(sps.norm.ppf(0.5 + confidence_level / 2) * np.sqrt(variance))
    return DeLong(
        auc=auc,
        variance=variance,
        interval=Interval(low=max(0.0, auc - half), high=min(1.0, auc + half)),
        of_positives=of_positives,
        of_negatives=of_negatives,
    )


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0
