"""Deflation: what choosing the best of many adds to its query score (STATISTICS C2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

N_DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Deflation:
    """
    The winner's luck, in the metric's units.

    Parameters
    ----------
    expected_luck : float
        E[e_J] with the fresh means as true means (plug-in).
    luck_bound : float
        E[e_J] with equal true means: what choosing among k equally good submissions adds at most.
    deflated : float
        The best query mean less `expected_luck`.
    """

    expected_luck: float
    luck_bound: float
    deflated: float


def deflate(
    *, query_scores: ArrayLike, fresh_scores: ArrayLike, rng: np.random.Generator
) -> Deflation:
    """
    Deflate the best query score by the expected luck of the winner.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
        Per-item scores of the k submissions, higher better.
    rng : numpy Generator

    Returns
    -------
    Deflation

    Raises
    ------
    ValueError
        If the columns differ, there is none, or a holdout has fewer than two items.

    Notes
    -----
    Assumes: a fixed menu. e ~ N(0, S/n), S the covariance of the fresh per-item scores, and
    J = argmax(mu + e) over 2,000 draws. An estimate, no test. Cost: O(m k^2 + 2000 k^2).
    """
    query, fresh = np.asarray(query_scores), np.asarray(fresh_scores, dtype=np.float64)
    if query.ndim != 2 or fresh.ndim != 2 or query.shape[1] != fresh.shape[1] or not fresh.size:
        raise ValueError("two matrices (items, submissions) with equal columns are needed")
    if min(len(query), len(fresh)) < 2:
        raise ValueError("at least two items a holdout are needed")
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(fresh.T)) / len(query))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    errors = rng.standard_normal((N_DRAWS, len(values))) @ root.T
    expected = _luck(means=fresh.mean(axis=0), errors=errors)
    return Deflation(
        expected_luck=expected,
        luck_bound=_luck(means=np.zeros(len(values)), errors=errors),
        deflated=float(query.mean(axis=0, dtype=np.float64).max() - expected),
    )


def _luck(*, means: Floats, errors: Floats) -> float:
    best = np.argmax(means + errors, axis=1)
    return float(errors[np.arange(len(errors)), best].mean())
