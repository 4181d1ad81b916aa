"""Many tests at once: Holm for accusations, Benjamini-Hochberg for triage, e-values for streams."""

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_fractions

Floats = NDArray[np.float64]


def holm(*, p_values: ArrayLike) -> Floats:
    """
    Adjust p-values by Holm: rejecting those up to alpha has family-wise error alpha.

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
    Adjust p-values by Benjamini and Hochberg: rejecting those up to q has false discovery rate q.

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


def e_benjamini_hochberg(*, e_values: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """
    Reject e-values so that the false discovery rate is at most alpha (e-BH).

    Parameters
    ----------
    e_values : array-like of shape (t,), >= 0
        Each of mean at most 1 under its null hypothesis, such as the value of an e-process when it stops.
    alpha : float in (0, 1)

    Returns
    -------
    array of shape (t,), bool, in the order given

    Raises
    ------
    ValueError
        If an e-value is negative or not a number, or alpha is out of range.

    Notes
    -----
    Rejects the s largest, s the most for which the s-th largest is at least t/(alpha s). Valid under any
    dependence [1]_. Cost: O(t log t).

    References
    ----------
    .. [1] R. Wang and A. Ramdas, "False discovery rate control with e-values", 2022.

    Examples
    --------
    >>> e_benjamini_hochberg(e_values=[50, 1, 30], alpha=.1).tolist()
    [True, False, True]
    """
    values = np.asarray(e_values, dtype=np.float64)
    if values.ndim != 1 or not (values >= 0).all():
        raise ValueError("e_values: each must be at least 0")
    check_fractions(alpha=alpha)
    order = np.argsort(-values, kind="stable")
    enough = values[order] >= len(values) / (alpha * np.arange(1, len(values) + 1))
    rejected = np.zeros(len(values), dtype=bool)
    if enough.any():
        rejected[order[: np.flatnonzero(enough)[-1] + 1]] = True
    return rejected


def _checked(p_values: ArrayLike) -> Floats:
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p_values: each must be in [0, 1]")
    return values
