"""The bootstrap, fast: exact in law where counts suffice, one matrix product for many models.

All functions return the statistic's resampled values; percentiles of these are intervals. `count_bootstrap`
of `stats.intervals` makes intervals of any statistic of counts. Why each is right: docs/method.md,
"Uncertainty, fast".
"""

from collections.abc import Callable

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import (
    check_counts,
    check_finite,
    check_fractions,
    check_ranked,
    checked_counts,
)
from stats.intervals import Interval, two_sided_z

Floats = NDArray[np.float64]

N_DRAWS = 2_000
# Weights of 8 and more have a probability of 1e-5 under Poisson(1).
MAX_WEIGHT = 8
# Item weights that are drawn at once: bounds the memory.
MAX_CELLS = 20_000_000


def _weight_table() -> NDArray[np.uint8]:
    """Tabulate Poisson(1) by 65,536 equally likely entries."""
    uniform = (np.arange(65_536) + 0.5) / 65_536
    table: NDArray[np.uint8] = np.minimum(sps.poisson.ppf(uniform, 1.0), MAX_WEIGHT).astype(
        np.uint8
    )
    return table


WEIGHTS = _weight_table()


def accuracy_bootstrap(
    *, n_correct: int, n: int, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> Floats:
    """
    Resample an accuracy.

    Parameters
    ----------
    n_correct, n : int
        Right items, and items.
    rng : numpy Generator
    n_draws : int, default=2000

    Returns
    -------
    array of shape (n_draws,), in [0, 1]

    Raises
    ------
    ValueError
        If there is no item or draw, or more right items than items.

    Notes
    -----
    Resampling n items with replacement and counting the right ones is one Binomial(n, n_correct/n) draw:
    equal in law. Assumes independent items. Cost: O(n_draws). Source: docs/method.md, "Count bootstrap".
    """
    if n < 1 or not 0 <= n_correct <= n:
        raise ValueError("n_correct: from 0 to n, with n of at least 1")
    check_counts(n_draws=n_draws)
    result: Floats = rng.binomial(n, n_correct / n, size=n_draws) / n
    return result


def poisson_bootstrap(
    *, item_scores: ArrayLike, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> Floats:
    """
    Resample the means of many models on the same items.

    Parameters
    ----------
    item_scores : array-like of shape (n, T)
        Per-item scores of T models.
    rng : numpy Generator
    n_draws : int, default=2000

    Returns
    -------
    array of shape (n_draws, T)
        In the scores' unit; of each draw all models see the same items.

    Raises
    ------
    ValueError
        If there is no item, model or draw, or a value is not finite.

    Notes
    -----
    Item weights are Poisson(1), cut at 8, from a table of 65,536 entries; a draw without any item has
    mean 0. One matrix product, in single precision (sums err by 1e-6). Assumes independent items. Cost:
    O(n_draws n T). Source: docs/method.md, "Many models at once".
    """
    scores = np.asarray(item_scores, dtype=np.float32)
    if scores.ndim != 2 or not scores.size:
        raise ValueError("item_scores: a matrix of items and models is needed")
    check_finite(item_scores=scores)
    check_counts(n_draws=n_draws)
    block = max(1, MAX_CELLS // n_draws)
    sums = np.zeros((n_draws, scores.shape[1]))
    total = np.zeros((n_draws, 1))
    for start in range(0, len(scores), block):
        part = scores[start : start + block]
        drawn = rng.integers(65_536, size=(n_draws, len(part)), dtype=np.uint16)
        weights = WEIGHTS[drawn].astype(np.float32)
        sums += weights @ part
        total += weights.sum(axis=1, dtype=np.float64, keepdims=True)
    result: Floats = sums / np.maximum(total, 1.0)
    return result


def auc_bootstrap(
    *,
    labels: ArrayLike,
    scores: ArrayLike,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> Floats:
    """
    Resample an area under the ROC curve, exactly.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores : array-like of shape (n,)
        Higher for class 1.
    rng : numpy Generator
    n_draws : int, default=2000

    Returns
    -------
    array of shape (n_draws,), in [0, 1]
        .5 for a draw in which one class does not occur.

    Raises
    ------
    ValueError
        If lengths differ, a class does not occur, there is no draw, or a value is out of range.

    Notes
    -----
    Sorted once; each draw counts positives and negatives of each distinct score. Assumes independent
    items. Cost: O(n log n + n_draws n). Source: docs/method.md, "AUC".
    """
    check_counts(n_draws=n_draws)
    cell, n_levels = _cells(labels, scores)
    n = len(cell)
    values = np.empty(n_draws)
    for draw in range(n_draws):
        counts = np.bincount(cell[rng.integers(n, size=n)], minlength=2 * n_levels)
        values[draw] = _areas(counts[None].astype(np.float64), n_levels)[0]
    return values


def bca_interval(
    *,
    counts: ArrayLike,
    statistic: Callable[[NDArray[np.int64]], Floats],
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> Interval:
    """
    Compute the bias-corrected and accelerated bootstrap interval of a smooth metric of counts.

    Parameters
    ----------
    counts : array-like of shape (cells,), int >= 0
        How many items are in each cell, such as a confusion matrix, flattened.
    statistic : function
        From counts of shape (draws, cells) to values of shape (draws,), finite also for one item less.
    rng : numpy Generator
    n_draws : int, default=2000
    confidence_level : float in (0, 1)

    Returns
    -------
    Interval
        In the statistic's unit; a point where no draw differs.

    Raises
    ------
    ValueError
        If a count is negative or no whole number, there are fewer than two items, n_draws or the level is
        out of range, or the statistic of a draw is not finite.

    Notes
    -----
    The jackknife leaves out one item of each cell, weighted by the cell's items, so its cost does not
    depend on n. For skewed smooth statistics with n below 2,000; useless for maxima and ranks. Cost:
    O((n_draws + cells) cells). Source: B. Efron, "Better bootstrap confidence intervals", 1987.
    """
    cells = checked_counts(counts=counts, least=2)
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)
    n = int(cells.sum())
    observed = float(statistic(cells[None])[0])
    values = np.sort(statistic(rng.multinomial(n, cells / n, size=n_draws)))
    below = np.mean(values < observed) + 0.5 * np.mean(values == observed)
    bias = float(sps.norm.ppf(np.clip(below, 0.5 / n_draws, 1 - 0.5 / n_draws)))
    filled = np.flatnonzero(cells)
    left_out = cells - np.eye(len(cells), dtype=np.int64)[filled]
    jackknife = statistic(left_out)
    if not all(np.isfinite(each).all() for each in (observed, values, jackknife)):
        raise ValueError(
            "statistic: a finite value for every draw, and for one item less, is needed"
        )
    effects = np.average(jackknife, weights=cells[filled]) - jackknife
    spread = float(np.sum(cells[filled] * effects**2))
    acceleration = 0.0
    if spread > 0:
        acceleration = float(np.sum(cells[filled] * effects**3)) / (6 * spread**1.5)
    z = bias + two_sided_z(confidence_level) * np.array([-1.0, 1.0])
    low, high = np.quantile(values, sps.norm.cdf(bias + z / (1 - acceleration * z)))
    return Interval(low=float(low), high=float(high))


def _cells(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Return each item's cell: the number of its distinct score, positives after all negatives."""
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    check_ranked(labels=labels, scores=scores, name="scores")
    if len(np.unique(truth)) != 2:
        raise ValueError("labels: 0 and 1 are needed, both of them")
    levels, number = np.unique(values, return_inverse=True)
    return number + len(levels) * truth.astype(np.intp), len(levels)


def _areas(counts: Floats, n_levels: int) -> Floats:
    """Compute the AUC of each row of counts: negatives of each level, then positives."""
    negatives, positives = counts[:, :n_levels], counts[:, n_levels:]
    won = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    beaten = np.einsum("bl,bl->b", positives, won)
    result: Floats = np.divide(beaten, pairs, out=np.full(len(counts), 0.5), where=pairs > 0)
    return result
