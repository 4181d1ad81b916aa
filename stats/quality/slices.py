"""Parts of a holdout: the worst slice, with intervals that hold for all slices at once.

Scores are per item, higher better. The smallest of many slices suffers from the winner's curse with its
sign turned: the worst slice looks worse than it is. Formulas: docs/method.md, "Slices".
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite, check_fractions, check_not_negative
from stats.intervals import wilson

Floats = NDArray[np.float64]
Method = Literal["wilson", "multiplier"]

MIN_ITEMS = 50
SHRINKAGE = 20.0
N_DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Slices:
    """
    One row a slice that has enough items, in order of their names.

    Parameters
    ----------
    names : list
    n : array of shape (slices,), int
    score, low, high : arrays of shape (slices,)
        Mean score and simultaneous interval.
    shrunken : array of shape (slices,)
        (n s_g + kappa s)/(n + kappa): for ranking slices.
    gap : array of shape (slices,)
        Slice less overall score.
    worst : int
        Index of the smallest shrunken score.
    left_out : list
        Names of slices with too few items.
    """

    names: list[object]
    n: NDArray[np.int64]
    score: Floats
    low: Floats
    high: Floats
    shrunken: Floats
    gap: Floats
    worst: int
    left_out: list[object]


def slice_scores(
    *,
    item_scores: ArrayLike,
    slices: ArrayLike,
    rng: np.random.Generator,
    method: Method = "wilson",
    alpha: float = 0.05,
    min_items: int = MIN_ITEMS,
    shrinkage: float = SHRINKAGE,
    n_draws: int = N_DRAWS,
) -> Slices:
    """
    Score every slice, with intervals of which all hold together.

    Parameters
    ----------
    item_scores : array-like of shape (n,)
        0 or 1 for the Wilson intervals.
    slices : array-like of shape (n,)
        Each item's slice.
    rng : numpy Generator
        For the multiplier bootstrap.
    method : "wilson" or "multiplier"
        Wilson at alpha/slices, or max-|t| by normal multipliers for scores of any kind.
    alpha : float in (0, 1), default=.05
        Probability that any interval misses.
    min_items : int, default=50
        Smaller slices are left out.
    shrinkage : float, >= 0, default=20
        kappa: items of the overall score added to each slice, for ranking.
    n_draws : int, default=2000

    Returns
    -------
    Slices

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite or out of range, or no slice has enough items.

    Notes
    -----
    Multiplier: the 1 - alpha quantile of max_g |sum_i e_i (x_i - mean_g)| / (sd_g sqrt(n_g)), e
    standard normal. A slice without spread has a point as its interval there. They are symmetric, so of
    skewed scores they miss more often than stated: of 6 slices of 100 items all were covered in .94 of 400
    samples of normal scores, .91 of right-or-wrong ones of .75 (Wilson .94) and .87 of exponential ones,
    where .95 is meant. Assumes independent items. Cost: O(n log n + n_draws n). Source: Chernozhukov et
    al., 2013.
    """
    scores, given = np.asarray(item_scores, dtype=np.float64), np.asarray(slices)
    if scores.ndim != 1 or scores.shape != given.shape or not np.isfinite(scores).all():
        raise ValueError("item_scores: a finite one for each item's slice is needed")
    check_fractions(alpha=alpha)
    if method not in get_args(Method):
        raise ValueError("method must be wilson or multiplier")
    check_counts(n_draws=n_draws)
    check_not_negative(shrinkage=shrinkage)
    if min_items < 2:
        raise ValueError("min_items must be at least 2")
    names, number = np.unique(given, return_inverse=True)
    sizes = np.bincount(number, minlength=len(names))
    enough = np.flatnonzero(sizes >= min_items)
    if not len(enough):
        raise ValueError(f"slices: none has {min_items} items")
    parts = [scores[number == each] for each in enough]
    means = np.array([part.mean() for part in parts])
    low, high = (
        _wilson(parts, alpha) if method == "wilson" else _multiplier(parts, alpha, rng, n_draws)
    )
    overall = float(scores.mean())
    shrunken = (sizes[enough] * means + shrinkage * overall) / (sizes[enough] + shrinkage)
    return Slices(
        names=names[enough].tolist(),
        n=sizes[enough],
        score=means,
        low=low,
        high=high,
        shrunken=shrunken,
        gap=means - overall,
        worst=int(np.argmin(shrunken)),
        left_out=names[sizes < min_items].tolist(),
    )


def consistency(*, clean: ArrayLike, perturbed: ArrayLike) -> float:
    """
    Share of items whose prediction does not change under a perturbation that keeps the label.

    Parameters
    ----------
    clean, perturbed : array-like of shape (n,)
        Predicted classes. Whether the perturbation makes them worse is for `stats.paired.mcnemar`.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If lengths differ, there is no item or a value is not finite.

    Notes
    -----
    Cost: O(n). Source: docs/method.md, "Slices".
    """
    before, after = np.asarray(clean), np.asarray(perturbed)
    if before.ndim != 1 or before.shape != after.shape or len(before) == 0:
        raise ValueError("perturbed: one for each clean prediction is needed, and at least one")
    check_finite(clean=before, perturbed=after)
    return float(np.mean(before == after))


def _wilson(parts: list[Floats], alpha: float) -> tuple[Floats, Floats]:
    if not all(np.isin(part, (0.0, 1.0)).all() for part in parts):
        raise ValueError("item_scores: Wilson intervals need 0 and 1")
    level = 1 - alpha / len(parts)
    found = [
        wilson(successes=int(part.sum()), n=len(part), confidence_level=level) for part in parts
    ]
    return np.array([each.low for each in found]), np.array([each.high for each in found])


def _multiplier(
    parts: list[Floats], alpha: float, rng: np.random.Generator, n_draws: int
) -> tuple[Floats, Floats]:
    means = np.array([part.mean() for part in parts])
    errors = np.array([part.std(ddof=1) / np.sqrt(len(part)) for part in parts])
    largest = np.zeros(n_draws)
    for part, mean, error in zip(parts, means, errors, strict=True):
        if error > 0:
            sums = rng.standard_normal((n_draws, len(part))) @ (part - mean) / len(part)
            largest = np.maximum(largest, np.abs(sums) / error)
    # Of a few items the multipliers' tail is too thin; Student's t is its least.
    least = float(sps.t.isf(alpha / 2, min(len(part) for part in parts) - 1))
    half = max(float(np.quantile(largest, 1 - alpha)), least) * errors
    return means - half, means + half
