"""Scores on labels that are sometimes wrong (docs/method.md, "Noisy labels").

Noise is shared by all teams, so it moves levels more than ranks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.quality.forecasts import checked_codes


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """
    An accuracy on true labels.

    Parameters
    ----------
    accuracy : float
        May leave [0, 1] where the noise is overstated.
    se : float
        Of sampling; the noise is taken as known.
    """

    accuracy: float
    se: float


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """
    Labels that a model contradicts with confidence.

    Parameters
    ----------
    joint : array of shape (C, C), int
        Items by given label (row) and confident label (column).
    flagged : array of shape (n,), bool
        Off the diagonal: candidates for a second look, no more.
    """

    joint: NDArray[np.int64]
    flagged: NDArray[np.bool_]


def symmetric(*, n_correct: int, n: int, noise: float) -> Corrected:
    """
    Correct the accuracy of a two-class model for labels that were flipped at random.

    Parameters
    ----------
    n_correct, n : int
        Items on which prediction and given label agree, and items.
    noise : float in [0, .5)
        Probability that a label is wrong, known.

    Returns
    -------
    Corrected

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (acc - e)/(1 - 2e), its standard error divided by 1 - 2e. Assumes flips independent of item and
    prediction. Cost: O(1). Source: docs/method.md, "Noisy labels".
    """
    if n < 1 or not 0 <= n_correct <= n:
        raise ValueError("n_correct: from 0 to n, with n of at least 1")
    if not 0 <= noise < 0.5:
        raise ValueError("noise must be in [0, .5)")
    observed = n_correct / n
    factor = 1 - 2 * noise
    return Corrected(
        accuracy=(observed - noise) / factor,
        se=float(np.sqrt(observed * (1 - observed) / n) / factor),
    )


def class_conditional(
    *, labels: ArrayLike, predictions: ArrayLike, transition: ArrayLike
) -> Corrected:
    """
    Correct an accuracy for noise that depends on the class.

    Parameters
    ----------
    labels, predictions : array-like of shape (n,)
        Class codes 0..C-1, labels as given.
    transition : array-like of shape (C, C)
        Probability of the column's label where the row's class is true, known; rows sum to one.

    Returns
    -------
    Corrected

    Raises
    ------
    ValueError
        If shapes differ, there is no item, a code or probability is out of range, or the matrix cannot
        be inverted.

    Notes
    -----
    Of each predicted class, the counts of given labels are those of true ones times the matrix; solved,
    the diagonal is what is right. Delta method: the estimate is a mean of the inverse's entries, one
    for each item. Assumes noise independent of the prediction, given the true class. Cost: O(n + C^3).
    Source: docs/method.md, "Noisy labels".
    """
    matrix = np.asarray(transition, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError("transition: a square matrix is needed")
    if not ((matrix >= 0).all() and np.allclose(matrix.sum(axis=1), 1)):
        raise ValueError("transition: rows of probabilities that sum to one are needed")
    given = checked_codes(codes=labels, name="labels", n_classes=len(matrix))
    guessed = checked_codes(codes=predictions, name="predictions", n_classes=len(matrix))
    if given.shape != guessed.shape:
        raise ValueError("predictions: one for each label is needed")
    if np.linalg.cond(matrix) > 1e10:
        raise ValueError("transition: the matrix cannot be inverted, so the labels tell nothing")
    inverse = np.linalg.inv(matrix)
    # An item with given label g and prediction p is right with "weight" inverse[g, p].
    items = inverse[given, guessed]
    spread = items.std(ddof=1) / np.sqrt(len(items)) if len(items) > 1 else 0.0
    return Corrected(accuracy=float(items.mean()), se=float(spread))


def confident_joint(*, labels: ArrayLike, probabilities: ArrayLike) -> Suspects:
    """
    Find labels that a held-out model contradicts, by confident learning.

    Parameters
    ----------
    labels : array-like of shape (n,)
        Class codes 0..C-1, as given.
    probabilities : array-like of shape (n, C)
        Of a model that was not trained on these items.

    Returns
    -------
    Suspects

    Raises
    ------
    ValueError
        If shapes differ, there is no item, or a value is out of range.

    Notes
    -----
    An item is confidently of the class with the largest probability among those that reach the mean
    probability of that class over items labeled with it. A class without labels is nobody's. Cost: O(n
    C). Source: Northcutt, Jiang and Chuang, 2021.
    """
    chances = np.asarray(probabilities, dtype=np.float64)
    if chances.ndim != 2 or np.asarray(labels).shape != chances.shape[:1] or not chances.size:
        raise ValueError("probabilities: a row for each label is needed, and at least one")
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    classes = chances.shape[1]
    given = checked_codes(codes=labels, name="labels", n_classes=classes)
    sizes = np.bincount(given, minlength=classes)
    own = np.bincount(given, weights=chances[np.arange(len(given)), given], minlength=classes)
    limits = np.divide(own, sizes, out=np.full(classes, np.inf), where=sizes > 0)
    reached = np.where(chances >= limits - 1e-12, chances, -1.0)
    confident = np.argmax(reached, axis=1)
    is_confident = reached.max(axis=1) >= 0
    joint = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(joint, (given[is_confident], confident[is_confident]), 1)
    return Suspects(joint=joint, flagged=is_confident & (confident != given))
