"""The metrics: a score, its per-item values and its interval, for each task and prediction form.

A `Scorer` is one metric under the rules of a benchmark: classes, loss cap, decision threshold, clip of
probabilities and costs. Direction: `greater_is_better` says it; `orient` turns a value so that higher is
better. Every metric is total: a valid file has a finite score whatever the labels are, so a failure can
never depend on a label. Degenerate cases have fixed values: AUC .5 where only one class occurs; average
precision 0 without positives; MCC 0 where the labels or the predictions are constant; balanced accuracy
averages the classes that occur, macro F1 those that occur or are predicted; R2 of constant labels 1 for a
perfect file, else 0.

Arrays. Labels: class codes 0..C-1 of shape (n,), or float64 (n,) for regression. Predictions, by form:
label, integer codes (n,); probability, float64 (n,) of class 1 if binary, else (n, C); value, float64
(n,). A metric of labels decides from a probability file: of two classes for class 1 above the decision
threshold (at it, for class 0), of several for the most probable, at a tie the first.
"""

from stats.metrics.catalogue import METRICS, Metric, oriented
from stats.metrics.evaluation import (
    MAX_LOSS,
    PROBABILITY_CLIP,
    Evaluation,
    Rules,
    check_costs,
)
from stats.metrics.scorer import Scorer

__all__ = [
    "MAX_LOSS",
    "METRICS",
    "PROBABILITY_CLIP",
    "Evaluation",
    "Metric",
    "Rules",
    "Scorer",
    "check_costs",
    "oriented",
]
