"""Metrics of what decisions cost: means of items, lower better."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules


def cost_items(given: Evaluation) -> Floats:
    assert given.costs is not None
    result: Floats = given.costs[given.labels, given.codes]
    return result


def regret_items(given: Evaluation) -> Floats:
    """Compute what an item costs above the cheapest decision for its true class."""
    assert given.costs is not None
    result: Floats = cost_items(given) - given.costs.min(axis=1)[given.labels]
    return result


def cost_bounds(rules: Rules) -> Bounds:
    costs = _matrix(rules)
    return float(costs.min()), float(costs.max())


def regret_bounds(rules: Rules) -> Bounds:
    return 0.0, float(np.ptp(_matrix(rules), axis=1).max())


def _matrix(rules: Rules) -> Floats:
    return np.array(rules.cost_matrix, dtype=np.float64)
