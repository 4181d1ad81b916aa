"""Near-duplicates: files that ask again with a few answers changed. Informational only.

Probes are nearly all of this kind, but so are the steps of an honest fine sweep: five of them, the limit that
was proposed, are found in every sweep of 50 regularization strengths.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from stats.fingerprints.contract import Fingerprint, hamming, predictions_matrix

SHARE_OF_ITEMS = 0.001
MIN_ITEMS = 3


def near_duplicates(*, predictions: ArrayLike) -> Fingerprint:
    """
    Count the submissions that differ from an earlier one in very few answers.

    Parameters
    ----------
    predictions : array-like of int, shape (k, n), k >= 1
        Predicted classes in time order, one submission a row.

    Returns
    -------
    Fingerprint
        The value is the number of submissions within max(3, n/1000) answers of an earlier one, and not
        equal to one: equal files are answered from memory and ask nothing. Never flagged; `words` gives the
        share.

    Raises
    ------
    ValueError
        If `predictions` are no class codes.

    Notes
    -----
    All pairs by one matrix product a class. Cost: O(k^2 n classes). Source: docs/method.md, "Fingerprints".
    """
    matrix = predictions_matrix(given=predictions, least=1)
    k, n = matrix.shape
    distance = hamming(predictions=matrix)
    earlier = np.tri(k, k=-1, dtype=bool)
    near = earlier & (distance <= max(MIN_ITEMS, SHARE_OF_ITEMS * n))
    repeated = (earlier & (distance == 0)).any(axis=1)
    count = int((near.any(axis=1) & ~repeated).sum())
    return Fingerprint(
        value=float(count),
        threshold=math.inf,
        flagged=False,
        words=f"{count} of {k} submissions ({count / k:.0%}) change an earlier one in a handful of answers.",
    )
