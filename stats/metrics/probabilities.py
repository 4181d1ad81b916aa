"""Proper scores of probabilities: means of items."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules


def log_loss_items(evaluation: Evaluation) -> Floats:
    assert evaluation.probabilities is not None
    if evaluation.probabilities.ndim == 1:
        of_label = np.where(
            evaluation.labels == 1, evaluation.probabilities, 1 - evaluation.probabilities
        )
    else:
        of_label = evaluation.probabilities[np.arange(evaluation.n), evaluation.labels]
    clip = evaluation.probability_clip
    result: Floats = -np.log(np.clip(of_label, clip, 1 - clip))
    return result


def log_loss_bounds(rules: Rules) -> Bounds:
    clip = rules.probability_clip
    return float(-np.log(1 - clip)), float(-np.log(clip))


def brier_items(evaluation: Evaluation) -> Floats:
    assert evaluation.probabilities is not None
    if evaluation.probabilities.ndim == 1:
        return np.square(evaluation.probabilities - evaluation.labels)
    truth = np.zeros_like(evaluation.probabilities)
    truth[np.arange(evaluation.n), evaluation.labels] = 1
    result: Floats = np.square(evaluation.probabilities - truth).sum(axis=1)
    return result


def brier_bounds(rules: Rules) -> Bounds:
    """Bound an item's value: of two classes one probability is given, and its square counts once."""
    return 0.0, 1.0 if rules.n_classes == 2 else 2.0
