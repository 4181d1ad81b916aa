"""Metrics of what decisions cost: means of items, lower better."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules


def cost_items(evaluation: Evaluation) -> Floats:
    assert evaluation.costs is not None
    result: Floats = evaluation.costs[evaluation.labels, evaluation.codes]
    return result


def regret_items(evaluation: Evaluation) -> Floats:
    """Compute what an item costs above the cheapest decision for its true class."""
    assert evaluation.costs is not None
    result: Floats = cost_items(evaluation) - evaluation.costs.min(axis=1)[evaluation.labels]
    return result


def cost_bounds(rules: Rules) -> Bounds:
    costs = _matrix(rules)
    return float(costs.min()), float(costs.max())


def regret_bounds(rules: Rules) -> Bounds:
    return 0.0, float(np.ptp(_matrix(rules), axis=1).max())


def _matrix(rules: Rules) -> Floats:
    return np.array(rules.cost_matrix, dtype=np.float64)
