"""Vote match: a final that says what the released scores of the earlier files vote for."""

import numpy as np
from numpy.typing import ArrayLike

from stats.fingerprints.contract import (
    MIN_SUBMISSIONS,
    Fingerprint,
    contested,
    finite_vector,
    predictions_matrix,
    votes,
)

THRESHOLD = 0.97


def vote_match(*, predictions: ArrayLike, released: ArrayLike, final: ArrayLike) -> Fingerprint:
    """
    Share of contested items on which the final is the score-weighted vote of the submissions.

    Parameters
    ----------
    predictions : array-like of int, shape (k, n), k >= 2
        Predicted classes of the submissions before the final.
    released : array-like of shape (k,)
        What was released about each, higher better.
    final : array-like of int, shape (n,)
        Predicted classes of the final.

    Returns
    -------
    Fingerprint
        Flagged above .97 with at least 20 submissions. Items whose vote is tied are left out; where all are
        tied (equal releases, equal files) the value is 0.

    Raises
    ------
    ValueError
        If shapes disagree, or values are no class codes or not finite.

    Notes
    -----
    The vote for class c of item i is sum_j (r_j - mean r) 1[q_j(i) = c]; for two classes the sign of
    sum_j (r_j - mean r) q_j. Honest ensemblers reach .89: never alone. Cost: O(k n classes). Source:
    docs/method.md, "Fingerprints".
    """
    matrix = predictions_matrix(given=predictions, least=2)
    scores = finite_vector(given=released, name="released", length=len(matrix))
    last = predictions_matrix(given=np.asarray(final)[None], least=1, name="final")[0]
    if last.shape != matrix.shape[1:]:
        raise ValueError("final and predictions have different items")
    matrix, last = matrix[:, contested(predictions=matrix)], last[contested(predictions=matrix)]
    value = 0.0
    if matrix.shape[1]:
        tally = votes(predictions=matrix, weights=scores - scores.mean())
        ordered = np.sort(tally, axis=0)
        decided = ordered[-1] - ordered[-2] > 1e-12 * np.abs(scores).max()
        winner = np.unique(matrix)[tally.argmax(axis=0)]
        value = float((winner == last)[decided].mean()) if decided.any() else 0.0
    return Fingerprint(
        value=value,
        threshold=THRESHOLD,
        flagged=len(scores) >= MIN_SUBMISSIONS and value > THRESHOLD,
        words=f"The final is the vote of the released scores on {value:.0%} of the contested items.",
    )
