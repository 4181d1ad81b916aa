"""The metrics: a score, its per-item values and its interval, for each task and prediction form.

Direction: `greater_is_better` says it; `oriented` turns a value so that higher is better. Every metric is
total: a valid file has a finite score whatever the labels are, so a failure can never depend on a label.
Degenerate cases have fixed values: AUC .5 where only one class occurs; average precision 0 without
positives; MCC 0 where the labels or the predictions are constant; balanced accuracy averages the classes
that occur, macro F1 those that occur or are predicted; R2 of constant labels 1 for a perfect file, else 0.

Arrays. Labels: class codes 0..C-1 of shape (n,), or float64 (n,) for regression. Predictions, by form:
label, integer codes (n,); probability, float64 (n,) of class 1 if binary, else (n, C); value, float64
(n,). A metric of labels takes the most probable class of a probability file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps

from stats.arguments import check_fractions
from stats.intervals import Interval, delong, wilson
from stats.metrics import counts, probabilities, rankings, regressions
from stats.metrics.evaluation import Array, Evaluation, Floats, evaluation

__all__ = [
    "METRICS",
    "Evaluation",
    "Metric",
    "evaluation",
    "interval",
    "oriented",
    "per_item_scores",
    "score",
]

CLASSES = frozenset({"binary", "multiclass"})
BINARY = frozenset({"binary"})
REGRESSION = frozenset({"regression"})
LABELS = frozenset({"label", "probability"})
PROBABILITIES = frozenset({"probability"})
VALUES = frozenset({"value"})


@dataclass(frozen=True, kw_only=True)
class Metric:
    """
    One metric.

    Parameters
    ----------
    name, label : str
        Its key, and its name for people.
    tasks, forms : frozenset of str
        The tasks (binary, multiclass, regression) and prediction forms (label, probability, value) that
        it scores.
    greater_is_better : bool
    items : function
        Per-item values in the metric's own direction. Of a metric that is no mean of items, influence
        values: the score plus each item's first-order effect on it.
    value : function or None
        The score; None: the mean of the items.
    low, high : float
        Bounds of the score.
    by_class : bool
        Whether a small class weighs as much as a large one.
    counts_items : bool
        Whether the score is a count of items over n, so that it has n + 1 values.
    """

    name: str
    label: str
    tasks: frozenset[str]
    forms: frozenset[str]
    items: Callable[[Evaluation], Floats]
    value: Callable[[Evaluation], float] | None = None
    greater_is_better: bool = True
    low: float = 0.0
    high: float = 1.0
    by_class: bool = False
    counts_items: bool = False

    @property
    def is_mean(self) -> bool:
        """Whether the score is the mean of its items, which every proven bound needs."""
        return self.value is None

    def score(self, given: Evaluation) -> float:
        """The score in the metric's own units."""
        return float(self.items(given).mean()) if self.value is None else self.value(given)

    def unit(self, *, n_classes: int | None = None, loss_cap: float | None = None) -> float:
        """
        The range u of one item's value, which floors and grids are shares of.

        Parameters
        ----------
        n_classes : int, optional
        loss_cap : float, optional
            Largest error that counts, in the label's units.

        Returns
        -------
        float
            Of R2, whose range has no lower end, 1: from a constant prediction to a perfect one.

        Raises
        ------
        ValueError
            For a regression without a positive loss cap.
        """
        if "regression" in self.tasks:
            if loss_cap is None or not loss_cap > 0:
                raise ValueError(f"{self.name}: a regression needs a positive loss cap")
            return 1.0 if self.name == "r2" else float(loss_cap)
        if self.name == "brier":
            return 2.0 if n_classes is not None and n_classes > 2 else 1.0
        return self.high - self.low


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        Metric(
            name="accuracy",
            label="accuracy",
            tasks=CLASSES,
            forms=LABELS,
            items=counts.correct,
            counts_items=True,
        ),
        Metric(
            name="balanced_accuracy",
            label="balanced accuracy",
            tasks=CLASSES,
            forms=LABELS,
            items=counts.balanced_accuracy_items,
            value=counts.balanced_accuracy,
            by_class=True,
        ),
        Metric(
            name="macro_f1",
            label="macro F1",
            tasks=CLASSES,
            forms=LABELS,
            items=counts.macro_f1_items,
            value=counts.macro_f1,
            by_class=True,
        ),
        Metric(
            name="mcc",
            label="Matthews correlation",
            tasks=CLASSES,
            forms=LABELS,
            items=counts.mcc_items,
            value=counts.mcc,
            low=-1.0,
            by_class=True,
        ),
        Metric(
            name="log_loss",
            label="log loss",
            tasks=CLASSES,
            forms=PROBABILITIES,
            items=probabilities.log_loss_items,
            greater_is_better=False,
            low=float(-np.log(1 - probabilities.PROBABILITY_CLIP)),
            high=float(-np.log(probabilities.PROBABILITY_CLIP)),
        ),
        Metric(
            name="brier",
            label="Brier score",
            tasks=CLASSES,
            forms=PROBABILITIES,
            items=probabilities.brier_items,
            greater_is_better=False,
            high=2.0,
        ),
        Metric(
            name="roc_auc",
            label="ROC AUC",
            tasks=BINARY,
            forms=PROBABILITIES,
            items=rankings.roc_auc_items,
            value=rankings.roc_auc,
            by_class=True,
        ),
        Metric(
            name="average_precision",
            label="average precision",
            tasks=BINARY,
            forms=PROBABILITIES,
            items=rankings.average_precision_items,
            value=rankings.average_precision,
            by_class=True,
        ),
        Metric(
            name="rmse",
            label="RMSE",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.rmse_items,
            value=regressions.rmse,
            greater_is_better=False,
            high=np.inf,
        ),
        Metric(
            name="mae",
            label="MAE",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.mae_items,
            greater_is_better=False,
            high=np.inf,
        ),
        Metric(
            name="r2",
            label="R²",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.r2_items,
            value=regressions.r2,
            low=-np.inf,
        ),
    ]
}


