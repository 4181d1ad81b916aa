"""Flip uniformity: changes that fall on items as if thrown at random, and not on the hard ones.

Informational only: a team that tries one change at a time and keeps what scored better stays below the 1.1
that was proposed as a limit in every simulated league, as does a sweep of a decision threshold.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from stats.fingerprints.contract import (
    Fingerprint,
    contested,
    hamming,
    predictions_matrix,
)


def flip_uniformity(*, predictions: ArrayLike) -> Fingerprint:
    """
    Compare how unevenly contested items' predictions were changed with changes at random.

    Parameters
    ----------
    predictions : array-like of int, shape (k, n), k >= 2
        Predicted classes in time order, one submission a row.

    Returns
    -------
    Fingerprint
        The value is 1 for changes at random places, far above for models (they change the hard items again
        and again), and infinite where nothing varies. Flagged up to 1.1 with at least 20 submissions.

    Raises
    ------
    ValueError
        If `predictions` are no class codes of at least two submissions.

    Notes
    -----
    Each submission is compared with the nearest earlier one, its likely parent; with p_j the share of
    contested items that it changes, changes at random would give counts with variance sum p_j (1 - p_j).
    Cost: O(k^2 n classes). Source: docs/method.md, "Fingerprints"; the parent is a choice made here.
    """
    matrix = predictions_matrix(given=predictions, least=2)
    matrix = matrix[:, contested(predictions=matrix)]
    distance = hamming(predictions=matrix).astype(np.float64)
    distance[np.triu_indices(len(matrix))] = np.inf
    parents = distance[1:].argmin(axis=1)
    flips = matrix[1:] != matrix[parents]
    value = np.inf
    if matrix.shape[1]:
        shares = flips.mean(axis=1)
        expected = float(np.sum(shares * (1 - shares)))
        value = float(flips.sum(axis=0).var() / expected) if expected > 0 else np.inf
    return Fingerprint(
        value=value,
        threshold=math.inf,
        flagged=False,
        words=f"Changes gather on the same items {value:.1f} times as much as random ones would.",
    )
