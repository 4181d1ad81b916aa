"""Gap growth: does the gap between query and fresh scores widen as a team goes on asking?

Supporting evidence about the mechanism, never a verdict: an easier fresh set makes these tests reject too
often (.16 to .24 at .05), and honest teams that build on their answers are rejected as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from stats.arguments import check_counts
from stats.menu import TIE, Menu, scatter

Floats = NDArray[np.float64]

N_DRAWS = 2_000
BLOCK = 2_000
CUSUM_ALLOWANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class Growth:
    """
    One statistic of the gaps g_j = query mean - fresh mean of submissions in time order.

    Parameters
    ----------
    statistic : float
        Positive means that the gap grows; its unit is that of the function that made it.
    p_value : float
        One-sided.
    since : int, optional
        Of the CUSUM: the number of the submission, from 0, with which the rise to its highest point began;
        None where it never rose.
    """

    statistic: float
    p_value: float
    since: int | None = None


def gap_slope(*, menu: Menu) -> Growth:
    """
    Test the slope of the gap over log(1 + j).

    Parameters
    ----------
    menu : Menu
        The team's k >= 2 submissions in time order; the references are not used.

    Returns
    -------
    Growth
        The statistic is z; 0 with p = .5 where the submissions do not differ.

    Raises
    ------
    ValueError
        If the menu has fewer than two submissions.

    Notes
    -----
    z = x'g / sqrt(x'S x (1/n + 1/m)), x = log(1 + j) centered, S the pooled within-holdout covariance,
    reached through the single column C x. Cost: O((n+m) k). Assumes independent items of one draw. Size
    .038 to .062 at .05 for teams that use no answer; honest teams that keep only improvements are
    rejected, for their gap does grow. Source: docs/method.md, "Growth of the gap".
    """
    _check(menu)
    x = np.log1p(np.arange(1, menu.k + 1))
    x -= x.mean()
    along = menu.scores[:, : menu.k].astype(np.float64) @ x
    query, fresh = along[: menu.n], along[menu.n :]
    squares = np.square(query - query.mean()).sum() + np.square(fresh - fresh.mean()).sum()
    variance = squares / (menu.n + menu.m - 2) * (1 / menu.n + 1 / menu.m)
    difference = query.mean() - fresh.mean()
    z = float(difference / np.sqrt(variance)) if abs(difference) > menu.tie else 0.0
    return Growth(statistic=z, p_value=float(sps.norm.sf(z)))


def isotonic_growth(*, menu: Menu, rng: np.random.Generator, n_draws: int = N_DRAWS) -> Growth:
    """
    Test the range of the best non-decreasing fit to the gaps.

    Parameters
    ----------
    menu : Menu
        As in `gap_slope`.
    rng : numpy Generator
    n_draws : int, default=2,000

    Returns
    -------
    Growth
        The statistic is in the units of the scores, at least 0.

    Raises
    ------
    ValueError
        If the menu has fewer than two submissions or `n_draws` is below 1.

    Notes
    -----
    The pool-adjacent-violators fit ends at its largest suffix mean and starts at its smallest prefix mean,
    so no fit is computed. It sees a climb as `gap_slope` does, and a last file composed of the others, which
    that one misses. Size .032 to .050 at .05. Null: gaps drawn from N(0, S (1/n + 1/m)). Cost:
    O((n+m) k^2 + n_draws k^2). Source: docs/method.md, "Growth of the gap".
    """
    return _simulated(menu, rng, n_draws, _isotonic_range)


def cusum_growth(*, menu: Menu, rng: np.random.Generator, n_draws: int = N_DRAWS) -> Growth:
    """
    Test the highest point of a CUSUM of the standardized steps of the gap.

    Parameters and errors as in `isotonic_growth`.

    Returns
    -------
    Growth
        The statistic is in standard errors, at least 0.

    Notes
    -----
    C_j = max(0, C_{j-1} + (g_j - g_{j-1})/sd_j - 1/2), sd_j the null's standard deviation of that step; a
    step between equal files is 0. Size .030 to .075 at .05. It sees a composed last file (.98) and next
    to nothing of a slow climb (.10): prefer `isotonic_growth`. Cost: as there. Source: docs/method.md,
    "Growth of the gap".
    """
    _check(menu)
    sd = _step_sd(_covariance(menu))

    def highest(gaps: Floats) -> Floats:
        steps = np.diff(gaps, axis=1) / sd
        level = np.zeros(len(gaps))
        top = level
        for step in steps.T:
            level = np.maximum(0.0, level + step - CUSUM_ALLOWANCE)
            top = np.maximum(top, level)
        return top

    found = _simulated(menu, rng, n_draws, highest)
    return replace(found, since=_onset(np.diff(_gaps(menu)) / sd))


def accepted_rate(*, accepted: int, k: int, z: float = 2.0) -> Growth:
    """
    Compare how often a Ladder accepted with how often chance alone would pass its threshold.

    Parameters
    ----------
    accepted, k : int
        0 <= accepted <= k, k >= 1: accepted improvements of k submissions after the first.
    z : float, default=2
        The Ladder's threshold in paired standard errors: luck passes it with probability 2.3 %.

    Returns
    -------
    Growth
        The statistic is the accepted share; the p-value is binomial.

    Raises
    ------
    ValueError
        If the counts are out of range or `z` is not finite.

    Notes
    -----
    Informational: needs no fresh labels, and says next to nothing. An accepted file was lucky, and the next
    has to beat its luck too, so honest teams stay far below the rate (0 of 80 rejected at .05), but so do
    hill climbers (.025). Cost: O(1). Source: docs/method.md, "Growth of the gap".
    """
    if k < 1 or not 0 <= accepted <= k:
        raise ValueError("accepted and k: 0 <= accepted <= k and k >= 1 are needed")
    if not np.isfinite(z):
        raise ValueError("z must be finite")
    found = sps.binomtest(accepted, k, float(sps.norm.sf(z)), alternative="greater")
    return Growth(statistic=accepted / k, p_value=float(found.pvalue))


def _simulated(
    menu: Menu, rng: np.random.Generator, n_draws: int, statistic: Callable[[Floats], Floats]
) -> Growth:
    _check(menu)
    check_counts(n_draws=n_draws)
    observed = float(statistic(_gaps(menu)[None])[0])
    values, vectors = np.linalg.eigh(_covariance(menu))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    exceeding = 0
    for start in range(0, n_draws, BLOCK):
        draws = rng.standard_normal((min(BLOCK, n_draws - start), menu.k)) @ root.T
        exceeding += int(np.count_nonzero(statistic(draws) >= observed - TIE * abs(observed)))
    return Growth(statistic=observed, p_value=(1 + exceeding) / (n_draws + 1))


def _gaps(menu: Menu) -> Floats:
    submissions = menu.scores[:, : menu.k]
    query = submissions[: menu.n].mean(axis=0, dtype=np.float64)
    result: Floats = query - submissions[menu.n :].mean(axis=0, dtype=np.float64)
    return result


def _onset(steps: Floats) -> int | None:
    """Return the submission with which the CUSUM left 0 for the last time before its highest point."""
    level = top = 0.0
    start, since = 0, None
    for number, step in enumerate(steps, 1):
        if level == 0.0:
            start = number
        level = max(0.0, level + float(step) - CUSUM_ALLOWANCE)
        if level > top:
            top, since = level, start
    return since


def _covariance(menu: Menu) -> Floats:
    """Estimate the covariance of the gaps: pooled within holdouts, times 1/n + 1/m."""
    submissions = menu.scores[:, : menu.k]
    within = scatter(submissions[: menu.n]) + scatter(submissions[menu.n :])
    result: Floats = within / (menu.n + menu.m - 2) * (1 / menu.n + 1 / menu.m)
    return result


def _isotonic_range(gaps: Floats) -> Floats:
    counts = np.arange(1, gaps.shape[1] + 1)
    lowest = (np.cumsum(gaps, axis=1) / counts).min(axis=1)
    highest = (np.cumsum(gaps[:, ::-1], axis=1) / counts).max(axis=1)
    result: Floats = np.maximum(highest - lowest, 0.0)
    return result


def _step_sd(covariance: Floats) -> Floats:
    """Return each step's standard deviation; infinite between equal files, which have no step."""
    variance = np.diag(covariance)
    steps = variance[1:] + variance[:-1] - 2 * np.diag(covariance, 1)
    rounding_error = 1e-12 * max(float(variance.max()), np.finfo(np.float64).tiny)
    result: Floats = np.sqrt(np.where(steps > rounding_error, steps, np.inf))
    return result


def _check(menu: Menu) -> None:
    if menu.k < 2:
        raise ValueError("menu: at least two submissions are needed")
