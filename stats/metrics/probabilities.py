"""Proper scores of probabilities: means of items."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules


def log_loss_items(given: Evaluation) -> Floats:
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        of_label = np.where(given.labels == 1, given.probabilities, 1 - given.probabilities)
    else:
        of_label = given.probabilities[np.arange(given.n), given.labels]
    clip = given.probability_clip
    result: Floats = -np.log(np.clip(of_label, clip, 1 - clip))
    return result


def log_loss_bounds(rules: Rules) -> Bounds:
    clip = rules.probability_clip
    return float(-np.log(1 - clip)), float(-np.log(clip))


def brier_items(given: Evaluation) -> Floats:
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        return np.square(given.probabilities - given.labels)
    truth = np.zeros_like(given.probabilities)
    truth[np.arange(given.n), given.labels] = 1
    result: Floats = np.square(given.probabilities - truth).sum(axis=1)
    return result


def brier_bounds(rules: Rules) -> Bounds:
    """Bound an item's value: of two classes one probability is given, and its square counts once."""
    return 0.0, 1.0 if rules.n_classes == 2 else 2.0
