"""The metrics: a score, its per-item values and its interval, for each task and prediction form.

Direction: `greater_is_better` says it; `oriented` turns a value so that higher is better. Every metric is
total: a valid file has a finite score whatever the labels are, so a failure can never depend on a label.
Degenerate cases have fixed values: one class only gives AUC .5, average precision 0 without positives,
MCC 0 where a margin is empty, F1 0 for a class that neither occurs nor is predicted, recall counts only
classes that occur, R2 of constant labels 1 for a perfect file and else 0.

Arrays. Labels: class codes 0..C-1 of shape (n,), or float64 (n,) for regression. Predictions, by form:
label, codes (n,); probability, float64 (n,) of class 1 if binary, else (n, C); value, float64 (n,).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from stats.intervals import Interval, delong, wilson

Array = NDArray[Any]
Floats = NDArray[np.float64]

# Released log losses are clipped: one item can then move a score by ln(.99/.01) at the most.
PROBABILITY_CLIP = 0.01
# Larger errors count as this, and a smaller variance as none: beyond, squares and ratios overflow.
LARGEST_ERROR = 1e20
SMALLEST_VARIANCE = 1e-40


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Labels and predictions in the forms that metrics need."""

    labels: Array
    n_classes: int
    predicted: Array | None  # class codes
    probabilities: Floats | None  # (n,) of class 1, or (n, C)
    errors: Floats | None  # prediction minus label, within the loss cap

    @property
    def n(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`value(evaluation)` is the score in its own units, `items(evaluation)` have it as their mean.

    For a metric that is no mean of items, `items` are influence values: score plus first-order effect
    of each item, so that their mean is the score and their spread its standard error times sqrt(n).
    `low` and `high` bound the score.
    """

    name: str
    tasks: frozenset[str]
    forms: frozenset[str]
    greater_is_better: bool
    items: Callable[[Evaluation], Floats]
    value: Callable[[Evaluation], float]
    low: float
    high: float
    is_mean: bool = False

    def unit(self, *, n_classes: int | None = None, loss_cap: float | None = None) -> float:
        """The range u of one item's value; ValueError for a regression without a loss cap."""
        if "regression" in self.tasks:
            if loss_cap is None:
                raise ValueError(f"{self.name}: a regression needs a loss cap")
            return {"rmse": loss_cap, "mae": loss_cap}.get(self.name, 1.0)
        if self.name == "log_loss":
            return float(np.log((1 - PROBABILITY_CLIP) / PROBABILITY_CLIP))
        if self.name == "brier" and n_classes is not None and n_classes > 2:
            return 2.0
        return 1.0


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
    labels, predictions : arrays as in the module's docstring
    n_classes : int or None
        None for a regression.
    loss_cap : float, optional
        Regression: errors count up to this size, in the label's units.

    Raises
    ------
    ValueError
        If the lengths differ or there are no items.
    """
    if len(labels) != len(predictions) or len(labels) == 0:
        raise ValueError("labels and predictions of equal, positive length are needed")
    if n_classes is None:
        cap = min(loss_cap or LARGEST_ERROR, LARGEST_ERROR)
        with np.errstate(over="ignore"):
            errors = np.clip(predictions - labels, -cap, cap).astype(np.float64)
        return Evaluation(
            labels=labels, n_classes=0, predicted=None, probabilities=None, errors=errors
        )
    if predictions.dtype.kind == "f":
        predicted = predictions.argmax(axis=1) if predictions.ndim == 2 else predictions > 0.5
        return Evaluation(
            labels=labels.astype(np.int64),
            n_classes=n_classes,
            predicted=predicted.astype(np.int64),
            probabilities=predictions,
            errors=None,
        )
    return Evaluation(
        labels=labels.astype(np.int64),
        n_classes=n_classes,
        predicted=predictions.astype(np.int64),
        probabilities=None,
        errors=None,
    )


def oriented(*, metric: str, value: float) -> float:
    """`value` turned so that higher is better; its own inverse."""
    return value if METRICS[metric].greater_is_better else -value


def score(
    *,
    metric: str,
    labels: Array,
    predictions: Array,
    n_classes: int | None,
    loss_cap: float | None = None,
) -> float:
    """
    The score of predictions, in the metric's own units and direction.

    Parameters
    ----------
    metric : str
        A key of METRICS.
    labels, predictions, n_classes, loss_cap
        As in `evaluation`.

    Returns
    -------
    float
        Finite for all valid predictions and all labels.

    Notes
    -----
    Equal to scikit-learn's function of that name to 1e-12 where that is defined. Cost: O(n), or
    O(n log n) for AUC and average precision.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    return METRICS[metric].value(given)


def per_item_scores(
    *,
    metric: str,
    labels: Array,
    predictions: Array,
    n_classes: int | None,
    loss_cap: float | None = None,
) -> Floats:
    """
    One value per item, higher better, with the oriented score as their mean.

    Returns
    -------
    array of shape (n,), float64
        The items' own scores, or influence values for a metric that is no mean of items.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    chosen = METRICS[metric]
    items = chosen.items(given)
    return items if chosen.greater_is_better else -items


def interval(
    *,
    metric: str,
    labels: Array,
    predictions: Array,
    n_classes: int | None,
    loss_cap: float | None = None,
    confidence_level: float = 0.95,
) -> Interval:
    """
    A two-sided interval of the score, in the metric's own units.

    Notes
    -----
    Wilson for accuracy, DeLong for AUC; else the normal interval from the influence values, cut to the
    metric's range. Assumes independent items and a submission that does not depend on their labels:
    of a selected submission it says how noisy the score is, not where the truth lies.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    chosen = METRICS[metric]
    if metric == "accuracy":
        right = int(np.count_nonzero(given.labels == given.predicted))
        return wilson(successes=right, n=given.n, confidence_level=confidence_level)
    if metric == "roc_auc" and 0 < given.labels.sum() < given.n:
        assert given.probabilities is not None
        return delong(
            labels=given.labels, scores=given.probabilities, confidence_level=confidence_level
        ).interval
    value = chosen.value(given)
    spread = chosen.items(given).std(ddof=1) / np.sqrt(given.n) if given.n > 1 else 0.0
    half = float(sps.norm.ppf(0.5 + confidence_level / 2) * spread)
    return Interval(low=max(value - half, chosen.low), high=min(value + half, chosen.high))


def _correct(given: Evaluation) -> Floats:
    return np.asarray(given.labels == given.predicted, dtype=np.float64)


def _recalls(given: Evaluation) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    counts = np.bincount(given.labels, minlength=given.n_classes).astype(np.float64)
    hits = np.bincount(given.labels, weights=_correct(given), minlength=given.n_classes)
    occurs = counts > 0
    return np.divide(hits, counts, out=np.zeros_like(hits), where=occurs), counts, occurs


def _balanced_accuracy(given: Evaluation) -> float:
    recalls, _, occurs = _recalls(given)
    return float(recalls[occurs].mean())


def _balanced_accuracy_items(given: Evaluation) -> Floats:
    recalls, counts, occurs = _recalls(given)
    surplus = _correct(given) - recalls[given.labels]
    influence: Floats = surplus * given.n / counts[given.labels] / occurs.sum()
    return _balanced_accuracy(given) + influence


def _f1_parts(given: Evaluation) -> tuple[Floats, Floats]:
    """F1 of each class, and its denominator 2 TP + FP + FN."""
    assert given.predicted is not None
    hits = np.bincount(given.labels, weights=_correct(given), minlength=given.n_classes)
    sizes = np.bincount(given.labels, minlength=given.n_classes) + np.bincount(
        given.predicted, minlength=given.n_classes
    )
    scores = np.divide(2 * hits, sizes, out=np.zeros(given.n_classes), where=sizes > 0)
    return scores, sizes.astype(np.float64)


def _macro_f1(given: Evaluation) -> float:
    return float(_f1_parts(given)[0].mean())


def _macro_f1_items(given: Evaluation) -> Floats:
    scores, sizes = _f1_parts(given)
    ratio = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    y, p = given.labels, given.predicted
    assert p is not None
    # An item adds 2 [y=p=c] to class c's numerator and [y=c] + [p=c] to its denominator.
    effect = 2 * _correct(given) * ratio[y] - scores[y] * ratio[y] - scores[p] * ratio[p]
    influence: Floats = effect * given.n / given.n_classes
    return float(scores.mean()) + influence


def _mcc_parts(given: Evaluation) -> tuple[Floats, Floats, float, float, float]:
    assert given.predicted is not None
    t = np.bincount(given.labels, minlength=given.n_classes) / given.n
    p = np.bincount(given.predicted, minlength=given.n_classes) / given.n
    covariance = float(_correct(given).mean() - p @ t)
    return t, p, covariance, float(1 - p @ p), float(1 - t @ t)


def _mcc(given: Evaluation) -> float:
    _, _, covariance, of_predicted, of_labels = _mcc_parts(given)
    product = of_predicted * of_labels
    return float(covariance / np.sqrt(product)) if product > 1e-15 else 0.0


def _mcc_items(given: Evaluation) -> Floats:
    t, p, covariance, a, b = _mcc_parts(given)
    value = _mcc(given)
    if a * b <= 1e-15:
        return np.full(given.n, value)
    agreement = float(p @ t)
    labels, predicted = given.labels, given.predicted
    assert predicted is not None
    d_covariance = (
        (_correct(given) - (covariance + agreement))
        - (t[predicted] - agreement)
        - (p[labels] - agreement)
    )
    d_a = -2 * (p[predicted] - float(p @ p))
    d_b = -2 * (t[labels] - float(t @ t))
    influence: Floats = d_covariance / np.sqrt(a * b) - value / 2 * (d_a / a + d_b / b)
    return value + influence


def _of_label(given: Evaluation) -> Floats:
    """The probability that was given to the true class."""
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        return np.where(given.labels == 1, given.probabilities, 1 - given.probabilities)
    result: Floats = given.probabilities[np.arange(given.n), given.labels]
    return result


def _log_loss_items(given: Evaluation) -> Floats:
    result: Floats = -np.log(np.clip(_of_label(given), PROBABILITY_CLIP, 1 - PROBABILITY_CLIP))
    return result


def _brier_items(given: Evaluation) -> Floats:
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        return np.square(given.probabilities - given.labels)
    truth = np.zeros_like(given.probabilities)
    truth[np.arange(given.n), given.labels] = 1
    result: Floats = np.square(given.probabilities - truth).sum(axis=1)
    return result


def _one_class_only(given: Evaluation) -> bool:
    return not 0 < given.labels.sum() < given.n


def _roc_auc(given: Evaluation) -> float:
    if _one_class_only(given):
        return 0.5
    assert given.probabilities is not None
    ranks = sps.rankdata(given.probabilities)
    positive = given.labels == 1
    n_positive = int(positive.sum())
    rank_sum = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(rank_sum / (n_positive * (given.n - n_positive)))


def _roc_auc_items(given: Evaluation) -> Floats:
    if _one_class_only(given):
        return np.full(given.n, 0.5)
    assert given.probabilities is not None
    parts = delong(labels=given.labels, scores=given.probabilities)
    positive = given.labels == 1
    items = np.empty(given.n)
    items[positive] = (parts.of_positives - parts.auc) * given.n / positive.sum()
    items[~positive] = (parts.of_negatives - parts.auc) * given.n / (~positive).sum()
    return parts.auc + items


@dataclass(frozen=True, kw_only=True)
class _Ranking:
    """Items from the highest score down; ties share the end of their group."""

    order: NDArray[np.intp]
    precision: Floats
    depth: Floats
    labels: Floats


def _ranking(given: Evaluation) -> _Ranking:
    assert given.probabilities is not None
    order = np.argsort(-given.probabilities, kind="stable")
    ranked = given.probabilities[order]
    labels = given.labels[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(ranked)), given.n - 1)
    end = last[np.searchsorted(last, np.arange(given.n))]
    depth = end + 1.0
    return _Ranking(
        order=order, precision=np.cumsum(labels)[end] / depth, depth=depth, labels=labels
    )