def oriented(*, metric: str, value: float) -> float:
    """
    Turn a value of a metric so that higher is better; its own inverse.

    Parameters
    ----------
    metric : str
        A key of METRICS.
    value : float
        In the metric's units, or oriented.

    Returns
    -------
    float
        Negated for a loss.

    Notes
    -----
    ValueError for another metric. Cost: O(1). Source: the convention of this module.
    """
    return value if _named(metric).greater_is_better else -value


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
    labels, predictions : arrays, as in the module's docstring
    n_classes : int or None
        None for a regression.
    loss_cap : float, optional
        Regression: errors count up to this size, in the label's units.

    Returns
    -------
    float
        Finite for all valid predictions and all labels.

    Raises
    ------
    ValueError
        If the lengths differ, there are no items, a value is out of range, or there is no such metric of
        such predictions.

    Notes
    -----
    Equal to scikit-learn's function of that name to 1e-12 where that is defined; log loss is that of
    probabilities clipped to [.01, .99]. Cost: O(n), or O(n log n) for AUC and average precision.
    Source: scikit-learn.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    return _scoring(metric, given).score(given)


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

    Parameters and errors as in `score`.

    Returns
    -------
    array of shape (n,), float64
        The items' own scores, or influence values for a metric that is no mean of items.

    Notes
    -----
    The spread of the values, or of two submissions' differences, over sqrt(n) is a standard error.
    Influence values are a first-order (delta method) approximation. Cost: as `score`. Source: STATISTICS C3.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    chosen = _scoring(metric, given)
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

    Parameters and errors as in `score`; `confidence_level` in (0, 1).

    Notes
    -----
    Wilson for accuracy, DeLong for AUC, else Student's t on the (influence) values: formulas, so that
    every submission can have one, and no random number, so that it can be recomputed. It is cut to the
    metric's bounds; that of a metric by class is never narrower than Wilson's intervals of classes
    without a mistake, whose items have no spread. Assumes independent items and a submission that does
    not depend on their labels: of a selected submission it says how noisy the score is, not where the
    truth lies. Cost: as `score`. Source: Wilson, 1927; DeLong, 1988; the delta method.
    """
    given = evaluation(
        labels=labels, predictions=predictions, n_classes=n_classes, loss_cap=loss_cap
    )
    chosen = _scoring(metric, given)
    check_fractions(confidence_level=confidence_level)
    if metric == "accuracy":
        right = int(np.count_nonzero(given.labels == given.codes))
        return wilson(successes=right, n=given.n, confidence_level=confidence_level)
    value, half = _normal(chosen, given, confidence_level)
    if chosen.by_class:
        half = max(half, _least_half_width(chosen, given, confidence_level))
    high = 1.0 if metric == "brier" and given.n_classes == 2 else chosen.high
    # Sums of floats may pass a bound by a hair: the score itself is always inside.
    low, high = max(value - half, chosen.low), min(value + half, high)
    return Interval(low=min(low, value), high=max(high, value))


def _named(metric: str) -> Metric:
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}")
    return METRICS[metric]


def _scoring(metric: str, given: Evaluation) -> Metric:
    """The metric, if it scores such predictions."""
    chosen = _named(metric)
    is_scored = ("regression" in chosen.tasks) == (given.errors is not None)
    is_enough = chosen.forms != PROBABILITIES or given.n_columns > 0
    if not (is_scored and is_enough and (chosen.tasks != BINARY or given.n_columns == 1)):
        raise ValueError(f"predictions: {metric} does not score this form of them")
    return chosen


def _normal(chosen: Metric, given: Evaluation, confidence_level: float) -> tuple[float, float]:
    """The score and half the width of its interval."""
    upper = 0.5 + confidence_level / 2
    if chosen.name == "roc_auc" and rankings.has_both_classes(given):
        assert given.probabilities is not None
        found = delong(labels=given.labels, scores=given.probabilities)
        return found.auc, float(sps.norm.ppf(upper) * np.sqrt(found.variance))
    if given.n == 1:
        return chosen.score(given), 0.0
    spread = chosen.items(given).std(ddof=1) / np.sqrt(given.n)
    return chosen.score(given), float(sps.t.ppf(upper, given.n - 1) * spread)


def _least_half_width(chosen: Metric, given: Evaluation, confidence_level: float) -> float:
    """Each class's Wilson width for a share without a miss, z^2/(n_c+z^2), combined as in a mean."""
    z2 = float(sps.norm.ppf(0.5 + confidence_level / 2) ** 2)
    sizes = given.class_counts
    widths = z2 / (sizes[sizes > 0] + z2)
    return chosen.unit() * float(np.sqrt(np.square(widths).sum()) / len(widths))
