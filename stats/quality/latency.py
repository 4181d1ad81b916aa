"""How long answers take, and what a score is worth under a time limit (docs/method.md, "Latency").

Times are in any unit, at least 0; infinite for an answer that never came. Percentiles of several runs
are those of all their times together: averaging percentiles has no meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite, check_fractions
from stats.bootstrap import WEIGHTS

Floats = NDArray[np.float64]

N_DRAWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Percentile:
    """
    A percentile with its order-statistic interval.

    Parameters
    ----------
    share : float in (0, 1)
    value, low, high : float
        In the times' unit. `high` is infinite, and `low` 0, where the sample is too small to bound it.
    """

    share: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Front:
    """
    Which teams are not beaten in score and latency at once.

    Parameters
    ----------
    on_front : array of shape (T,), bool
    probability : array of shape (T,)
        Share of joint resamples in which the team is on the front.
    """

    on_front: NDArray[np.bool_]
    probability: Floats


def percentile(
    *, times: ArrayLike | Sequence[ArrayLike], share: float, confidence_level: float = 0.95
) -> Percentile:
    """
    Compute a percentile of latency with its distribution-free interval.

    Parameters
    ----------
    times : array-like of shape (N,), or several of them
        Several runs are put together.
    share : float in (0, 1)
        Such as .99.
    confidence_level : float in (0, 1)

    Returns
    -------
    Percentile

    Raises
    ------
    ValueError
        If there is no time, one is negative or not a number, or a share is out of range.

    Notes
    -----
    The smallest value that a share of the times do not exceed; interval from the l-th to the u-th
    smallest time with P(l <= Bin(N, share) < u) of at least the level, in equal tails. Assumes
    independent times. Cost: O(N log N). Source: docs/method.md, "Latency".
    """
    check_fractions(share=share, confidence_level=confidence_level)
    ordered = np.sort(_times(times))
    n = len(ordered)
    tail = (1 - confidence_level) / 2
    low = int(sps.binom.ppf(tail, n, share))
    high = int(sps.binom.ppf(1 - tail, n, share)) + 1
    # The share itself may have a rounding error: .99 * 100 is 99.
    position = max(1, int(np.ceil(share * n - 1e-9)))
    return Percentile(
        share=share,
        value=float(ordered[position - 1]),
        low=float(ordered[low - 1]) if low >= 1 else 0.0,
        high=float(ordered[high - 1]) if high <= n else float("inf"),
    )


def score_under_budget(*, item_scores: ArrayLike, times: ArrayLike, budget: float) -> float:
    """
    Compute the mean score if an answer beyond the budget counts as wrong.

    Parameters
    ----------
    item_scores : array-like of shape (n,), in [0, 1]
    times : array-like of shape (n,), >= 0
    budget : float, > 0
        In the times' unit.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Cost: O(n). Source: docs/method.md, "Latency".
    """
    scores, taken = np.asarray(item_scores, dtype=np.float64), _times(times)
    if scores.shape != taken.shape or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("item_scores: one in [0, 1] for each time is needed")
    if not budget > 0:
        raise ValueError("budget must be positive")
    return float(np.mean(np.where(taken <= budget, scores, 0.0)))


def pareto_front(
    *,
    item_scores: ArrayLike,
    times: ArrayLike,
    rng: np.random.Generator,
    share: float = 0.95,
    n_draws: int = N_DRAWS,
) -> Front:
    """
    Find the front of score against latency, with a joint bootstrap over items.

    Parameters
    ----------
    item_scores, times : array-like of shape (n, T)
        Per-item scores, higher better, and latencies of T teams on the same items.
    rng : numpy Generator
    share : float in (0, 1), default=.95
        The percentile of latency that counts.
    n_draws : int, default=1000

    Returns
    -------
    Front

    Raises
    ------
    ValueError
        If shapes differ, there is no item or team, or a value is out of range.

    Notes
    -----
    A team is beaten if another is at least as good in both and better in one. Poisson weights, the same
    for all teams and both measures. Assumes independent items. Cost: O(n_draws n T). Source:
    docs/method.md, "Latency".
    """
    scores = np.asarray(item_scores, dtype=np.float64)
    taken = np.asarray(times, dtype=np.float64)
    if scores.ndim != 2 or scores.shape != taken.shape or not scores.size:
        raise ValueError("times: a matrix of items and teams, as the scores, is needed")
    check_finite(item_scores=scores)
    check_fractions(share=share)
    if not (taken >= 0).all():
        raise ValueError("times: none may be below 0")
    check_counts(n_draws=n_draws)
    order = np.argsort(taken, axis=0, kind="stable")
    ordered = np.take_along_axis(taken, order, axis=0)
    on_front = _front(_measured(scores, ordered, order, np.ones(len(scores)), share))
    hits = np.zeros(scores.shape[1])
    for _ in range(n_draws):
        weights = WEIGHTS[rng.integers(65_536, size=len(scores), dtype=np.uint16)].astype(float)
        if not weights.any():
            weights = np.ones(len(scores))
        hits += _front(_measured(scores, ordered, order, weights, share))
    return Front(on_front=on_front, probability=hits / n_draws)


def _measured(
    scores: Floats, ordered: Floats, order: NDArray[np.intp], weights: Floats, share: float
) -> tuple[Floats, Floats]:
    """Return the weighted mean score and the weighted percentile of latency of each team."""
    means = weights @ scores / weights.sum()
    reached = np.cumsum(weights[order], axis=0) >= share * weights.sum() - 1e-9
    return means, ordered[np.argmax(reached, axis=0), np.arange(scores.shape[1])]


def _front(measured: tuple[Floats, Floats]) -> NDArray[np.bool_]:
    means, latency = measured
    as_good = (means[:, None] >= means) & (latency[:, None] <= latency)
    better = (means[:, None] > means) | (latency[:, None] < latency)
    result: NDArray[np.bool_] = np.logical_not((as_good & better).any(axis=0))
    return result


def _times(given: ArrayLike | Sequence[ArrayLike]) -> Floats:
    parts = given if isinstance(given, list | tuple) and len(given) else [given]
    values = np.concatenate([np.ravel(np.asarray(part, dtype=np.float64)) for part in parts])
    if not len(values) or not (values >= 0).all():
        raise ValueError("times: at least one is needed, each of at least 0")
    return values
