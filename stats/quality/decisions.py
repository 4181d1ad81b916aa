"""What predictions are worth when they decide something: cost, net benefit, thresholds.

Labels 0 or 1, probabilities of class 1; an item is treated as 1 if its probability is at least the
threshold. Costs are in any unit; lower is better. Formulas: docs/method.md, "Decisions".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_fractions
from stats.quality.forecasts import checked_codes, checked_forecasts

Floats = NDArray[np.float64]

N_DRAWS = 500
SENSITIVITY_RANGE = 0.05


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """
    Cost at every threshold that makes a difference.

    Parameters
    ----------
    thresholds : array of shape (t,)
        Ascending; the last one treats nobody.
    cost : array of shape (t,)
        Mean cost of an item.
    low, high : arrays of shape (t,)
        Percentile bootstrap band, pointwise.
    best : int
        Index of the smallest cost, of equal ones the first.
    """

    thresholds: Floats
    cost: Floats
    low: Floats
    high: Floats
    best: int

    @property
    def plausible(self) -> Floats:
        """Thresholds whose interval reaches the interval of the smallest cost."""
        result: Floats = self.thresholds[self.low <= self.high[self.best]]
        return result


@dataclass(frozen=True, kw_only=True)
class DecisionCost:
    """
    What deciding by the probabilities costs.

    Parameters
    ----------
    threshold : float
        t* = c_FP / (c_FP + c_FN): the best one if the probabilities are calibrated.
    cost : float
        Mean cost of an item at t*.
    best_threshold, best_cost : float
        The cheapest threshold on these items.
    regret : float, >= 0
        cost - best_cost: what calibration would save at most.
    sensitivity : float, >= 0
        Range of the cost over t* +- .05.
    """

    threshold: float
    cost: float
    best_threshold: float
    best_cost: float
    regret: float
    sensitivity: float


def expected_cost(*, labels: ArrayLike, predictions: ArrayLike, costs: ArrayLike) -> float:
    """
    Compute the mean cost of predicted classes.

    Parameters
    ----------
    labels, predictions : array-like of shape (n,)
        Class codes 0..C-1.
    costs : array-like of shape (C, C)
        Of predicting the column's class where the row's is true.

    Returns
    -------
    float
        In the unit of `costs`.

    Raises
    ------
    ValueError
        If shapes differ, there is no item, a code is out of range or a cost is not finite.

    Notes
    -----
    Cost: O(n). Source: C. Elkan, 2001.
    """
    matrix = np.asarray(costs, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError("costs: a finite square matrix is needed")
    truth = checked_codes(codes=labels, name="labels", n_classes=len(matrix))
    given = checked_codes(codes=predictions, name="predictions", n_classes=len(matrix))
    if truth.shape != given.shape:
        raise ValueError("predictions: one for each label is needed")
    return float(matrix[truth, given].mean())


def net_benefit(*, labels: ArrayLike, probabilities: ArrayLike, threshold: float) -> float:
    """
    Compute the net benefit of treating items whose probability reaches the threshold.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    threshold : float in (0, 1)
        Probability at which treating and not treating are worth the same.

    Returns
    -------
    float
        True positives an item, less false positives weighted by the odds; treating nobody has 0.

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    TP/n - FP/n t/(1-t). Cost: O(n). Source: Vickers and Elkin, 2006.
    """
    truth, given = checked_forecasts(labels, probabilities)
    check_fractions(threshold=threshold)
    treated = given >= threshold
    odds = threshold / (1 - threshold)
    return float(np.mean(treated & (truth == 1)) - np.mean(treated & (truth == 0)) * odds)


def net_benefit_of_all(*, labels: ArrayLike, threshold: float) -> float:
    """
    Compute the net benefit of treating everybody.

    Parameters
    ----------
    labels : array-like of shape (n,)
    threshold : float in (0, 1)

    Returns
    -------
    float
        pi - (1 - pi) t/(1-t), pi the share of label 1.

    Raises
    ------
    ValueError
        If there is no item or a value is out of range.

    Notes
    -----
    Cost: O(n). Source: Vickers and Elkin, 2006.
    """
    truth = np.asarray(labels, dtype=np.float64)
    return net_benefit(labels=truth, probabilities=np.ones(truth.shape), threshold=threshold)


def threshold_sweep(
    *,
    labels: ArrayLike,
    probabilities: ArrayLike,
    cost_false_positive: float,
    cost_false_negative: float,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> Sweep:
    """
    Compute the mean cost at every threshold, with a band.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    cost_false_positive, cost_false_negative : float, > 0
        Right decisions cost nothing.
    rng : numpy Generator
    n_draws : int, default=500
        Poisson bootstrap over items.
    confidence_level : float in (0, 1)

    Returns
    -------
    Sweep

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Sorted once; costs are cumulative weighted counts. Assumes independent items. With t
    distinct probabilities. Cost: O(n log n + n_draws t); memory O(n_draws t). Source: docs/method.md,
    "Decisions".
    """
    truth, given = checked_forecasts(labels, probabilities)
    _check_costs(cost_false_positive, cost_false_negative)
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)
    thresholds, number = np.unique(given, return_inverse=True)
    levels = len(thresholds) + 1
    # Weights of Poisson(1) of the items of one level sum to a Poisson number with their count as its mean.
    counts = np.array(
        [np.bincount(number[truth == y], minlength=levels - 1) for y in (0, 1)], dtype=np.float64
    )
    weights = np.concatenate([counts[None], rng.poisson(counts, size=(n_draws, *counts.shape))])
    false_negatives, false_positives = np.zeros((2, len(weights), levels))
    false_negatives[:, 1:] = np.cumsum(weights[:, 1], axis=1)
    false_positives[:, :-1] = np.cumsum(weights[:, 0, ::-1], axis=1)[:, ::-1]
    total = np.maximum(weights.sum(axis=(1, 2))[:, None], 1.0)
    costs = (cost_false_negative * false_negatives + cost_false_positive * false_positives) / total
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(costs[1:], [tail, 1 - tail], axis=0)
    return Sweep(
        thresholds=np.append(thresholds, np.inf),
        cost=costs[0],
        low=low,
        high=high,
        best=int(np.argmin(costs[0])),
    )


def decision_cost(
    *,
    labels: ArrayLike,
    probabilities: ArrayLike,
    cost_false_positive: float,
    cost_false_negative: float,
) -> DecisionCost:
    """
    Compare the cost at the threshold for calibrated probabilities with that at the best one.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n,)
    cost_false_positive, cost_false_negative : float, > 0

    Returns
    -------
    DecisionCost

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    The best threshold is chosen on these very items, so its cost is optimistic. Cost: O(n log n).
    Source: C. Elkan, 2001.
    """
    truth, given = checked_forecasts(labels, probabilities)
    _check_costs(cost_false_positive, cost_false_negative)
    target = cost_false_positive / (cost_false_positive + cost_false_negative)
    thresholds, number = np.unique(given, return_inverse=True)
    positives = np.bincount(number, weights=truth)
    missed = np.append(0, np.cumsum(positives))
    treated = np.append(np.cumsum((np.bincount(number) - positives)[::-1])[::-1], 0)
    costs = (cost_false_negative * missed + cost_false_positive * treated) / len(truth)
    # A threshold costs what the next probability that reaches it does.
    near = (target - SENSITIVITY_RANGE, target, target + SENSITIVITY_RANGE)
    first, at, last = np.searchsorted(thresholds, near)
    around = costs[first : last + 1]
    best = int(np.argmin(costs))
    return DecisionCost(
        threshold=target,
        cost=float(costs[at]),
        best_threshold=float(np.append(thresholds, np.inf)[best]),
        best_cost=float(costs[best]),
        regret=float(costs[at] - costs[best]),
        sensitivity=float(np.ptp(around)),
    )


def _check_costs(*costs: float) -> None:
    if not all(np.isfinite(each) and each > 0 for each in costs):
        raise ValueError("cost_false_positive and cost_false_negative must be positive")
