"""Scores as functions of a split: the sums over a set of items from which a metric follows.

A test that repeats the draw of the holdouts is exact only if the observed difference, the choice of the best
file and every repeated draw use the same function of the split. Means follow from sums of item scores,
metrics of counts from sums over confusion cells (macro F1 over the classes that occur), RMSE and R2 from sums
of squares. AUC, average precision, and metrics of counts with many classes are linearised on the pooled
items: their influence values do not change when the items are shuffled, so their means are one function of
the split, too.

Sums are arrays of draws x columns; a file's columns stand together. Scores are oriented: higher is better.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stats.metrics import Evaluation, Scorer
from stats.metrics.regressions import MIN_VARIANCE

Array = NDArray[Any]
Floats = NDArray[np.float64]

# Cells multiply the columns: with more classes than this a metric of counts is linearised.
MAX_CLASSES = 10


class SplitScore(Protocol):
    """
    One metric as a function of sums.

    Parameters
    ----------
    is_exact : bool
        Whether it is the metric itself; else its linearisation on the pool.
    is_mean : bool
        Whether the score is the mean of what `data` gives.
    shared : array of shape (items, shared)
        Columns that all files have in common, of the labels.
    """

    @property
    def is_exact(self) -> bool: ...

    @property
    def is_mean(self) -> bool: ...

    @property
    def shared(self) -> Array: ...

    def data(self, given: Evaluation, items: Floats) -> Array:
        """Return what one file's columns are made of, (items,); `items` are its oriented item scores."""

    def columns(self, data: Array) -> Array:
        """Make the columns that are summed, (items, k w), of the data of k files, (items, k)."""

    def scores(self, sums: Floats, shared: Floats, sizes: Floats) -> Floats:
        """Compute scores, (draws, k), from sums of files' and shared columns and item counts, (draws, 1)."""


def split_score(*, scorer: Scorer, labels: Array) -> SplitScore:
    """
    Give a metric as a function of sums.

    Parameters
    ----------
    scorer : Scorer
    labels : array of shape (items,)
        Class codes, or float64 for a regression.

    Returns
    -------
    SplitScore

    Notes
    -----
    Cost: O(items classes). Source: the metrics' definitions in `stats.metrics`.
    """
    metric, n_classes = scorer.metric, scorer.n_classes or 0
    if metric in ("rmse", "r2"):
        return SquaredErrors(metric=metric, labels=labels.astype(np.float64))
    if metric in ("balanced_accuracy", "macro_f1", "mcc") and n_classes <= MAX_CLASSES:
        return Counts(metric=metric, labels=labels.astype(np.int64), n_classes=n_classes)
    is_wide = scorer.n_classes is None or scorer.cost_matrix is not None
    return Mean(is_exact=scorer.is_mean, n_items=len(labels), is_wide=is_wide)


@dataclass(frozen=True, kw_only=True)
class Mean:
    """
    The mean of item scores, or of influence values on the pool.

    Parameters
    ----------
    is_exact, is_mean : bool
        As in `SplitScore`.
    n_items : int
    is_wide : bool
        Whether some items may score millions of times what others do, as losses and costs may: single
        precision would leave rounding errors of the large ones that pass for differences of the small ones.
    """

    is_exact: bool
    n_items: int
    is_mean: bool = True
    is_wide: bool = False

    @property
    def shared(self) -> Array:
        return np.empty((self.n_items, 0), dtype=np.float32)

    def data(self, given: Evaluation, items: Floats) -> Array:
        if ((items == 0) | (items == 1)).all():
            return items.astype(np.bool_)
        return items.astype(np.float64 if self.is_wide else np.float32)

    def columns(self, data: Array) -> Array:
        return data.astype(np.float32, copy=False) if data.dtype == np.bool_ else data

    def scores(self, sums: Floats, shared: Floats, sizes: Floats) -> Floats:
        result: Floats = sums / sizes
        return result


