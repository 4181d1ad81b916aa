"""Whether probabilities mean what they say (docs/method.md, "Calibrated probabilities").

Probabilities are of class 1; labels 0 or 1. The plug-in calibration error of a perfect model is not 0 and
shrinks with n: never compare it between different n. The debiased error does not have that fault.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts
from stats.intervals import wilson
from stats.quality.forecasts import checked_codes, checked_forecasts

Floats = NDArray[np.float64]
Binning = Literal["width", "mass"]

N_BINS = 15
N_DRAWS = 1_000
# Beyond this skewness (as of 44 expected events) the normal tail is too thin for adjusted levels.
MAX_SKEWNESS = 0.15


@dataclass(frozen=True, kw_only=True)
class Brier:
    """
    The Brier score, mean (p - y)^2, in three parts: reliability - resolution + uncertainty.

    Parameters
    ----------
    score, reliability, resolution, uncertainty : float
        In squared probability. Reliability is how far forecasts are from what happened (lower is better),
        resolution how far what happened varies with the forecast (higher is better), uncertainty
        the variance of the labels.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """
    A reliability diagram: one row a bin.

    Parameters
    ----------
    forecast, observed : arrays of shape (bins,)
        Mean probability and share of label 1.
    low, high : arrays of shape (bins,)
        Wilson interval of the share.
    band_low, band_high : arrays of shape (bins,)
        Where the share would lie in 95 of 100 cases if the probabilities were right.
    n : array of shape (bins,), int
    """

    forecast: Floats
    observed: Floats
    low: Floats
    high: Floats
    band_low: Floats
    band_high: Floats
    n: NDArray[np.int64]


def calibration_error(
    *,
    labels: ArrayLike,
    probabilities: ArrayLike,
    n_bins: int = N_BINS,
    binning: Binning = "width",
) -> float:
    """
    Compute the expected calibration error (ECE), plug-in.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    n_bins : int, default=15
    binning : "width" or "mass"
        Bins of equal width, or of equal numbers of items (ties stay together).

    Returns
    -------
    float
        sum_b n_b/n |share of label 1 - mean probability|, in probability; lower is better.

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Biased upwards: about .05 at n = 500 and .012 at n = 10,000 for a perfect model with 15 bins.
    Assumes nothing. Cost: O(n log n). Source: Naeini et al., 2015.
    """
    truth, given = checked_forecasts(labels, probabilities)
    n, forecast, observed = _binned(truth, given, n_bins, binning)
    return float(np.sum(n / len(truth) * np.abs(observed - forecast)))


def debiased_squared_error(
    *, labels: ArrayLike, probabilities: ArrayLike, n_bins: int = N_BINS
) -> float:
    """
    Compute the debiased squared calibration error.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    n_bins : int, default=15
        Of equal mass; bins of one item are left out.

    Returns
    -------
    float
        In squared probability; its mean is about 0 for a perfect model, so it may be negative.

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    sum_b n_b/n [(y - p)^2 - y (1 - y)/(n_b - 1)] over the bins' means y and p. Assumes independent
    items. Cost: O(n log n). Source: Kumar, Liang and Ma, 2019.
    """
    truth, given = checked_forecasts(labels, probabilities)
    n, forecast, observed = _binned(truth, given, n_bins, "mass")
    several = n > 1
    n, forecast, observed = n[several], forecast[several], observed[several]
    terms = (observed - forecast) ** 2 - observed * (1 - observed) / (n - 1)
    return float(np.sum(n / len(truth) * terms))


def spiegelhalter(*, labels: ArrayLike, probabilities: ArrayLike) -> tuple[float, float]:
    """
    Test by Spiegelhalter's statistic that probabilities are calibrated.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)

    Returns
    -------
    z : float
        Positive where the Brier score is worse than the probabilities promise.
    p_value : float
        Two-sided; of a skewed sum, as of few expected events, Chernoff's bound in its place, never too
        small. Where all probabilities are 0, 1/2 or 1 nothing is left to chance: z is 0 and p 1, or infinite
        and 0 if what had probability 0 happened.

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    z = sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p)). Assumes independent items. Cost: O(n).
    Source: D. J. Spiegelhalter, 1986.
    """
    truth, given = checked_forecasts(labels, probabilities)
    variance = float(np.sum((1 - 2 * given) ** 2 * given * (1 - given)))
    surplus = float(np.sum((truth - given) * (1 - 2 * given)))
    if variance == 0:
        return (float("inf"), 0.0) if surplus > 0 else (0.0, 1.0)
    z = float(surplus / np.sqrt(variance))
    skewness = float(np.sum((1 - 2 * given) ** 4 * given * (1 - given))) / variance**1.5
    if skewness <= MAX_SKEWNESS:
        return z, float(2 * sps.norm.sf(abs(z)))
    return z, min(1.0, 2 * _chernoff(given, (1 - 2 * given) * np.sign(z), abs(surplus), variance))


def _chernoff(given: Floats, weights: Floats, surplus: float, variance: float) -> float:
    """Bound P(sum of weights (y - p) >= surplus): every t holds, so that a grid will do."""
    with np.errstate(divide="ignore"):
        no, yes = np.log1p(-given), np.log(given)
    mean = float(np.sum(weights * given))
    exponents = [
        float(np.logaddexp(no, yes + weights * t).sum()) - t * (mean + surplus)
        for t in surplus / variance * np.geomspace(2**-10, 2**4, 29)
    ]
    return float(np.exp(min(exponents)))


