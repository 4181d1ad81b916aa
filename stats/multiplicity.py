"""Many tests at once: Holm for accusations, Benjamini-Hochberg for triage."""

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(*, p_values: ArrayLike) -> Floats:
    """
    Holm's adjusted p-values: reject where they are at most alpha, and the family-wise error is alpha.

    Parameters
    ----------
    p_values : array-like of shape (t,), in [0, 1]

    Returns
    -------
    array of shape (t,), in the order given

    Raises
    ------
    ValueError
        If a p-value leaves [0, 1].

    Notes
    -----
    Valid under any dependence [1]_. Cost: O(t log t).

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples
    --------
    >>> holm(p_values=[.01, .04, .03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    adjusted = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result


def benjamini_hochberg(*, p_values: ArrayLike) -> Floats:
    """
    Benjamini-Hochberg adjusted p-values: reject where at most q, and the false discovery rate is q.

    Parameters
    ----------
    p_values : array-like of shape (t,), in [0, 1]

    Returns
    -------
    array of shape (t,), in the order given

    Raises
    ------
    ValueError
        If a p-value leaves [0, 1].

    Notes
    -----
    Valid for independent or positively dependent tests [1]_. Cost: O(t log t).

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.
    """
    values = _checked(p_values)
    if len(values) == 0:
        return values
    result: Floats = sps.false_discovery_control(values, method="bh")
    return result


def _checked(p_values: ArrayLike) -> Floats:
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values are needed, each in [0, 1]")
    return values
