"""How many independent items are worth as much as items of groups that were drawn whole.

Items of one group resemble each other, in the worst case wholly. Whatever divides by a number of independent
items must divide by this one: of 2,000 items in groups of 20 it is 100.
"""

import numpy as np
from numpy.typing import ArrayLike


def effective_number(*, sizes: ArrayLike) -> float:
    """
    Count the independent items that are worth as much as items of groups that were drawn whole.

    Parameters
    ----------
    sizes : array-like of shape (groups,), whole numbers of at least 1
        Items of each group; an item that was drawn alone is a group of one.

    Returns
    -------
    float
        (sum of sizes)^2 / sum of squared sizes: the number of groups where they are equally large, less
        where they are not.

    Raises
    ------
    ValueError
        If there is no group or a size is no whole number of at least 1.

    Notes
    -----
    A group of g items moves a mean of n items by at most u g/n, whatever its items have in common. So the
    sum of squared moves is u^2 / effective number, which is u^2 / n for n independent items. Cost:
    O(groups). Source: Hoeffding 1963, theorem 2.

    Examples
    --------
    >>> effective_number(sizes=[20] * 100)
    100.0
    >>> effective_number(sizes=[50] + [1] * 50)
    3.9215686274509802
    """
    counts = np.asarray(sizes)
    if counts.ndim != 1 or not counts.size or counts.dtype.kind not in "iu" or (counts < 1).any():
        raise ValueError("sizes: whole numbers of at least 1 are needed")
    counts = counts.astype(np.int64)
    return int(counts.sum()) ** 2 / int((counts**2).sum())


def check_effective(*, n: int, n_effective: float | None) -> None:
    """
    Refuse an effective number of items that cannot be.

    Parameters
    ----------
    n : int
        Items.
    n_effective : float or None
        As in `stats.ledger.Account`.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        If it is not from 1 to n.

    Notes
    -----
    Cost: O(1). Source: elementary.
    """
    if n_effective is not None and not 1 <= n_effective <= n:
        raise ValueError(f"n_effective must be from 1 to n, which is {n:,}")
