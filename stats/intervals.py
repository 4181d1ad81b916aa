"""Intervals: Wilson and Clopper-Pearson for shares, DeLong for AUC, exact bootstrap for counts."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_fractions, check_ranked, checked_counts

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """
    A two-sided interval.

    Parameters
    ----------
    low, high : float
        In the units of the estimate.
    """

    low: float
    high: float


def two_sided_z(confidence_level: float) -> float:
    """Return the normal quantile of a two-sided interval, finite up to the largest level below 1."""
    return float(sps.norm.isf((1 - confidence_level) / 2))


def width_without_a_miss(n: float, confidence_level: float) -> float:
    """Return Wilson's width of a share of n items all of which were right: z^2 / (n + z^2)."""
    z2 = two_sided_z(confidence_level) ** 2
    return z2 / (n + z2)


def wilson(*, successes: float, n: float, confidence_level: float = 0.95) -> Interval:
    """
    Compute Wilson's interval of a share: the default (coverage near nominal even for small n).

    Parameters
    ----------
    successes, n : float
        0 <= successes <= n, n >= 1; no whole numbers where n items are worth fewer independent ones.
    confidence_level : float in (0, 1)

    Returns
    -------
    Interval
        Of the share, in [0, 1].

    Raises
    ------
    ValueError
        If the counts or the level are out of range.

    Notes
    -----
    Assumes independent items. Cost: O(1) [1]_.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> wilson(successes=95, n=100).low > 0.88
    True
    """
    _check_counts(successes, n)
    check_fractions(confidence_level=confidence_level)
    z2 = two_sided_z(confidence_level) ** 2
    share, weight = successes / n, n / (n + z2)
    middle = weight * share + (1 - weight) / 2
    half = math.sqrt(z2 * (n * share * (1 - share) + z2 / 4)) / (n + z2)
    # At the ends one limit is the share itself, which sums of floats may miss.
    return Interval(
        low=min(max(middle - half, 0.0), share), high=max(min(middle + half, 1.0), share)
    )


def clopper_pearson(*, successes: int, n: int, confidence_level: float = 0.95) -> Interval:
    """
    Compute the exact interval of a share: at least nominal coverage, so wider than Wilson's.

    Parameters, errors and units as in `wilson`. Cost: O(1). Source: Clopper and Pearson, 1934.
    """
    _check_counts(successes, n)
    check_fractions(confidence_level=confidence_level)
    tail = (1 - confidence_level) / 2
    low = sps.beta.ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    high = sps.beta.isf(tail, successes + 1, n - successes) if successes < n else 1.0
    return Interval(low=float(low), high=float(high))


def _check_counts(successes: float, n: float) -> None:
    if not (1 <= n < math.inf and 0 <= successes <= n):
        raise ValueError("0 <= successes <= n and n >= 1 are needed")


@dataclass(frozen=True, kw_only=True)
class DeLong:
    """
    AUC with its structural components.

    Parameters
    ----------
    auc : float in [0, 1]
    variance : float
        Of the AUC.
    interval : Interval
    of_positives, of_negatives : arrays of shape (m1,) and (n1,)
        The share of the other class that each item is on the right side of.
    """

    auc: float
    variance: float
    interval: Interval
    of_positives: Floats
    of_negatives: Floats

    @property
    def least_variance(self) -> float:
        """Where no item is misplaced: that of misses by Laplace's rule, 1 in n + 2 of the smaller class."""
        n = min(len(self.of_positives), len(self.of_negatives))
        return (n + 1) / (n + 2) ** 2 / n

    @property
    def has_variance(self) -> bool:
        """Whether both classes have two items: one says nothing of its class's spread, and counts as none."""
        return min(len(self.of_positives), len(self.of_negatives)) >= 2