def brier(*, labels: ArrayLike, probabilities: ArrayLike, n_bins: int | None = None) -> Brier:
    """
    Decompose the Brier score as Murphy does.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    n_bins : int, optional
        First put the mean of its bin of equal mass in the place of each probability.

    Returns
    -------
    Brier

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Grouped by distinct probability, so that the identity is exact; of probabilities that are all different
    reliability and resolution are those of single items, unless they are binned. Cost: O(n log n). Source:
    A. H. Murphy, 1973.
    """
    truth, given = checked_forecasts(labels, probabilities)
    if n_bins is not None:
        bins = np.unique(_bin_numbers(given, n_bins, "mass"), return_inverse=True)[1]
        given = np.minimum(np.bincount(bins, weights=given) / np.bincount(bins), 1.0)[bins]
    forecasts, number = np.unique(given, return_inverse=True)
    n = np.bincount(number)
    observed = np.bincount(number, weights=truth) / n
    rate = float(truth.mean())
    return Brier(
        score=float(np.mean((given - truth) ** 2)),
        reliability=float(np.sum(n * (forecasts - observed) ** 2) / len(truth)),
        resolution=float(np.sum(n * (observed - rate) ** 2) / len(truth)),
        uncertainty=rate * (1 - rate),
    )


def classwise_error(*, labels: ArrayLike, probabilities: ArrayLike, n_bins: int = N_BINS) -> Floats:
    """
    Compute the calibration error of each class of a multiclass model.

    Parameters
    ----------
    labels : array-like of shape (n,)
        Class codes 0..C-1.
    probabilities : array-like of shape (n, C)
    n_bins : int, default=15
        Of equal width.

    Returns
    -------
    array of shape (C,)
        As `calibration_error` of each class against all others.

    Raises
    ------
    ValueError
        If shapes differ or a value is out of range.

    Notes
    -----
    Cost: O(C n log n). Source: Kull et al., 2019.
    """
    codes, given = _classes(labels, probabilities)
    return np.array(
        [
            calibration_error(labels=codes == each, probabilities=given[:, each], n_bins=n_bins)
            for each in range(given.shape[1])
        ]
    )


def top_label_error(*, labels: ArrayLike, probabilities: ArrayLike, n_bins: int = N_BINS) -> float:
    """
    Compute the calibration error of the predicted class's probability.

    Parameters
    ----------
    labels : array-like of shape (n,)
        Class codes 0..C-1.
    probabilities : array-like of shape (n, C)
    n_bins : int, default=15
        Of equal width.

    Returns
    -------
    float
        As `calibration_error` of "the most probable class is right".

    Raises
    ------
    ValueError
        If shapes differ or a value is out of range.

    Notes
    -----
    Cost: O(C n). Source: Guo et al., 2017.
    """
    codes, given = _classes(labels, probabilities)
    top = np.argmax(given, axis=1)
    return calibration_error(
        labels=top == codes, probabilities=given[np.arange(len(given)), top], n_bins=n_bins
    )


def reliability(
    *,
    labels: ArrayLike,
    probabilities: ArrayLike,
    rng: np.random.Generator,
    n_bins: int = N_BINS,
    n_draws: int = N_DRAWS,
) -> Reliability:
    """
    Compute the rows of a reliability diagram with bins of equal mass.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    rng : numpy Generator
    n_bins : int, default=15
    n_draws : int, default=1000
        Resampled label sets for the consistency band.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Band: labels drawn from the probabilities themselves. Assumes independent items. Cost: O(n log n +
    n_draws n). Source: Bröcker and Smith, 2007.
    """
    truth, given = checked_forecasts(labels, probabilities)
    check_counts(n_draws=n_draws)
    number = _bin_numbers(given, n_bins, "mass")
    n, forecast, observed = _means(truth, given, number)
    intervals = [
        wilson(successes=round(share * size), n=int(size))
        for share, size in zip(observed, n, strict=True)
    ]
    # Items in the order of their bins; uniform numbers of single precision are fine enough.
    chances = given[np.argsort(number, kind="stable")].astype(np.float32)
    first = np.cumsum(n) - n
    drawn = np.array(
        [
            np.add.reduceat(
                rng.random(len(given), dtype=np.float32) < chances, first, dtype=np.int32
            )
            for _ in range(n_draws)
        ]
    )
    band = np.quantile(drawn / n, [0.025, 0.975], axis=0)
    return Reliability(
        forecast=forecast,
        observed=observed,
        low=np.array([each.low for each in intervals]),
        high=np.array([each.high for each in intervals]),
        band_low=band[0],
        band_high=band[1],
        n=n,
    )


def _binned(
    truth: Floats, given: Floats, n_bins: int, binning: Binning
) -> tuple[NDArray[np.int64], Floats, Floats]:
    return _means(truth, given, _bin_numbers(given, n_bins, binning))


def _means(
    truth: Floats, given: Floats, number: NDArray[np.intp]
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return items, mean probability and share of label 1 of each bin that has items."""
    n = np.bincount(number)
    filled = n > 0
    forecast = np.bincount(number, weights=given)[filled] / n[filled]
    observed = np.bincount(number, weights=truth)[filled] / n[filled]
    return n[filled], forecast, observed


def _bin_numbers(given: Floats, n_bins: int, binning: Binning) -> NDArray[np.intp]:
    check_counts(n_bins=n_bins)
    if binning not in get_args(Binning):
        raise ValueError("binning must be width or mass")
    if binning == "width":
        return np.minimum((given * n_bins).astype(np.intp), n_bins - 1)
    edges = np.unique(np.quantile(given, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, given, side="left")


def _classes(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 2 or np.asarray(labels).shape != given.shape[:1]:
        raise ValueError("probabilities: a row for each label is needed")
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    return checked_codes(codes=labels, name="labels", n_classes=given.shape[1]), given
