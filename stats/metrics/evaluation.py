"""Labels and predictions, brought into the forms that metrics read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]

# Labels and predictions of a regression beyond this count as this: their squares stay finite.
LARGEST_VALUE = 1e20


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """
    One submission beside the labels of one holdout.

    Parameters
    ----------
    labels : array of shape (n,)
        int64 class codes, or float64 for a regression.
    n_classes : int
        0 for a regression.
    predicted : array of shape (n,), int64, or None
        Class codes: as given, or the most probable class (at a tie the first; binary: 1 above .5).
    probabilities : array of shape (n,) or (n, C), float64, or None
        Of class 1 if binary.
    errors : array of shape (n,), float64, or None
        Prediction minus label, within the loss cap.
    """

    labels: Array
    n_classes: int
    predicted: Array | None = None
    probabilities: Floats | None = None
    errors: Floats | None = None

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def n_columns(self) -> int:
        """Probabilities of an item: 0, 1 (of class 1) or one of each class."""
        if self.probabilities is None:
            return 0
        return 1 if self.probabilities.ndim == 1 else self.probabilities.shape[1]

    @property
    def codes(self) -> NDArray[np.int64]:
        assert self.predicted is not None
        return self.predicted

    @property
    def correct(self) -> Floats:
        return np.asarray(self.labels == self.codes, dtype=np.float64)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        return np.bincount(self.labels, minlength=self.n_classes)


def evaluation(
    *,
    labels: Array,
    predictions: Array,
    n_classes: int | None,
    loss_cap: float | None = None,
) -> Evaluation:
    """
    Bring predictions into the forms that metrics read.

    Parameters
    ----------
    labels : array of shape (n,)
        Class codes 0..C-1, or float64 for a regression.
    predictions : array of shape (n,) or (n, C)
        Integer class codes (n,); float probabilities of class 1 of two (n,), else of all classes (n, C);
        for a regression, float values (n,).
    n_classes : int or None
        None for a regression.
    loss_cap : float, optional
        Regression: errors count up to this size, in the label's units.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the lengths differ, there are no items, a label or prediction is none of this task, or the loss
        cap is not positive.

    Notes
    -----
    The message names no label. Cost: O(n). Source: the conventions of `stats.metrics`.
    """
    if len(labels) != len(predictions) or len(labels) == 0:
        raise ValueError("labels and predictions of equal, positive length are needed")
    if n_classes is None:
        _check_values(labels, predictions, loss_cap)
        truth = np.clip(labels, -LARGEST_VALUE, LARGEST_VALUE).astype(np.float64)
        errors = np.clip(predictions, -LARGEST_VALUE, LARGEST_VALUE) - truth
        if loss_cap is not None:
            errors = np.clip(errors, -loss_cap, loss_cap)
        return Evaluation(labels=truth, n_classes=0, errors=errors)
    codes = _codes(labels, "labels", n_classes)
    if predictions.dtype.kind != "f":
        return Evaluation(
            labels=codes,
            n_classes=n_classes,
            predicted=_codes(predictions, "predictions", n_classes),
        )
    _check_probabilities(predictions, n_classes)
    predicted = predictions.argmax(axis=1) if predictions.ndim == 2 else predictions > 0.5
    return Evaluation(
        labels=codes,
        n_classes=n_classes,
        predicted=predicted.astype(np.int64),
        probabilities=predictions.astype(np.float64),
    )


def _codes(given: Array, name: str, n_classes: int) -> NDArray[np.int64]:
    is_whole = given.dtype.kind in "bui" or bool((given == np.floor(given)).all())
    if given.ndim != 1 or not (is_whole and given.min() >= 0 and given.max() < n_classes):
        raise ValueError(f"{name}: class codes from 0 to {n_classes - 1} are needed")
    return given.astype(np.int64)


def _check_probabilities(given: Array, n_classes: int) -> None:
    if given.shape[1:] != (() if n_classes == 2 else (n_classes,)):
        raise ValueError("predictions: probabilities of class 1 of two, else of each, are needed")
    if not (given.min() >= 0 and given.max() <= 1):
        raise ValueError("predictions: probabilities in [0, 1] are needed")


def _check_values(labels: Array, predictions: Array, loss_cap: float | None) -> None:
    for name, given in (("labels", labels), ("predictions", predictions)):
        if given.ndim != 1 or np.isnan(given).any():
            raise ValueError(f"{name}: one number for each item is needed")
    if loss_cap is not None and not loss_cap > 0:
        raise ValueError("loss_cap must be positive")
