"""What functions demand of their arguments. Each error is a ValueError that names the argument at fault.

Not a number passes every comparison the wrong way: it would be ranked, counted as right, or keep a gate shut.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]


def check_fractions(**given: float) -> None:
    """Check levels, powers and probabilities of failure: between 0 and 1, both excluded."""
    for name, value in given.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} must be in (0, 1)")


def check_counts(**given: float) -> None:
    """Check numbers of things, such as draws or items: finite and at least 1."""
    for name, value in given.items():
        if not 1 <= value < np.inf:
            raise ValueError(f"{name} must be at least 1")


def check_finite(**given: ArrayLike) -> None:
    """Check numbers and arrays: none infinite, and none that is not a number."""
    for name, values in given.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: every value must be finite")


def check_not_negative(**given: float) -> None:
    """Check that numbers are finite and at least 0."""
    check_finite(**given)
    for name, value in given.items():
        if value < 0:
            raise ValueError(f"{name} must be at least 0")


def outcomes(name: str, given: ArrayLike) -> Bools:
    """Return what was right, of values that are 0 or 1."""
    values = np.asarray(given)
    if not ((values == 0) | (values == 1)).all():
        raise ValueError(f"{name}: 0 and 1 are needed")
    return np.asarray(values == 1)


def checked_counts(*, counts: ArrayLike, least: int) -> NDArray[np.int64]:
    """
    Check how many items are in each cell.

    Parameters
    ----------
    counts : array-like of shape (cells,), whole numbers of at least 0
    least : int
        Items that are needed in all.

    Returns
    -------
    array of shape (cells,), int

    Raises
    ------
    ValueError
        If a count is negative or no whole number, or there are fewer items.

    Notes
    -----
    Otherwise 90.9 items would count as 90. Cost: O(cells). Source: elementary.
    """
    given = np.asarray(counts, dtype=np.float64)
    if given.ndim != 1 or not ((given >= 0) & (given == np.floor(given))).all():
        raise ValueError("counts: whole numbers of at least 0 are needed")
    if not least <= given.sum() < 2**63:
        raise ValueError(f"counts: a sum of at least {least} is needed")
    return np.asarray(counts).astype(np.int64)


def check_ranked(*, labels: ArrayLike, scores: ArrayLike, name: str) -> None:
    """
    Refuse labels and scores that have no area under the ROC curve.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores : array-like of shape (n,)
        Finite, in any unit, higher for class 1.
    name : str
        What the caller names the scores.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        If lengths differ, a label is neither 0 nor 1 or a score is not finite.

    Notes
    -----
    Otherwise not a number would rank like a number and a third label as class 0. Cost: O(n). Source:
    elementary.
    """
    classes, values = np.asarray(labels), np.asarray(scores, float)
    if classes.shape != values.shape or classes.ndim != 1:
        raise ValueError(f"{name}: one for each label is needed")
    outcomes("labels", classes)
    check_finite(**{name: values})