@dataclass(frozen=True, kw_only=True)
class Counts:
    """
    A metric of confusion counts: hits of each class, and how often each class occurs and is predicted.

    Parameters
    ----------
    metric : str
        balanced_accuracy, macro_f1 or mcc.
    labels : array of shape (items,), class codes
    n_classes : int
    is_exact, is_mean : bool
        As in `SplitScore`.
    """

    metric: str
    labels: NDArray[np.int64]
    n_classes: int
    is_exact: bool = True
    is_mean: bool = False

    @property
    def shared(self) -> Array:
        occurs: Array = self.labels[:, None] == np.arange(self.n_classes)
        return occurs.astype(np.float32)

    def data(self, given: Evaluation, items: Floats) -> Array:
        return given.codes.astype(np.int8)

    def columns(self, data: Array) -> Array:
        classes = np.arange(self.n_classes)
        predicted = data[:, :, None] == classes
        hits = predicted & (self.labels[:, None, None] == classes)
        parts = {"balanced_accuracy": [hits], "macro_f1": [hits, predicted]}.get(
            self.metric, [hits.any(axis=2, keepdims=True), predicted]
        )
        cells = np.concatenate(parts, axis=2)
        columns: Array = cells.reshape(len(data), -1).astype(np.float32)
        return columns

    def scores(self, sums: Floats, shared: Floats, sizes: Floats) -> Floats:
        width = {"balanced_accuracy": self.n_classes, "macro_f1": 2 * self.n_classes}
        cells = sums.reshape(len(sums), -1, width.get(self.metric, 1 + self.n_classes))
        if self.metric == "balanced_accuracy":
            return _mean_ratio(cells, shared[:, None, :], occurs=shared[:, None, :])
        if self.metric == "macro_f1":
            hits, predicted = np.split(cells, 2, axis=2)
            return _mean_ratio(2 * hits, predicted + shared[:, None, :], occurs=shared[:, None, :])
        return _mcc(hits=cells[:, :, 0], predicted=cells[:, :, 1:], truth=shared, sizes=sizes)


def _mean_ratio(numerators: Floats, denominators: Floats, *, occurs: Floats) -> Floats:
    """
    Average over the classes that items of the set have, of which there is always one.

    Macro F1 itself counts a class without items as 0 as soon as a file predicts it. A file that does so for
    a few items would be far worse in all draws but those that put these items on the other side, and could
    then pass for the best file there: the null would hold overstatements that no draw explains.
    """
    counted = np.broadcast_to(occurs > 0, numerators.shape)
    ratios = np.divide(numerators, denominators, out=np.zeros(numerators.shape), where=counted)
    result: Floats = ratios.sum(axis=2) / counted.sum(axis=2)
    return result


def _mcc(*, hits: Floats, predicted: Floats, truth: Floats, sizes: Floats) -> Floats:
    both = hits * sizes - np.einsum("bkc,bc->bk", predicted, truth)
    of_predicted = np.square(sizes) - np.square(predicted).sum(axis=2)
    of_truth = np.square(sizes) - np.square(truth).sum(axis=1, keepdims=True)
    scale = np.sqrt(of_predicted * of_truth)
    result: Floats = np.divide(both, scale, out=np.zeros(both.shape), where=scale > 0)
    return result


@dataclass(frozen=True, kw_only=True)
class SquaredErrors:
    """
    RMSE and R2: sums of squared errors, and of the labels and their squares.

    Parameters
    ----------
    metric : str
        rmse or r2.
    labels : array of shape (items,)
    is_exact, is_mean : bool
        As in `SplitScore`.
    """

    metric: str
    labels: Floats
    is_exact: bool = True
    is_mean: bool = False

    @property
    def shared(self) -> Array:
        centred = self.labels - self.labels.mean()
        return np.column_stack([centred, np.square(centred)])

    def data(self, given: Evaluation, items: Floats) -> Array:
        assert given.errors is not None
        # In double precision, as losses in `Mean`.
        return np.square(given.errors)

    def columns(self, data: Array) -> Array:
        return data

    def scores(self, sums: Floats, shared: Floats, sizes: Floats) -> Floats:
        residual = np.maximum(sums / sizes, 0.0)
        if self.metric == "rmse":
            return -np.sqrt(residual)
        mean, square = (shared[:, [column]] / sizes for column in (0, 1))
        total = square - np.square(mean)
        constant = np.broadcast_to(total < MIN_VARIANCE, residual.shape)
        explained = 1 - np.divide(residual, total, out=np.zeros(residual.shape), where=~constant)
        result: Floats = np.where(constant, (residual == 0).astype(np.float64), explained)
        return result
