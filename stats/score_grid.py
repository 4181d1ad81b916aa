"""Which printed scores no number of right answers can have."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite

# What doubles add to a decimal score, as a share of it.
ROUNDING = 1e-9


def off_grid(
    *, scores: ArrayLike, steps: ArrayLike, n_items: int, whole: float = 1.0
) -> NDArray[np.bool_]:
    """
    Find scores that are no multiple of one item.

    Parameters
    ----------
    scores : array-like of shape (T,)
        Printed shares of items, in units of `whole`.
    steps : array-like of shape (T,)
        One in the last printed digit of each score, such as .001 of .763.
    n_items : int
    whole : float, default=1
        What all items right are printed as, such as 100.

    Returns
    -------
    array of shape (T,), bool

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, or `n_items` is below 1.

    Notes
    -----
    A score may be rounded or cut off, so it may be one in its last digit away from its multiple of
    whole/n_items. Where that is half an item or more, no score is off. Cost: O(T). Source: elementary.
    """
    printed, step = np.asarray(scores, float), np.asarray(steps, float)
    if printed.ndim != 1 or printed.shape != step.shape:
        raise ValueError("steps: one for each score is needed")
    check_finite(scores=printed, steps=step, whole=whole)
    check_counts(n_items=n_items)
    item = whole / n_items
    nearest = np.round(printed / item) * item
    result: NDArray[np.bool_] = np.abs(printed - nearest) > step + ROUNDING * np.abs(printed)
    return result
