"""Metrics of errors, and the influence of each item on them."""

import numpy as np

from stats.metrics.evaluation import Bounds, Evaluation, Floats, Rules
from stats.scaling import exponent_of, scaled

# Less variance than this counts as none: ratios to it would overflow.
MIN_VARIANCE = 1e-40


def _squared(evaluation: Evaluation) -> Floats:
    assert evaluation.errors is not None
    return np.square(evaluation.errors)


def error_bounds(rules: Rules) -> Bounds:
    return 0.0, np.inf if rules.loss_cap is None else rules.loss_cap


def rmse(evaluation: Evaluation) -> float:
    errors, scale = _scaled(evaluation)
    return float(np.sqrt(np.square(errors).mean())) * scale


def rmse_items(evaluation: Evaluation) -> Floats:
    errors, scale = _scaled(evaluation)
    squared = np.square(errors)
    value = float(np.sqrt(squared.mean()))
    if value == 0:
        return np.zeros(evaluation.n)
    result: Floats = (value + (squared - squared.mean()) / (2 * value)) * scale
    return result


def _scaled(evaluation: Evaluation) -> tuple[Floats, float]:
    """Return errors in units of their own size, and that unit: small errors make no perfect file."""
    assert evaluation.errors is not None
    exponent = exponent_of(evaluation.errors)
    return scaled(evaluation.errors, exponent), float(np.ldexp(1.0, exponent))


def mae_items(evaluation: Evaluation) -> Floats:
    assert evaluation.errors is not None
    return np.abs(evaluation.errors)


def _deviations(evaluation: Evaluation) -> Floats:
    """Square the labels' deviations from their mean; exactly 0 where all labels are equal."""
    if evaluation.labels.min() == evaluation.labels.max():
        return np.zeros(evaluation.n)
    result: Floats = np.square(evaluation.labels - evaluation.labels.mean())
    return result


def r2(evaluation: Evaluation) -> float:
    residual, total = float(_squared(evaluation).mean()), float(_deviations(evaluation).mean())
    if total < MIN_VARIANCE:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


def r2_items(evaluation: Evaluation) -> Floats:
    squared, deviations = _squared(evaluation), _deviations(evaluation)
    total = float(deviations.mean())
    if total < MIN_VARIANCE:
        return np.full(evaluation.n, r2(evaluation))
    ratio = squared.mean() / total
    result: Floats = (
        r2(evaluation) - (squared - squared.mean() - ratio * (deviations - total)) / total
    )
    return result


def r2_bounds(rules: Rules) -> Bounds:
    return -np.inf, 1.0
