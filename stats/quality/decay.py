"""How a score changes from window to window (docs/method.md, "Decay and drift")."""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite
from stats.intervals import Interval

Floats = NDArray[np.float64]

N_DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Decay:
    """
    A line through the windows' scores.

    Parameters
    ----------
    slope : float
        Change of the score a window; negative where it decays.
    se : float
        From the windows' variances; does not know of drift that is more than a line.
    bootstrap : Interval
        Moving-block bootstrap of the slope, 95 %: allows for neighboring windows that resemble each other.
    half_life : float
        Windows until the score halves if it falls exponentially; infinite where it does not fall.
    """

    slope: float
    se: float
    bootstrap: Interval
    half_life: float


def decay(
    *,
    scores: ArrayLike,
    variances: ArrayLike,
    rng: np.random.Generator,
    block: int = 3,
    n_draws: int = N_DRAWS,
) -> Decay:
    """
    Fit the windows' scores on their number by weighted least squares.

    Parameters
    ----------
    scores : array-like of shape (W,)
        Score of each window in order of time, higher better.
    variances : array-like of shape (W,), > 0
        Squared standard error of each.
    rng : numpy Generator
    block : int, default=3
        Neighboring windows whose residuals are drawn together.
    n_draws : int, default=2000

    Returns
    -------
    Decay

    Raises
    ------
    ValueError
        If there are fewer than three windows, lengths differ, a variance is not positive, the block is no
        part of the windows, or there is no draw.

    Notes
    -----
    Weights 1/variance. The bootstrap draws blocks of standardized residuals around the fitted line. The
    half-life is that of a weighted line through the logarithms of positive scores. Assumes windows of
    equal length. Cost: O(n_draws W). Source: docs/method.md, "Decay and drift".
    """
    values, spread = np.asarray(scores, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if values.ndim != 1 or len(values) < 3 or values.shape != spread.shape:
        raise ValueError("scores: at least three windows, with a variance each, are needed")
    if not (np.isfinite(values).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise ValueError("variances: finite scores and positive variances are needed")
    if not 1 <= block <= len(values):
        raise ValueError("block: from 1 to the number of windows")
    check_counts(n_draws=n_draws)
    time = np.arange(len(values), dtype=np.float64)
    weights = 1 / spread
    center = np.average(time, weights=weights)
    scale = float(np.sum(weights * (time - center) ** 2))
    # The slope is linear in the scores.
    share = weights * (time - center) / scale
    slope = float(share @ values)
    fitted = np.average(values, weights=weights) + slope * (time - center)
    standardized = (values - fitted) * np.sqrt(weights)
    starts = rng.integers(len(values) - block + 1, size=(n_draws, -(-len(values) // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(n_draws, -1)[:, : len(values)]
    drawn = fitted + standardized[rows] / np.sqrt(weights)
    low, high = np.quantile(drawn @ share, [0.025, 0.975])
    return Decay(
        slope=slope,
        se=float(1 / np.sqrt(scale)),
        bootstrap=Interval(low=float(low), high=float(high)),
        half_life=_half_life(values, share),
    )


def rank_stability(*, scores: ArrayLike) -> Floats:
    """
    Compute Kendall's tau-b between the windows' rankings of the same teams.

    Parameters
    ----------
    scores : array-like of shape (W, T)
        Score of T teams in W windows.

    Returns
    -------
    array of shape (W, W)
        1 on the diagonal, and where a window has no two different scores.

    Raises
    ------
    ValueError
        If there is no window, there are fewer than two teams, or a score is not finite.

    Notes
    -----
    Cost: O(W^2 T log T). Source: docs/method.md, "Decay and drift".
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or len(values) < 1 or values.shape[1] < 2:
        raise ValueError("scores: a matrix of windows and at least two teams is needed")
    check_finite(scores=values)
    taus = np.ones((len(values), len(values)))
    for i, one in enumerate(values):
        for j in range(i):
            if np.ptp(one) > 0 and np.ptp(values[j]) > 0:
                taus[i, j] = taus[j, i] = sps.kendalltau(one, values[j]).statistic
    return taus


def _half_life(values: Floats, share: Floats) -> float:
    if not (values > 0).all():
        return float("inf")
    rate = float(share @ np.log(values))
    return float(np.log(2) / -rate) if rate < 0 else float("inf")
