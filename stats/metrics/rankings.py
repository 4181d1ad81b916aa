"""Metrics of the order of binary probabilities, and the influence of each item on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.intervals import delong, placements
from stats.metrics.evaluation import Evaluation, Floats

# A curve needs both classes; without them the area is that of a coin.
AREA_OF_ONE_CLASS = 0.5


def has_both_classes(evaluation: Evaluation) -> bool:
    return bool(0 < evaluation.labels.sum() < evaluation.n)


def roc_auc(evaluation: Evaluation) -> float:
    if not has_both_classes(evaluation):
        return AREA_OF_ONE_CLASS
    assert evaluation.probabilities is not None
    of_positives, _ = placements(labels=evaluation.labels, scores=evaluation.probabilities)
    return float(of_positives.mean())


def roc_auc_items(evaluation: Evaluation) -> Floats:
    if not has_both_classes(evaluation):
        return np.full(evaluation.n, AREA_OF_ONE_CLASS)
    assert evaluation.probabilities is not None
    parts = delong(labels=evaluation.labels, scores=evaluation.probabilities)
    positive = evaluation.labels == 1
    influence = np.empty(evaluation.n)
    influence[positive] = (parts.of_positives - parts.auc) * evaluation.n / len(parts.of_positives)
    influence[~positive] = (parts.of_negatives - parts.auc) * evaluation.n / len(parts.of_negatives)
    return parts.auc + influence


@dataclass(frozen=True, kw_only=True)
class _Ranking:
    """Items from the highest probability down; ties share the depth at which their group ends."""

    order: NDArray[np.intp]
    labels: Floats
    depth: Floats
    precision: Floats


def _ranking(evaluation: Evaluation) -> _Ranking:
    assert evaluation.probabilities is not None
    order = np.argsort(-evaluation.probabilities, kind="stable")
    ranked, labels = evaluation.probabilities[order], evaluation.labels[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ranked)), evaluation.n - 1)
    end = np.repeat(ends, np.diff(ends, prepend=-1))
    depth = end + 1.0
    return _Ranking(
        order=order, labels=labels, depth=depth, precision=np.cumsum(labels)[end] / depth
    )


def average_precision(evaluation: Evaluation) -> float:
    n_positive = int(evaluation.labels.sum())
    if n_positive == 0:
        return 0.0
    ranking = _ranking(evaluation)
    return float((ranking.precision * ranking.labels).sum() / n_positive)


def average_precision_items(evaluation: Evaluation) -> Floats:
    n_positive = int(evaluation.labels.sum())
    if n_positive == 0:
        return np.zeros(evaluation.n)
    r = _ranking(evaluation)
    value = float((r.precision * r.labels).sum() / n_positive)
    # An item moves the precision of every positive at or below it by (y - precision) / depth; the
    # suffix sums start where the item's own group of ties starts.
    start = np.searchsorted(r.depth, r.depth, side="left")
    weight = np.cumsum((r.labels / r.depth)[::-1])[::-1][start]
    moved = np.cumsum((r.labels * r.precision / r.depth)[::-1])[::-1][start]
    effect = r.labels * (r.precision - value) + r.labels * weight - moved
    influence = evaluation.n / n_positive * effect
    items = np.empty(evaluation.n)
    items[r.order] = value + influence - influence.mean()
    return items
