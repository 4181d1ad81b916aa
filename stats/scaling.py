"""Units of a power of two, in which no square of a column vanishes or overflows and nothing is rounded.

The square of 1e-200 is 0 in double precision: without this, scores of that size would have no spread, and
any difference of them would be certain.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def exponent_of(*columns: Floats) -> int:
    """Return the power of two that is larger than every value, 0 if all are 0."""
    largest = max(float(np.abs(column).max(initial=0.0)) for column in columns)
    return int(np.frexp(largest)[1])


def scaled(values: Floats, exponent: int) -> Floats:
    """Return the values in units of two to that power; by the negative power, back again."""
    result: Floats = np.ldexp(values, -exponent)
    return result
