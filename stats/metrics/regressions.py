"""Metrics of errors, and the influence of each item on them."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules
from stats.scaling import exponent_of, scaled

# Less variance than this counts as none: ratios to it would overflow.
MIN_VARIANCE = 1e-40


def _squared(given: Evaluation) -> Floats:
    assert given.errors is not None
    return np.square(given.errors)


def error_bounds(rules: Rules) -> Bounds:
    return 0.0, np.inf if rules.loss_cap is None else rules.loss_cap


def rmse(given: Evaluation) -> float:
    errors, scale = _scaled(given)
    return float(np.sqrt(np.square(errors).mean())) * scale


def rmse_items(given: Evaluation) -> Floats:
    errors, scale = _scaled(given)
    squared = np.square(errors)
    value = float(np.sqrt(squared.mean()))
    if value == 0:
        return np.zeros(given.n)
    result: Floats = (value + (squared - squared.mean()) / (2 * value)) * scale
    return result


def _scaled(given: Evaluation) -> tuple[Floats, float]:
    """Return errors in units of their own size, and that unit: small errors make no perfect file."""
    assert given.errors is not None
    exponent = exponent_of(given.errors)
    return scaled(given.errors, exponent), float(np.ldexp(1.0, exponent))


def mae_items(given: Evaluation) -> Floats:
    assert given.errors is not None
    return np.abs(given.errors)


def _deviations(given: Evaluation) -> Floats:
    """Square the labels' deviations from their mean; exactly 0 where all labels are equal."""
    if given.labels.min() == given.labels.max():
        return np.zeros(given.n)
    result: Floats = np.square(given.labels - given.labels.mean())
    return result


def r2(given: Evaluation) -> float:
    residual, total = float(_squared(given).mean()), float(_deviations(given).mean())
    if total < MIN_VARIANCE:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


def r2_items(given: Evaluation) -> Floats:
    squared, deviations = _squared(given), _deviations(given)
    total = float(deviations.mean())
    if total < MIN_VARIANCE:
        return np.full(given.n, r2(given))
    ratio = squared.mean() / total
    result: Floats = r2(given) - (squared - squared.mean() - ratio * (deviations - total)) / total
    return result


def r2_bounds(rules: Rules) -> Bounds:
    return -np.inf, 1.0
