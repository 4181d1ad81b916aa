"""How coarsely a publication tells the figures of a fresh holdout that is to answer the next round."""

import math

from stats.arguments import check_counts


def publication_step(*, unit: float, n_fresh: int) -> float:
    """
    Return the smallest difference between two coarse figures of a fresh holdout.

    Parameters
    ----------
    unit : float, > 0
        Range u of one item's value.
    n_fresh : int, >= 1
        Fresh items.

    Returns
    -------
    float
        In the metric's units.

    Raises
    ------
    ValueError
        If a value is out of range.

    Notes
    -----
    u / (2 sqrt(n_fresh)): the largest standard error that a mean of so many independent items can have. Cost:
    O(1). Source: elementary.

    Examples
    --------
    >>> publication_step(unit=1.0, n_fresh=2500)
    0.01
    """
    check_counts(n_fresh=n_fresh)
    if not 0 < unit < math.inf:
        raise ValueError("unit must be above 0 and finite")
    return unit / (2 * math.sqrt(n_fresh))
