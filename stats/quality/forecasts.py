"""Probabilities of class 1 beside what happened."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def checked_codes(*, codes: ArrayLike, name: str, n_classes: int) -> NDArray[np.int64]:
    """
    Return class codes as an array, or say what is wrong with them.

    Parameters
    ----------
    codes : array-like of shape (n,)
        Whole numbers 0..C-1, n >= 1.
    name : str
        What an error calls them.
    n_classes : int
        C.

    Returns
    -------
    array of shape (n,), int64

    Raises
    ------
    ValueError
        If there is no item or a value is no such code.

    Notes
    -----
    Otherwise .7 would count as class 0. Cost: O(n). Source: elementary.
    """
    given = np.asarray(codes, dtype=np.float64)
    if given.ndim != 1 or len(given) == 0:
        raise ValueError(f"{name}: a code for each item is needed, and at least one")
    if not ((given >= 0) & (given < n_classes) & (given == np.floor(given))).all():
        raise ValueError(f"{name}: class codes from 0 to {n_classes - 1} are needed")
    return given.astype(np.int64)


def checked_forecasts(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats]:
    """
    Return labels and probabilities as arrays, or say what is wrong with them.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    probabilities : array-like of shape (n,), in [0, 1]

    Returns
    -------
    two arrays of shape (n,), float64

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Cost: O(n). Source: elementary.
    """
    truth = np.asarray(labels, dtype=np.float64)
    given = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != given.shape or len(truth) == 0:
        raise ValueError("probabilities: one for each label is needed, and at least one")
    if not np.isin(truth, (0.0, 1.0)).all():
        raise ValueError("labels: 0 and 1 are needed")
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    return truth, given
