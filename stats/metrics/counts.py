"""Metrics of the confusion counts, and the influence of each item on them.

An influence value is the score plus the item's first-order effect on it times n: influence values have
the score as their mean, and their spread over sqrt(n) is the score's standard error.
"""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules


def correct(evaluation: Evaluation) -> Floats:
    return evaluation.correct


def _recalls(evaluation: Evaluation) -> tuple[Floats, Floats]:
    """Compute the recall of each class, 0 where it does not occur, and the classes' sizes."""
    sizes = evaluation.class_counts.astype(np.float64)
    hits = np.bincount(
        evaluation.labels, weights=evaluation.correct, minlength=evaluation.n_classes
    )
    return np.divide(hits, sizes, out=np.zeros_like(hits), where=sizes > 0), sizes


def balanced_accuracy(evaluation: Evaluation) -> float:
    recalls, sizes = _recalls(evaluation)
    return float(recalls[sizes > 0].mean())


def balanced_accuracy_items(evaluation: Evaluation) -> Floats:
    recalls, sizes = _recalls(evaluation)
    occurring = recalls[sizes > 0]
    surplus = evaluation.correct - recalls[evaluation.labels]
    influence = surplus * evaluation.n / sizes[evaluation.labels] / len(occurring)
    result: Floats = occurring.mean() + influence
    return result


def _f1_scores(evaluation: Evaluation) -> tuple[Floats, Floats]:
    """Compute the F1 of each class, and its denominator 2 TP + FP + FN."""
    hits = np.bincount(
        evaluation.labels, weights=evaluation.correct, minlength=evaluation.n_classes
    )
    sizes = evaluation.class_counts + np.bincount(evaluation.codes, minlength=evaluation.n_classes)
    scores = np.divide(2 * hits, sizes, out=np.zeros(evaluation.n_classes), where=sizes > 0)
    return scores, sizes.astype(np.float64)


def macro_f1(evaluation: Evaluation) -> float:
    scores, sizes = _f1_scores(evaluation)
    return float(scores[sizes > 0].mean())


def macro_f1_items(evaluation: Evaluation) -> Floats:
    scores, sizes = _f1_scores(evaluation)
    counted = sizes > 0
    ratio = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=counted)
    y, p = evaluation.labels, evaluation.codes
    # An item adds 2 [y=p=c] to class c's numerator and [y=c] + [p=c] to its denominator.
    effect = 2 * evaluation.correct * ratio[y] - scores[y] * ratio[y] - scores[p] * ratio[p]
    influence = effect * evaluation.n / np.count_nonzero(counted)
    result: Floats = scores[counted].mean() + influence
    return result


def _mcc_parts(evaluation: Evaluation) -> tuple[int, int, int]:
    """Return n^2 times the covariances of truth and prediction, without rounding."""
    truth = evaluation.class_counts.tolist()
    predicted = np.bincount(evaluation.codes, minlength=evaluation.n_classes).tolist()
    hits = int(np.count_nonzero(evaluation.labels == evaluation.codes))
    n = evaluation.n
    return (
        hits * n - sum(t * p for t, p in zip(truth, predicted, strict=True)),
        n * n - sum(p * p for p in predicted),
        n * n - sum(t * t for t in truth),
    )


def mcc_bounds(rules: Rules) -> Bounds:
    return -1.0, 1.0


def mcc(evaluation: Evaluation) -> float:
    both, of_predicted, of_truth = _mcc_parts(evaluation)
    if of_predicted == 0 or of_truth == 0:
        return 0.0
    return float(both / np.sqrt(float(of_predicted) * float(of_truth)))


def mcc_items(evaluation: Evaluation) -> Floats:
    both, of_predicted, of_truth = _mcc_parts(evaluation)
    value = mcc(evaluation)
    if of_predicted == 0 or of_truth == 0:
        return np.full(evaluation.n, value)
    a, b = of_predicted / evaluation.n**2, of_truth / evaluation.n**2
    t = evaluation.class_counts / evaluation.n
    p = np.bincount(evaluation.codes, minlength=evaluation.n_classes) / evaluation.n
    y, q = evaluation.labels, evaluation.codes
    # d(hits/n - p.t) for one item, and d(1 - p.p), d(1 - t.t); each minus its mean.
    d_both = evaluation.correct - t[q] - p[y] + float(p @ t) - both / evaluation.n**2
    d_a = -2 * (p[q] - float(p @ p))
    d_b = -2 * (t[y] - float(t @ t))
    influence: Floats = d_both / np.sqrt(a * b) - value / 2 * (d_a / a + d_b / b)
    return value + influence
