"""Rank ratio: random votes differ from each other in every direction, models in a few."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.fingerprints.contract import (
    MIN_SUBMISSIONS,
    Fingerprint,
    contested,
    predictions_matrix,
    votes,
)

THRESHOLD = 0.95


def rank_ratio(*, predictions: ArrayLike) -> Fingerprint:
    """
    Compare the participation ratio of a team's submissions with that of as many random votes.

    Parameters
    ----------
    predictions : array-like of int, shape (k, n), k >= 2
        Predicted classes, one submission a row.

    Returns
    -------
    Fingerprint
        The value is 1 for random votes and near 0 for copies of a few models; flagged above .95 with at
        least 20 submissions that differ from the consensus. Without two of these the value is 0.

    Raises
    ------
    ValueError
        If `predictions` are no class codes of at least two submissions.

    Notes
    -----
    On contested items Z = (prediction != consensus of the team's submissions), a tie going to the smaller
    class. PR = (sum l)^2 / sum l^2 over eigenvalues of Z's correlation matrix, which is k^2 over its sum
    of squares, divided by k/(1 + k/n_contested). Strong, diverse honest models reach .88, so it counts
    only together with the vote match or the inflation test. Cost: O(k^2 n). Source: docs/method.md,
    "Fingerprints".
    """
    matrix = predictions_matrix(given=predictions, least=2)
    matrix = matrix[:, contested(predictions=matrix)]
    value, k = 0.0, 0
    if matrix.shape[1]:
        consensus = np.unique(matrix)[
            votes(predictions=matrix, weights=np.ones(len(matrix))).argmax(axis=0)
        ]
        differs = matrix != consensus
        differs = differs[differs.any(axis=1) & ~differs.all(axis=1)]
        k = len(differs)
    if k >= 2:
        participation = k**2 / np.square(_correlation(differs)).sum()
        value = float(participation * (1 + k / differs.shape[1]) / k)
    return Fingerprint(
        value=value,
        threshold=THRESHOLD,
        flagged=k >= MIN_SUBMISSIONS and value > THRESHOLD,
        words=f"The submissions differ in {value:.0%} of the directions that random votes would.",
    )


def _correlation(differs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Correlate rows by counts, which single precision holds exactly for up to 16 million items."""
    ones = differs.astype(np.float32)
    share = differs.mean(axis=1)
    covariance = (ones @ ones.T).astype(np.float64) / differs.shape[1] - np.outer(share, share)
    sd = np.sqrt(share * (1 - share))
    result: NDArray[np.float64] = covariance / np.outer(sd, sd)
    return result
