"""Labels and predictions, brought into the forms that metrics read by the rules of a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.arguments import check_fractions

Array = NDArray[Any]
Floats = NDArray[np.float64]
Bounds = tuple[float, float]
CostMatrix = Sequence[Sequence[float]]

# Labels and predictions of a regression beyond this count as this: their squares stay finite.
MAX_VALUE = 1e20
# The largest error that a benchmark may count, and the largest cost of a decision. Of a trillion, steps of
# a ten-thousandth are still exact in double precision, and a sum over 10^9 items errs by less than one.
MAX_LOSS = 1e12
# A log loss is released query by query, and without a clip one item could tell its label.
PROBABILITY_CLIP = 0.01
# Where the positive class begins if a benchmark does not say.
EVEN_ODDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    What a benchmark fixes of its scoring, whatever the metric; it validates itself.

    Parameters
    ----------
    n_classes : int, at least 2, or None
        None for a regression.
    loss_cap : float, positive, or None
        Regression: errors count up to this size, in the label's units.
    decision_threshold : float in (0, 1), or None
        Binary probabilities: class 1 is decided for above it, class 0 at it and below; None: .5.
    probability_clip : float in (0, .5), default=.01
        The log loss takes a probability below it as it, and one above 1 less it as 1 less it.
    cost_matrix : rows of floats, or None
        What it costs to decide for a class (column) where another is true (row): C rows of C numbers from 0
        to 10^12, in any unit, and a row with two different ones.
    """

    n_classes: int | None = None
    loss_cap: float | None = None
    decision_threshold: float | None = None
    probability_clip: float = PROBABILITY_CLIP
    cost_matrix: CostMatrix | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for rules that do not fit together."""
        if self.n_classes is not None and not (
            self.n_classes >= 2 and self.n_classes == int(self.n_classes)
        ):
            raise ValueError("n_classes must be a whole number of at least 2")
        _check_loss_cap(self.loss_cap, self.n_classes)
        _check_threshold(self.decision_threshold, self.n_classes)
        if not 0 < self.probability_clip < 0.5:
            raise ValueError("probability_clip must be in (0, 0.5)")
        if self.cost_matrix is not None:
            check_costs(self.cost_matrix, self.n_classes)

    def evaluation(self, *, labels: Array, predictions: Array) -> "Evaluation":
        """
        Bring predictions into the forms that metrics read.

        Parameters
        ----------
        labels : array of shape (n,)
            Class codes 0..C-1, or float64 for a regression.
        predictions : array of shape (n,) or (n, C)
            Integer class codes (n,); float probabilities of class 1 of two (n,), else of all classes (n, C);
            for a regression, float values (n,).

        Returns
        -------
        Evaluation

        Raises
        ------
        ValueError
            If the lengths differ, there are no items, or a label or prediction is none of this task. The
            message names no label.
        """
        if len(labels) != len(predictions) or len(labels) == 0:
            raise ValueError("labels and predictions of equal, positive length are needed")
        if self.n_classes is None:
            return self._of_values(labels, predictions)
        codes = _codes(labels, "labels", self.n_classes)
        probabilities = None
        if predictions.dtype.kind == "f":
            _check_probabilities(predictions, self.n_classes)
            probabilities = predictions.astype(np.float64)
            predicted = self._decided(probabilities)
        else:
            predicted = _codes(predictions, "predictions", self.n_classes)
        return Evaluation(
            labels=codes,
            n_classes=self.n_classes,
            predicted=predicted,
            probabilities=probabilities,
            probability_clip=self.probability_clip,
            costs=None if self.cost_matrix is None else np.array(self.cost_matrix, np.float64),
        )

    def _decided(self, probabilities: Floats) -> NDArray[np.int64]:
        if probabilities.ndim == 2:
            return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
        threshold = EVEN_ODDS if self.decision_threshold is None else self.decision_threshold
        return np.asarray(probabilities > threshold, dtype=np.int64)

    def _of_values(self, labels: Array, predictions: Array) -> "Evaluation":
        truth, given = _values(labels, "labels"), _values(predictions, "predictions")
        errors = given - truth
        if self.loss_cap is not None:
            errors = np.clip(errors, -self.loss_cap, self.loss_cap)
        return Evaluation(labels=truth, n_classes=0, errors=errors)


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
        Class codes: as given, or as the probabilities decide (the most probable, at a tie the first; of two,
        class 1 above the threshold).
    probabilities : array of shape (n,) or (n, C), float64, or None
        Of class 1 if binary.
    errors : array of shape (n,), float64, or None
        Prediction minus label, within the loss cap.
    probability_clip : float
        How near to 0 and 1 a probability may come in the log loss.
    costs : array of shape (C, C), float64, or None
        Row: the true class; column: the decision.
    """

    labels: Array
    n_classes: int
    predicted: Array | None = None
    probabilities: Floats | None = None
    errors: Floats | None = None
    probability_clip: float = PROBABILITY_CLIP
    costs: Floats | None = None

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


def check_costs(costs: Any, n_classes: int | None) -> None:
    """Refuse what is no matrix of costs, or one by which no decision matters."""
    if n_classes is None:
        raise ValueError("cost_matrix: a regression has no classes to decide for")
    rows = [list(row) for row in costs] if _is_table(costs) else []
    if len(rows) != n_classes or any(len(row) != n_classes for row in rows):
        raise ValueError(
            f"cost_matrix: {n_classes} rows of {n_classes} numbers are needed, a row for each true class"
        )
    numbers = [cost for row in rows for cost in row]
    if not all(_is_cost(cost) for cost in numbers):
        raise ValueError(f"cost_matrix: costs are numbers from 0 to {MAX_LOSS:g}")
    if all(min(row) == max(row) for row in rows):
        raise ValueError("cost_matrix: every decision costs the same; some row needs two costs")


def _is_table(costs: Any) -> bool:
    kinds = (list, tuple, np.ndarray)
    return isinstance(costs, kinds) and all(isinstance(row, kinds) for row in costs)


def _is_cost(cost: Any) -> bool:
    is_number = isinstance(cost, (int, float, np.integer, np.floating)) and not isinstance(
        cost, bool
    )
    return bool(is_number and 0 <= cost <= MAX_LOSS)


def _check_loss_cap(cap: float | None, n_classes: int | None) -> None:
    if cap is None:
        return
    if n_classes is not None:
        raise ValueError("loss_cap: only a regression has one")
    if not 0 < cap < np.inf:
        raise ValueError("loss_cap must be positive and finite")


def _check_threshold(threshold: float | None, n_classes: int | None) -> None:
    if threshold is None:
        return
    if n_classes != 2:
        raise ValueError("decision_threshold: only a task of two classes has one")
    check_fractions(decision_threshold=threshold)


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


def _values(given: Array, name: str) -> Floats:
    """Convert to double precision before anything is computed: 10^20 has no square in single."""
    if given.ndim != 1 or np.isnan(given).any():
        raise ValueError(f"{name}: one number for each item is needed")
    return np.clip(given.astype(np.float64), -MAX_VALUE, MAX_VALUE)