def placements(*, labels: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    """
    Return the share of the other class that each item is on the right side of; ties count half.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores : array-like of shape (n,)
        Higher means more likely of class 1.

    Returns
    -------
    arrays of shape (m1,) and (n1,)
        Of the positives and of the negatives, in the order given; the mean of either is the AUC.

    Raises
    ------
    ValueError
        If lengths differ, a class does not occur, a label is neither 0 nor 1 or a score is not finite.

    Notes
    -----
    One sort. Cost: O(n log n). Source: docs/method.md, "AUC".
    """
    check_ranked(labels=labels, scores=scores, name="scores")
    positive = np.asarray(labels) == 1
    m1 = int(positive.sum())
    n1 = len(positive) - m1
    if m1 == 0 or n1 == 0:
        raise ValueError("both classes must occur")
    _, value = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    positives = np.bincount(value[positive], minlength=value.max() + 1)
    negatives = np.bincount(value[~positive], minlength=value.max() + 1)
    of_positives = (np.cumsum(negatives) - negatives / 2)[value[positive]] / n1
    of_negatives = (m1 - np.cumsum(positives) + positives / 2)[value[~positive]] / m1
    return of_positives, of_negatives


def delong(
    *,
    labels: ArrayLike,
    scores: ArrayLike,
    confidence_level: float = 0.95,
    design_effect: float = 1.0,
) -> DeLong:
    """
    Compute the area under the ROC curve with DeLong's variance, by midranks.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores : array-like of shape (n,)
        Higher means more likely of class 1.
    confidence_level : float in (0, 1)
    design_effect : float, >= 1
        So many items are worth one independent one in the interval.

    Returns
    -------
    DeLong

    Raises
    ------
    ValueError
        As `placements`, or if the level is out of range.

    Notes
    -----
    Assumes independent items, and two or more of each class: `has_variance`. The interval is normal and cut
    to [0, 1]. Where the classes are set apart without a mistake the variance is 0; so its half width is
    never below Wilson's width for a share without a miss in the smaller class, whose items could have been
    misplaced as seldom as that, and far below every other item: less would not do there. Cost:
    O(n log n) [1]_.

    References
    ----------
    .. [1] X. Sun and W. Xu, "Fast implementation of DeLong's algorithm", 2014.

    Examples
    --------
    >>> delong(labels=[0, 0, 1, 1], scores=[.1, .4, .35, .8]).auc
    0.75
    """
    check_fractions(confidence_level=confidence_level)
    of_positives, of_negatives = placements(labels=labels, scores=scores)
    auc = float(of_positives.mean())
    variance = _variance_of_mean(of_positives) + _variance_of_mean(of_negatives)
    smaller = min(len(of_positives), len(of_negatives))
    half = max(
        two_sided_z(confidence_level) * math.sqrt(variance * design_effect),
        width_without_a_miss(smaller / design_effect, confidence_level),
    )
    return DeLong(
        auc=auc,
        variance=variance,
        interval=Interval(low=max(0.0, auc - half), high=min(1.0, auc + half)),
        of_positives=of_positives,
        of_negatives=of_negatives,
    )


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0


def count_bootstrap(
    *,
    counts: ArrayLike,
    statistic: Callable[[NDArray[np.int64]], Floats],
    rng: np.random.Generator,
    n_draws: int = 2_000,
    confidence_level: float = 0.95,
) -> Interval:
    """
    Compute the percentile bootstrap interval of a metric of counts, exact in law.

    Parameters
    ----------
    counts : array-like of shape (cells,), int >= 0
        How many items are in each cell, such as a confusion matrix, flattened.
    statistic : function
        From counts of shape (draws, cells) to values of shape (draws,), finite for every draw.
    rng : numpy Generator
    n_draws : int, default=2000
    confidence_level : float in (0, 1)

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If a count is negative or no whole number, all are 0, n_draws or the level is out of range, or the
        statistic of a draw is not finite.

    Notes
    -----
    Resampling n items with replacement and counting anew is one Multinomial(n, cells / n). Cost:
    O(n_draws cells), independent of n. Source: docs/method.md, "Count bootstrap".

    Examples
    --------
    >>> accuracy = lambda counts: counts[:, 0] / counts.sum(axis=1)
    >>> found = count_bootstrap(counts=[90, 10], statistic=accuracy, rng=np.random.default_rng(1))
    >>> round(found.low, 2), round(found.high, 2)
    (0.84, 0.95)
    """
    cells = checked_counts(counts=counts, least=1)
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)
    n = int(cells.sum())
    values = statistic(rng.multinomial(n, cells / n, size=n_draws))
    if not np.isfinite(values).all():
        raise ValueError("statistic: a finite value for every draw is needed")
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high))
