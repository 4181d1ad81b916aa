"""The line of fresh on query accuracy over many models: shift moves the line, adaptivity leaves it.

If all models lose alike, by a line of slope above one and without a bend at the top, the new items are
harder and nobody has overfitted (Recht et al. 2019). A model below the line lost more than its peers.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

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
        If there are fewer than four models, lengths differ, an accuracy is out of range, or fewer than
        three different query accuracies are given.

    Notes
    -----
    The bootstrap draws models; draws in which all query accuracies agree are left out. Assumes models
    that do not depend on either holdout's labels. Cost: O(n_draws T). Source: Recht et al., 2019;
    STATISTICS C10.
    """
    x, y = _accuracies(query_accuracy, "query_accuracy"), _accuracies(fresh_accuracy, "fresh")
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
    varied = draws[np.ptp(x[draws], axis=1) > 0]
    slopes = [_line(x[draw], y[draw])[0] for draw in varied]
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(slopes, [tail, 1 - tail])
    return LineFit(
        slope=slope,
        intercept=intercept,
        correlation=float(np.corrcoef(x, y)[0, 1]) if np.ptp(y) > 0 else 0.0,
        slope_interval=Interval(low=float(low), high=float(high)),
        residuals=_left_out(x, y, scale),
    )


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


def _accuracies(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{name}: accuracies in [0, 1] are needed")
    return values
