"""The standard error of a mean, over single items or over groups of items that belong together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stats.scaling import exponent_of, scaled


@dataclass(frozen=True, kw_only=True)
class StandardError:
    """
    How far a mean of items may be from its expectation.

    Parameters
    ----------
    value : float, >= 0
        In the items' units.
    freedom : int
        Degrees of freedom of a t interval: items or groups less one.
    """

    value: float
    freedom: int


def standard_error(*, values: ArrayLike, groups: ArrayLike | None = None) -> StandardError:
    """
    Compute the standard error of a mean of items; cluster-robust where items belong to groups.

    Parameters
    ----------
    values : array-like of shape (n,)
        Finite.
    groups : array-like of shape (n,), optional
        Items of a group may depend on each other. Without it every item is a group of one.

    Returns
    -------
    StandardError
        0 with no degrees of freedom where there is one item or group.

    Raises
    ------
    ValueError
        If there are no values, one is not finite, or there are not as many groups.

    Notes
    -----
    se^2 = G/(G-1) sum_g (sum of g's deviations)^2 / n^2. Assumes independent groups. Cost: O(n log n).
    Source: Liang and Zeger, "Longitudinal data analysis using generalized linear models", 1986.

    Examples
    --------
    >>> round(standard_error(values=[0, 0, 1, 1], groups=["a", "a", "b", "b"]).value, 4)
    0.5
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or len(given) == 0 or not np.isfinite(given).all():
        raise ValueError("values: one or more finite values are needed")
    numbers = np.arange(len(given))
    if groups is not None:
        names = np.asarray(groups)
        if names.shape != given.shape:
            raise ValueError("groups: one for each item is needed")
        numbers = np.unique(names, return_inverse=True)[1]
    n_groups = int(numbers.max()) + 1
    if n_groups == 1:
        return StandardError(value=0.0, freedom=0)
    exponent = exponent_of(given)
    moderate = scaled(given, exponent)
    totals = np.bincount(numbers, weights=moderate - moderate.mean())
    se = np.sqrt(np.square(totals).sum() * n_groups / (n_groups - 1)) / len(given)
    return StandardError(value=float(np.ldexp(se, exponent)), freedom=n_groups - 1)