def _average_precision(given: Evaluation) -> float:
    n_positive = int(given.labels.sum())
    if n_positive == 0:
        return 0.0
    ranking = _ranking(given)
    return float((ranking.precision * ranking.labels).sum() / n_positive)


def _average_precision_items(given: Evaluation) -> Floats:
    n_positive = int(given.labels.sum())
    if n_positive == 0:
        return np.zeros(given.n)
    r = _ranking(given)
    value = float((r.precision * r.labels).sum() / n_positive)
    # An item moves the precision of every positive at or below it by (y - precision)/depth; the
    # suffix sums start where the item's own group of ties starts.
    start = np.searchsorted(r.depth, r.depth, side="left")
    weight = np.append(np.cumsum((r.labels / r.depth)[::-1])[::-1], 0.0)[start]
    moved = np.append(np.cumsum((r.labels * r.precision / r.depth)[::-1])[::-1], 0.0)[start]
    influence = (
        given.n / n_positive * (r.labels * (r.precision - value) + r.labels * weight - moved)
    )
    items = np.empty(given.n)
    items[r.order] = value + influence - influence.mean()
    return items


def _squared(given: Evaluation) -> Floats:
    assert given.errors is not None
    return np.square(given.errors)


def _rmse(given: Evaluation) -> float:
    return float(np.sqrt(_squared(given).mean()))


