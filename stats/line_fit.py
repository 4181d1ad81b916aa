"""The line of fresh on query accuracy over many models: shift moves the line, adaptivity leaves it.

If all models lose alike, by a line of slope above one and without a bend at the top, the new items are
harder and nobody has overfitted (Recht et al. 2019). A model below the line lost more than its peers.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_fractions
from stats.bootstrap import poisson_bootstrap
from stats.intervals import Interval

Floats = NDArray[np.float64]
Scale = Literal["linear", "probit"]

N_DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class LineFit:
    """
    Ordinary least squares of fresh on query accuracy.

    Parameters
    ----------
    slope, intercept : float
        On the scale of the fit; on the linear one the intercept is in accuracy.
    correlation : float in [-1, 1]
    slope_interval : Interval
        Percentile bootstrap over models.
    residuals : array of shape (T,)
        Effective robustness: fresh accuracy less the line through the *other* models, in accuracy. Negative
        means that the model lost more than its peers.
    """

    slope: float
    intercept: float
    correlation: float
    slope_interval: Interval
    residuals: Floats


def line_fit(
    *,
    query_accuracy: ArrayLike,
    fresh_accuracy: ArrayLike,
    rng: np.random.Generator,
    scale: Scale = "linear",
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> LineFit:
    """
    Fit the line, its interval, and each model's distance from the others' line.

    Parameters
    ----------
    query_accuracy, fresh_accuracy : array-like of shape (T,), in [0, 1]
        Of T models; in (0, 1) on the probit scale.
    rng : numpy Generator
    scale : "linear" or "probit"
        Probit, Phi^-1(accuracy), where accuracies span more than 10 points.
    n_draws : int, default=2000
    confidence_level : float in (0, 1)

    Returns
    -------
    LineFit

    Raises
    ------
    ValueError
        If there are fewer than four models, lengths differ, an accuracy, n_draws or confidence_level is
        out of range, the scale is unknown, fewer than three different query accuracies are given, or no
        draw has two.

    Notes
    -----
    The bootstrap draws models; draws in which all query accuracies agree are left out. Assumes models
    that do not depend on either holdout's labels. Cost: O(n_draws T). Source: Recht et al., 2019.
    """
    _check_draws(scale, n_draws, confidence_level)
    x = _accuracies(query_accuracy, "query_accuracy")
    y = _accuracies(fresh_accuracy, "fresh_accuracy")
    if x.shape != y.shape or len(x) < 4:
        raise ValueError("fresh_accuracy: as many as query_accuracy, and at least four, are needed")
    if len(np.unique(x)) < 3:
        raise ValueError("query_accuracy: at least three different ones are needed")
    if scale == "probit":
        if min(x.min(), y.min()) <= 0 or max(x.max(), y.max()) >= 1:
            raise ValueError("query_accuracy: the probit scale has no 0 and no 1")
        x, y = sps.norm.ppf(x), sps.norm.ppf(y)
    slope, intercept = _line(x, y)
    draws = rng.integers(len(x), size=(n_draws, len(x)))
    return LineFit(
        slope=slope,
        intercept=intercept,
        correlation=float(np.corrcoef(x, y)[0, 1]) if np.ptp(y) > 0 else 0.0,
        slope_interval=_slope_interval(x[draws], y[draws], confidence_level),
        residuals=_left_out(x, y, scale),
    )


def slope_over_items(
    *,
    query_items: ArrayLike,
    fresh_items: ArrayLike,
    rng: np.random.Generator,
    scale: Scale = "linear",
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> Interval:
    """
    Compute the slope's interval over resampled items, for these very models.

    Parameters
    ----------
    query_items, fresh_items : array-like of shape (n, T) and (m, T), 0 or 1
        Correctness of T models.
    rng : numpy Generator
    scale : "linear" or "probit"
        Probit takes accuracies from half an item to all but half an item.
    n_draws : int, default=2000
    confidence_level : float in (0, 1)

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If there are fewer than four models, their numbers differ, a value is neither 0 nor 1, n_draws or
        confidence_level is out of range, the scale is unknown, or in no draw two query accuracies
        differ.

    Notes
    -----
    `LineFit.slope_interval` speaks of other models on these items, this of other items for these models.
    Poisson bootstrap of both holdouts. Assumes independent items and models that do not depend on
    their labels. Cost: O(n_draws (n+m) T). Source: docs/method.md, "Shift", and
    docs/method.md, "Many models at once".
    """
    _check_draws(scale, n_draws, confidence_level)
    query, fresh = _outcomes(query_items, "query_items"), _outcomes(fresh_items, "fresh_items")
    if query.shape[1] != fresh.shape[1] or query.shape[1] < 4:
        raise ValueError("fresh_items: as many models as in query_items, and four, are needed")
    means = []
    for items in (query, fresh):
        # Sums in single precision err by 1e-6: accuracies closer than that are equal.
        drawn = poisson_bootstrap(item_scores=items, rng=rng, n_draws=n_draws).round(6)
        half = 0.5 / len(items)
        means.append(sps.norm.ppf(np.clip(drawn, half, 1 - half)) if scale == "probit" else drawn)
    return _slope_interval(means[0], means[1], confidence_level)


def _slope_interval(x: Floats, y: Floats, confidence_level: float) -> Interval:
    """Return percentiles of the slopes of y on x, one a row."""
    varied = np.ptp(x, axis=1) > 0
    if not varied.any():
        raise ValueError("n_draws: in no draw two query accuracies differ")
    centered = x[varied] - x[varied].mean(axis=1, keepdims=True)
    slopes = (centered * y[varied]).sum(axis=1) / np.square(centered).sum(axis=1)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(slopes, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high))


def _left_out(x: Floats, y: Floats, scale: Scale) -> Floats:
    residuals = np.empty(len(x))
    for position in range(len(x)):
        others = np.arange(len(x)) != position
        slope, intercept = _line(x[others], y[others])
        expected = slope * x[position] + intercept
        if scale == "probit":
            residuals[position] = sps.norm.cdf(y[position]) - sps.norm.cdf(expected)
        else:
            residuals[position] = y[position] - expected
    return residuals


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    centered = x - x.mean()
    slope = float(centered @ y / (centered @ centered))
    return slope, float(y.mean() - slope * x.mean())


def _check_draws(scale: Scale, n_draws: int, confidence_level: float) -> None:
    if scale not in get_args(Scale):
        raise ValueError("scale must be linear or probit")
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)


def _outcomes(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 2 or not ((values == 0) | (values == 1)).all():
        raise ValueError(f"{name}: a matrix of 0 and 1, items and models, is needed")
    return values


def _accuracies(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{name}: accuracies in [0, 1] are needed")
    return values
