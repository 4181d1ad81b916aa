"""Whether two samples are of one kind: PSI, Kolmogorov-Smirnov and a classifier.

A fired test says that query and fresh items differ, whatever the cause; it explains a gap and accuses
nobody. Formulas: docs/method.md, "Shift".
"""

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]

N_BINS = 10
# Empty bins would make the index infinite: half an item stands in for none.
HALF_AN_ITEM = 0.5


@dataclass(frozen=True, kw_only=True)
class Shift:
    """
    A test of equal distributions.

    Parameters
    ----------
    statistic : float
        PSI, D or held-out accuracy.
    expected : float
        Its mean if nothing differs; NaN where that is not known.
    p_value : float
    """

    statistic: float
    expected: float
    p_value: float


def population_stability(*, reference: ArrayLike, sample: ArrayLike, n_bins: int = N_BINS) -> Shift:
    """
    Compute the population stability index, with its chi-square null instead of folk thresholds.

    Parameters
    ----------
    reference, sample : array-like of shape (n,) and (m,)
        Values of any unit.
    n_bins : int, default=10
        Bins of equal mass of the reference; fewer where values tie.

    Returns
    -------
    Shift
        `statistic` is sum (a - b) ln(a / b) over the bins' shares a and b.

    Raises
    ------
    ValueError
        If a value is not finite, a sample is smaller than the bins, or n_bins is less than 2.

    Notes
    -----
    Under equal distributions PSI / (1/n + 1/m) is about chi-square with bins - 1 degrees of freedom.
    The bins are the reference's own quantiles; an empty bin counts as half an item. Constant reference:
    one bin, PSI 0, p 1. Cost: O((n+m) log n). Source: docs/method.md, "Shift".
    """
    values, others = _values(reference, "reference"), _values(sample, "sample")
    if n_bins < 2:
        raise ValueError("n_bins must be at least 2")
    if min(len(values), len(others)) < n_bins:
        raise ValueError("sample: fewer values than bins")
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1]))
    edges = edges[edges < values.max()]
    counts = [
        np.bincount(np.searchsorted(edges, each, side="left"), minlength=len(edges) + 1)
        for each in (values, others)
    ]
    shares = [np.maximum(count, HALF_AN_ITEM) / count.sum() for count in counts]
    psi = float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))
    scale = 1 / len(values) + 1 / len(others)
    freedom = len(edges)
    return Shift(
        statistic=psi,
        expected=freedom * scale,
        p_value=float(sps.chi2.sf(psi / scale, freedom)) if freedom else 1.0,
    )


def kolmogorov_smirnov(*, reference: ArrayLike, sample: ArrayLike) -> Shift:
    """
    Test two samples by Kolmogorov and Smirnov's statistic.

    Parameters
    ----------
    reference, sample : array-like of shape (n,) and (m,)
        Values of any unit.

    Returns
    -------
    Shift
        `statistic` is the largest difference of the distribution functions.

    Raises
    ------
    ValueError
        If a sample is empty or a value is not finite.

    Notes
    -----
    Conservative where values tie. Cost: O((n+m) log(n+m)). Source: scipy.stats.ks_2samp.
    """
    given = (_values(reference, "reference"), _values(sample, "sample"))
    with warnings.catch_warnings():
        # Where the exact calculation fails, as it may by rounding, the asymptotic one is what is wanted.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = sps.ks_2samp(*given)
    return Shift(
        statistic=float(found.statistic), expected=float("nan"), p_value=float(found.pvalue)
    )


def classifier_two_sample(
    *, reference: ArrayLike, sample: ArrayLike, rng: np.random.Generator
) -> Shift:
    """
    Test whether a classifier tells the samples apart on items it was not trained on.

    Parameters
    ----------
    reference, sample : array-like of shape (n, d) and (m, d)
        Items' features; one column may be given as (n,). The larger one is cut at random to the smaller.
    rng : numpy Generator

    Returns
    -------
    Shift
        `statistic` is the held-out accuracy, one half if nothing differs; one-sided.

    Raises
    ------
    ValueError
        If columns differ, a sample has fewer than four items or a value is not finite.

    Notes
    -----
    Least squares with a ridge on standardized features, which always has a solution, half of the items to
    train and half to test; exact binomial tail. It sees linear differences only. Cost: O((n+m) d^2). Source:
    Lopez-Paz and Oquab, 2017.
    """
    first, second = _items(reference, "reference"), _items(sample, "sample")
    if first.shape[1] != second.shape[1]:
        raise ValueError("sample: as many columns as the reference are needed")
    size = min(len(first), len(second))
    if size < 4:
        raise ValueError("sample: at least four items are needed")
    halves = [part[rng.permutation(len(part))[:size]] for part in (first, second)]
    train = size // 2
    model = make_pipeline(StandardScaler(), RidgeClassifier())
    model.fit(np.vstack([half[:train] for half in halves]), np.repeat([0, 1], train))
    tested = np.vstack([half[train:] for half in halves])
    right = int(np.count_nonzero(model.predict(tested) == np.repeat([0, 1], size - train)))
    return Shift(
        statistic=right / len(tested),
        expected=0.5,
        p_value=float(sps.binom.sf(right - 1, len(tested), 0.5)),
    )


def _values(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name}: finite values are needed")
    return values


def _items(given: ArrayLike, name: str) -> Floats:
    items = np.asarray(given, dtype=np.float64)
    items = items[:, None] if items.ndim == 1 else items
    if items.ndim != 2 or len(items) < 2 or not np.isfinite(items).all():
        raise ValueError(f"{name}: at least two items with finite features are needed")
    return items
