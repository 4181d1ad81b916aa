"""Values that differ by rounding errors are equal: they share a rank, and people read the same number.

Two sums of the same numbers in another order differ in their last bits. Ranked to the last bit, errors of .4
against .3 and of .2 against .3 get ranks 2 and 1, though both are .1.
"""

import math
from collections.abc import Sequence

from stats.arguments import check_finite

# Of the unit, one item's range: a share that no difference of one item in fewer than 1e9 can fall below, and
# far above the rounding error of a sum.
RELATIVE_TOLERANCE = 1e-9


def tolerance(*, unit: float, values: Sequence[float]) -> float:
    """
    Compute how far two scores may be apart and still be equal.

    Parameters
    ----------
    unit : float, > 0
        The range u of one item's value, in the metric's units: 1 for accuracy.
    values : sequence of float
        What is compared; may be empty.

    Returns
    -------
    float
        1e-9 of the unit. Where the unit is a cap far above all that is scored, 1e-9 of the largest value
        or of 1, whichever is more: under a loss cap of 1e12 errors of .4 and .5 are not equal.

    Raises
    ------
    ValueError
        If the unit is not positive or a number is not finite.

    Notes
    -----
    Cost: O(values). Source: pairwise summation errs by at most about eps log2(m) of what is summed
    (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 4.2), 1e-14 for m below 1e12.
    """
    check_finite(unit=unit, values=values)
    if unit <= 0:
        raise ValueError("unit must be positive")
    return RELATIVE_TOLERANCE * min(unit, max([1.0, *map(abs, values)]))


def shared_ranks(
    *, values: Sequence[float], greater_is_better: bool, tolerance: float
) -> list[int]:
    """
    Rank from 1 on, equal values alike; the next rank counts all before it (1, 1, 3).

    Parameters
    ----------
    values : sequence of float
    greater_is_better : bool
    tolerance : float, >= 0
        Values are equal if they are at most so far from the best of their group. The comparison is with
        that one, not with the neighbor: a chain of small steps is no tie of its ends.

    Returns
    -------
    list of int
        The rank of each value, in the order given.

    Raises
    ------
    ValueError
        If a value is not finite or the tolerance is negative.

    Notes
    -----
    Cost: O(n log n). Source: standard competition ranking, "min" in `scipy.stats.rankdata`.
    """
    check_finite(values=values, tolerance=tolerance)
    if tolerance < 0:
        raise ValueError("tolerance must not be negative")
    order = sorted(range(len(values)), key=values.__getitem__, reverse=greater_is_better)
    ranks = [0] * len(values)
    rank, first = 0, math.inf
    for place, i in enumerate(order, start=1):
        if rank == 0 or abs(values[i] - first) > tolerance:
            rank, first = place, values[i]
        ranks[i] = rank
    return ranks


def shown(*, value: float, unit: float) -> float:
    """
    Round a score as people read it: to as many digits as decide a rank, without rounding errors.

    Parameters
    ----------
    value : float
        In the metric's units.
    unit : float, > 0
        As in `tolerance`.

    Returns
    -------
    float
        Rounded to the decimal place at or next below the tolerance.

    Raises
    ------
    ValueError
        If the unit is not positive or the value is not finite.

    Notes
    -----
    Cost: O(1). Source: `tolerance`.
    """
    apart = tolerance(unit=unit, values=[value])
    # A power of ten that misses its logarithm by a rounding error is that power.
    decimals = math.ceil(-math.log10(apart) - RELATIVE_TOLERANCE)
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0
