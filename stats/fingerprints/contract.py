"""What every fingerprint returns, and the checks that they share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# With fewer submissions the figures say little about anybody.
MIN_SUBMISSIONS = 20


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """
    One trace of how a team used its answers.

    Parameters
    ----------
    value : float
        The statistic; its unit is that of the fingerprint.
    threshold : float
        What the value is compared with; infinite for one that is informational only.
    flagged : bool
        Whether it is beyond the threshold: supporting evidence for a mechanism, no verdict.
    words : str
        What was seen, for a reader.
    """

    value: float
    threshold: float
    flagged: bool
    words: str


def predictions_matrix(*, given: ArrayLike, least: int, name: str = "predictions") -> NDArray[Any]:
    """
    Check predicted classes.

    Parameters
    ----------
    given : array-like of int or bool, shape (k, n)
        Class codes of at least 0, one submission a row.
    least : int
        Submissions that are needed.
    name : str, default="predictions"
        What an error calls it.

    Returns
    -------
    array of shape (k, n), int

    Raises
    ------
    ValueError
        If it is no such matrix, has no item or fewer submissions.

    Notes
    -----
    Cost: O(k n). Source: docs/method.md, "Fingerprints".
    """
    matrix = np.asarray(given)
    if matrix.ndim != 2 or len(matrix) < least or matrix.shape[1] < 1:
        raise ValueError(f"{name}: at least {least} submissions of at least one item are needed")
    if matrix.dtype.kind not in "bui" or matrix.min() < 0:
        raise ValueError(f"{name} must be class codes: whole numbers of at least 0")
    return matrix.astype(np.uint8) if matrix.dtype == bool else matrix


def finite_vector(*, given: ArrayLike, name: str, length: int | None = None) -> NDArray[np.float64]:
    """
    Check a vector of numbers.

    Parameters
    ----------
    given : array-like of shape (k,)
    name : str
        What an error calls it.
    length : int, optional
        The k that is needed.

    Returns
    -------
    array of shape (k,)

    Raises
    ------
    ValueError
        If it is no vector, empty, of another length, or a value is not finite.

    Notes
    -----
    Cost: O(k). Source: docs/method.md, "Fingerprints".
    """
    vector = np.asarray(given, dtype=np.float64)
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be a vector of finite numbers")
    if length is not None and len(vector) != length:
        raise ValueError(f"{name} must have {length} values, one a submission")
    return vector


def contested(*, predictions: NDArray[Any]) -> NDArray[np.bool_]:
    """
    Find the items on which not all submissions say the same.

    Parameters
    ----------
    predictions : array of shape (k, n), checked

    Returns
    -------
    array of bool, shape (n,)

    Notes
    -----
    Cost: O(k n). Source: docs/method.md, "Fingerprints".
    """
    result: NDArray[np.bool_] = (predictions != predictions[0]).any(axis=0)
    return result


def votes(*, predictions: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Add up the submissions' weights for each class on each item.

    Parameters
    ----------
    predictions : array of shape (k, n), checked
    weights : array of shape (k,)

    Returns
    -------
    array of shape (classes, n)
        Classes in the order of their codes, those that occur.

    Notes
    -----
    One product a class. Cost: O(k n classes). Source: docs/method.md, "Fingerprints".
    """
    classes = np.unique(predictions)
    tally: NDArray[np.float64] = np.stack([weights @ (predictions == each) for each in classes])
    return tally


def hamming(*, predictions: NDArray[Any]) -> NDArray[np.int64]:
    """
    Count the items on which two submissions differ, for every pair.

    Parameters
    ----------
    predictions : array of shape (k, n), checked

    Returns
    -------
    array of shape (k, k)

    Notes
    -----
    One matrix product a class in single precision, exact for up to 16 million items. Cost: O(k^2 n
    classes). Source: docs/method.md, "Fingerprints".
    """
    agreed = np.zeros((len(predictions), len(predictions)), dtype=np.float32)
    for each in np.unique(predictions):
        is_class = (predictions == each).astype(np.float32)
        agreed += is_class @ is_class.T
    result: NDArray[np.int64] = predictions.shape[1] - agreed.astype(np.int64)
    return result
