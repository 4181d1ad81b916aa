"""How near to perfect a file is beside what an answer without any knowledge has: a sign of the label file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.metrics import Scorer

# Of what the best constant answer loses, a file that loses less than this share knows nearly every label.
MIN_LOSS = 0.01
# One wrong class says as much where a constant answer has at least so many wrong.
MANY_WRONG = 10


def is_implausible(*, scorer: Scorer, labels: NDArray[Any], predictions: NDArray[Any]) -> bool:
    """
    Say whether a file is so good that it may be the labels themselves, a little changed.

    Parameters
    ----------
    scorer : Scorer
    labels : array of shape (n,)
        Class codes, or values of a regression.
    predictions : array of shape (n,) or (n, C)
        Class codes, probabilities or values.

    Returns
    -------
    bool
        Whether it loses less than a hundredth of what the best constant answer loses, or has one class wrong
        where that has ten or more. False where a constant answer is perfect.

    Notes
    -----
    A rule of thumb that fits every metric, for a warning and for no decision: an easy task has such files,
    too. The constant answers are the mean and the median, or the class that occurs most, the cheapest one and
    the shares of the classes. Cost: O(n C). Source: A. H. Murphy, "Skill scores based on the mean square
    error and their relationships to the correlation coefficient", 1988, for scores relative to a constant's.
    """
    best = max(
        _oriented(scorer, labels, constant) for constant in _constants(scorer, labels, predictions)
    )
    perfect = _oriented(scorer, labels, _perfect(labels, predictions))
    if perfect <= best:
        return False
    if _has_one_wrong(scorer, labels, predictions):
        return True
    missing = perfect - _oriented(scorer, labels, predictions)
    return missing < MIN_LOSS * (perfect - best)


def _oriented(scorer: Scorer, labels: NDArray[Any], predictions: NDArray[Any]) -> float:
    return scorer.orient(scorer.score(labels=labels, predictions=predictions))


def _has_one_wrong(scorer: Scorer, labels: NDArray[Any], predictions: NDArray[Any]) -> bool:
    """Tell it of files of classes; a probability is wrong by degrees."""
    if scorer.n_classes is None or predictions.dtype.kind == "f":
        return False
    n_wrong = np.count_nonzero(predictions != labels)
    return bool(n_wrong <= 1 and len(labels) - np.bincount(labels).max() >= MANY_WRONG)


def _perfect(labels: NDArray[Any], predictions: NDArray[Any]) -> NDArray[Any]:
    """Bring the labels into the form of the file."""
    if predictions.ndim == 2:
        rows: NDArray[Any] = np.eye(predictions.shape[1])[labels]
        return rows
    return labels.astype(predictions.dtype)


def _constants(
    scorer: Scorer, labels: NDArray[Any], predictions: NDArray[Any]
) -> list[NDArray[Any]]:
    """List answers that are alike for all items, in the form of the file."""
    n = len(labels)
    if scorer.n_classes is None:
        return [np.full(n, float(each)) for each in (labels.mean(), np.median(labels))]
    counts = np.bincount(labels, minlength=scorer.n_classes)
    codes = {int(counts.argmax())}
    if scorer.cost_matrix is not None:
        codes.add(int((counts @ np.asarray(scorer.cost_matrix)).argmin()))
    if predictions.dtype.kind != "f":
        return [np.full(n, code) for code in codes]
    rows = [np.eye(scorer.n_classes)[code] for code in codes]
    rows.append(counts / n)
    if predictions.ndim == 1:
        return [np.full(n, row[1]) for row in rows]
    return [np.tile(row, (n, 1)) for row in rows]