def _rmse_items(given: Evaluation) -> Floats:
    value, squared = _rmse(given), _squared(given)
    if value == 0:
        return np.zeros(given.n)
    result: Floats = value + (squared - squared.mean()) / (2 * value)
    return result


def _mae_items(given: Evaluation) -> Floats:
    assert given.errors is not None
    return np.abs(given.errors)


def _r2(given: Evaluation) -> float:
    residual = float(_squared(given).mean())
    total = float(given.labels.var())
    if total < SMALLEST_VARIANCE:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


def _r2_items(given: Evaluation) -> Floats:
    squared = _squared(given)
    deviations = np.square(given.labels - given.labels.mean())
    total = float(deviations.mean())
    if total < SMALLEST_VARIANCE:
        return np.full(given.n, _r2(given))
    ratio = squared.mean() / total
    result: Floats = _r2(given) - (squared - squared.mean() - ratio * (deviations - total)) / total
    return result


def _mean(items: Callable[[Evaluation], Floats]) -> Callable[[Evaluation], float]:
    return lambda given: float(items(given).mean())


_CLASSES = frozenset({"binary", "multiclass"})
_BINARY = frozenset({"binary"})
_REGRESSION = frozenset({"regression"})
_LABELS = frozenset({"label", "probability"})
_PROBABILITIES = frozenset({"probability"})
_VALUES = frozenset({"value"})


