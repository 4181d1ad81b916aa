"""Tiers of a ranking: which teams the items can tell apart, by simultaneous paired intervals.

Two teams answered the same items, so their scores move together, and intervals of single scores that
overlap say nothing about the difference. Here each pair has an interval of its difference, and all of a
round's pairs hold at once.
"""

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite, check_fractions

Floats = NDArray[np.float64]

N_DRAWS = 2_000
# Pairs of teams times draws that are compared at once: bounds the memory.
MAX_CELLS = 10_000_000
# A spread below this share of the largest is a rounding error: these two files answer alike.
MIN_SHARE = 1e-12
# With fewer items or groups for each team their covariance is too little known to draw from.
MIN_UNITS_PER_TEAM = 10


def simultaneous_half_widths(
    *,
    item_scores: ArrayLike,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> Floats:
    """
    Compute half-widths of intervals of all differences between T teams' means, which hold at once.

    Parameters
    ----------
    item_scores : array-like of shape (m, T)
        Per-item scores or influence values of T teams on the same items.
    rng : numpy Generator
    n_draws : int, default=2000
    confidence_level : float in (0, 1)
        Of all pairs together.

    Returns
    -------
    array of shape (T, T)
        In the scores' unit; symmetric, 0 on the diagonal and between files that answer alike.

    Raises
    ------
    ValueError
        If there is no team, fewer than two items, a value is not finite, or n_draws or confidence_level
        is out of range.

    Notes
    -----
    Multiplier bootstrap of the largest studentised difference (max-T): a half-width is the pair's own
    standard error times one quantile of max |Z_i - Z_j| / se_ij [1]_. With normal multipliers the draws
    Z are N(0, S/m), S the covariance of the scores, so they are drawn from it; dividing by a chi makes them
    Student's. With fewer than ten items a team, Student's quantile for so many pairs (Bonferroni)
    stands in for that of the largest. Assumes independent items, or groups where rows are groups. Cost:
    O(m T^2 + n_draws T^2).

    References
    ----------
    .. [1] V. Chernozhukov, D. Chetverikov and K. Kato, "Gaussian approximations and multiplier bootstrap
       for maxima of sums of high-dimensional random vectors", 2013.
    """
    scores = np.asarray(item_scores, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[0] < 2 or scores.shape[1] < 1:
        raise ValueError(
            "item_scores: a matrix of items and teams is needed, with two items or more"
        )
    check_finite(item_scores=scores)
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)
    covariance = np.atleast_2d(np.cov(scores.T)) / len(scores)
    errors = _pair_errors(covariance)
    if not errors.any():
        return errors
    n_units, n_teams = scores.shape
    if n_units < MIN_UNITS_PER_TEAM * n_teams:
        n_pairs = n_teams * (n_teams - 1) / 2
        return errors * float(sps.t.isf((1 - confidence_level) / 2 / n_pairs, n_units - 1))
    largest = _largest(covariance, errors, rng=rng, n_draws=n_draws)
    # The standard errors are estimates.
    largest /= np.sqrt(rng.chisquare(n_units - 1, len(largest)) / (n_units - 1))
    result: Floats = np.quantile(largest, confidence_level, method="higher") * errors
    return result


def tiers(*, scores: ArrayLike, half_widths: ArrayLike) -> NDArray[np.int64]:
    """
    Assign tiers: the teams that cannot be told from the tier's best share it.

    Parameters
    ----------
    scores : array-like of shape (T,)
        Higher better.
    half_widths : array-like of shape (T, T)
        Of the intervals of all differences, in the scores' unit.

    Returns
    -------
    array of shape (T,), int
        Tier of each team, 1 the best.

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite or a half-width is negative.

    Notes
    -----
    The best of the teams left (of equal ones the first) opens a tier, and all whose difference to it is
    within its interval join. So a team may share the tier of a better one that is apart from another in
    between: to be told apart is no order. Cost: O(tiers T).

    References
    ----------
    .. [1] J. Hsu, "Multiple Comparisons: Theory and Methods", 1996.

    Examples
    --------
    >>> tiers(scores=[.80, .79, .70], half_widths=[[0, .02, .02], [.02, 0, .02], [.02, .02, 0]]).tolist()
    [1, 1, 2]
    """
    values = np.asarray(scores, dtype=np.float64)
    widths = np.asarray(half_widths, dtype=np.float64)
    if values.ndim != 1 or widths.shape != (len(values), len(values)):
        raise ValueError("half_widths: one for each pair of scores is needed")
    check_finite(scores=values)
    if not (widths >= 0).all():
        raise ValueError("half_widths must be at least 0")
    tier = np.zeros(len(values), dtype=np.int64)
    left = np.argsort(-values, kind="stable")
    number = 0
    while len(left):
        number += 1
        best = left[0]
        apart = values[best] - values[left] > widths[best, left]
        tier[left[~apart]] = number
        left = left[apart]
    return tier


def _pair_errors(covariance: Floats) -> Floats:
    """Compute the standard error of each difference of two means."""
    spread = np.diag(covariance)
    # Rounding errors are shares of a pair's own terms: a file with gross errors is in its own pairs alone.
    terms = spread[:, None] + spread[None, :]
    squared = terms - 2 * covariance
    squared[squared < MIN_SHARE * np.maximum(terms, 1e-300)] = 0.0
    np.fill_diagonal(squared, 0.0)
    result: Floats = np.sqrt(squared)
    return result


def _largest(
    covariance: Floats, errors: Floats, *, rng: np.random.Generator, n_draws: int
) -> Floats:
    """Return each draw's largest |Z_i - Z_j| / se_ij over all pairs that differ."""
    first, second = np.nonzero(np.triu(errors))
    weights = 1 / errors[first, second]
    # By correlations, so that no file's spread drowns the others'.
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 0, spread, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = scale[:, None] * vectors * np.sqrt(np.clip(values, 0, None))
    block = max(1, MAX_CELLS // len(first))
    found = []
    for start in range(0, n_draws, block):
        drawn = rng.standard_normal((min(block, n_draws - start), len(values))) @ root.T
        found.append((np.abs(drawn[:, first] - drawn[:, second]) * weights).max(axis=1))
    return np.concatenate(found)
