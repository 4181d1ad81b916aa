"""Log-loss probe: one probability nearly everywhere, and a few whose logits double."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from stats.fingerprints.contract import Fingerprint, finite_vector

MODAL_SHARE = 0.9
MIN_RATIOS = 2
TOLERANCE = 0.05


def log_loss_probe(*, probabilities: ArrayLike) -> Fingerprint:
    """
    Look for a file that spells labels in the digits of its log loss.

    Parameters
    ----------
    probabilities : array-like of shape (n,)
        Probability of class 1, in [0, 1].

    Returns
    -------
    Fingerprint
        The value is the share of successive ratios of the other logits that are 2 +- .05; 0 where the most
        frequent probability covers less than 90 % of the items or fewer than three others remain. Flagged
        at 1.

    Raises
    ------
    ValueError
        If a value is no probability.

    Notes
    -----
    Sorted by size, the logits of a probed batch are -n u 2^j. A batch of two is not told from chance and
    not looked for. Cost: O(n), and of a batch that of sorting it. Source: docs/method.md, "The log-loss
    oracle".
    """
    values = finite_vector(given=probabilities, name="probabilities")
    if values.min() < 0 or values.max() > 1:
        raise ValueError("probabilities must be in [0, 1]")
    # A value of more than half of the items stands in the middle of their order.
    middle = len(values) // 2
    modal = np.partition(values, middle)[middle]
    modal_share = np.count_nonzero(values == modal) / len(values)
    if modal_share < MODAL_SHARE:
        return _found(0.0)
    inside = (values != modal) & (values > 0) & (values < 1) & (values != 0.5)
    sizes = np.sort(np.abs(logit(values[inside])))
    ratios = sizes[1:] / sizes[:-1]
    return _found(
        float(np.mean(np.abs(ratios - 2) <= TOLERANCE)) if len(ratios) >= MIN_RATIOS else 0.0
    )


def _found(value: float) -> Fingerprint:
    return Fingerprint(
        value=value,
        threshold=1.0,
        flagged=value >= 1.0,
        words=f"{value:.0%} of the unusual logits double the one before.",
    )