def _metric(
    name: str,
    tasks: frozenset[str],
    forms: frozenset[str],
    items: Callable[[Evaluation], Floats],
    value: Callable[[Evaluation], float] | None = None,
    *,
    better: bool = True,
    low: float = 0.0,
    high: float = 1.0,
) -> Metric:
    return Metric(
        name=name,
        tasks=tasks,
        forms=forms,
        greater_is_better=better,
        items=items,
        value=value or _mean(items),
        low=low,
        high=high,
        is_mean=value is None,
    )


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        _metric("accuracy", _CLASSES, _LABELS, _correct),
        _metric(
            "balanced_accuracy", _CLASSES, _LABELS, _balanced_accuracy_items, _balanced_accuracy
        ),
        _metric("macro_f1", _CLASSES, _LABELS, _macro_f1_items, _macro_f1),
        _metric("mcc", _CLASSES, _LABELS, _mcc_items, _mcc, low=-1.0),
        _metric("log_loss", _CLASSES, _PROBABILITIES, _log_loss_items, better=False, high=np.inf),
        _metric("brier", _CLASSES, _PROBABILITIES, _brier_items, better=False, high=2.0),
        _metric("roc_auc", _BINARY, _PROBABILITIES, _roc_auc_items, _roc_auc),
        _metric(
            "average_precision",
            _BINARY,
            _PROBABILITIES,
            _average_precision_items,
            _average_precision,
        ),
        _metric("rmse", _REGRESSION, _VALUES, _rmse_items, _rmse, better=False, high=np.inf),
        _metric("mae", _REGRESSION, _VALUES, _mae_items, better=False, high=np.inf),
        _metric("r2", _REGRESSION, _VALUES, _r2_items, _r2, low=-np.inf),
    ]
}
