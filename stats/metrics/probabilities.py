"""Proper scores of probabilities: means of items."""

import numpy as np

from stats.metrics.evaluation import Evaluation, Floats

# A log loss is released query by query, and without a clip one item could tell its label.
PROBABILITY_CLIP = 0.01


def log_loss_items(given: Evaluation) -> Floats:
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        of_label = np.where(given.labels == 1, given.probabilities, 1 - given.probabilities)
    else:
        of_label = given.probabilities[np.arange(given.n), given.labels]
    result: Floats = -np.log(np.clip(of_label, PROBABILITY_CLIP, 1 - PROBABILITY_CLIP))
    return result


def brier_items(given: Evaluation) -> Floats:
    assert given.probabilities is not None
    if given.probabilities.ndim == 1:
        return np.square(given.probabilities - given.labels)
    truth = np.zeros_like(given.probabilities)
    truth[np.arange(given.n), given.labels] = 1
    result: Floats = np.square(given.probabilities - truth).sum(axis=1)
    return result
