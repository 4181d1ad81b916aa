"""The catalogue of metrics: what each scores, in which direction, and between which bounds."""

from collections.abc import Callable
from dataclasses import dataclass

from stats.metrics import costs, counts, probabilities, rankings, regressions
from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules

CLASSES = frozenset({"binary", "multiclass"})
BINARY = frozenset({"binary"})
REGRESSION = frozenset({"regression"})
LABELS = frozenset({"label", "probability"})
PROBABILITIES = frozenset({"probability"})
VALUES = frozenset({"value"})


def _share(rules: Rules) -> Bounds:
    return 0.0, 1.0


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
    bounds : function
        From the benchmark's rules to the lowest and the highest score.
    by_class : bool
        Whether a small class weighs as much as a large one.
    by_decision : bool
        Whether an item's value is one of the few that a decision can have, so that the worst may be
        rarer than one in n.
    counts_items : bool
        Whether the score is a count of items over n, so that it has n + 1 values.
    needs_costs : bool
        Whether it is of a cost matrix.
    """

    name: str
    label: str
    tasks: frozenset[str]
    forms: frozenset[str]
    items: Callable[[Evaluation], Floats]
    value: Callable[[Evaluation], float] | None = None
    greater_is_better: bool = True
    bounds: Callable[[Rules], Bounds] = _share
    by_class: bool = False
    by_decision: bool = False
    counts_items: bool = False
    needs_costs: bool = False

    @property
    def is_mean(self) -> bool:
        """Whether the score is the mean of its items, which every proven bound needs."""
        return self.value is None

    def score(self, evaluation: Evaluation) -> float:
        """Compute the score in the metric's own units."""
        return (
            float(self.items(evaluation).mean()) if self.value is None else self.value(evaluation)
        )

    def orient(self, value: float) -> float:
        """Turn a value so that higher is better; its own inverse."""
        return value if self.greater_is_better else -value


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
            bounds=counts.mcc_bounds,
            by_class=True,
        ),
        Metric(
            name="log_loss",
            label="log loss",
            tasks=CLASSES,
            forms=PROBABILITIES,
            items=probabilities.log_loss_items,
            greater_is_better=False,
            bounds=probabilities.log_loss_bounds,
        ),
        Metric(
            name="brier",
            label="Brier score",
            tasks=CLASSES,
            forms=PROBABILITIES,
            items=probabilities.brier_items,
            greater_is_better=False,
            bounds=probabilities.brier_bounds,
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
            name="expected_cost",
            label="expected cost",
            tasks=CLASSES,
            forms=LABELS,
            items=costs.cost_items,
            greater_is_better=False,
            bounds=costs.cost_bounds,
            by_decision=True,
            needs_costs=True,
        ),
        Metric(
            name="expected_regret",
            label="expected regret",
            tasks=CLASSES,
            forms=LABELS,
            items=costs.regret_items,
            greater_is_better=False,
            bounds=costs.regret_bounds,
            by_decision=True,
            needs_costs=True,
        ),
        Metric(
            name="rmse",
            label="RMSE",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.rmse_items,
            value=regressions.rmse,
            greater_is_better=False,
            bounds=regressions.error_bounds,
        ),
        Metric(
            name="mae",
            label="MAE",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.mae_items,
            greater_is_better=False,
            bounds=regressions.error_bounds,
        ),
        Metric(
            name="r2",
            label="R²",
            tasks=REGRESSION,
            forms=VALUES,
            items=regressions.r2_items,
            value=regressions.r2,
            bounds=regressions.r2_bounds,
        ),
    ]
}


def named(metric: str) -> Metric:
    """Return the metric of this name; a ValueError lists those that there are."""
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}")
    return METRICS[metric]


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
    ValueError for another metric. Cost: O(1). Source: the convention of `stats.metrics`.
    """
    return named(metric).orient(value)
