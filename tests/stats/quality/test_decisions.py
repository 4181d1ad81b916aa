"""Costs and thresholds by hand and by brute force."""

from typing import Any

import numpy as np
import pytest

from stats.quality.decisions import (
    decision_cost,
    expected_cost,
    net_benefit,
    net_benefit_of_all,
    threshold_sweep,
)

LABELS = [0, 0, 1, 1]
FORECASTS = [0.1, 0.6, 0.4, 0.9]
SWEPT: dict[str, Any] = {
    "labels": LABELS,
    "probabilities": FORECASTS,
    "cost_false_positive": 1,
    "cost_false_negative": 1,
    "rng": np.random.default_rng(1),
}


def test_expected_cost_reads_the_matrix() -> None:
    costs = [[0, 1], [5, 0]]

    assert expected_cost(labels=LABELS, predictions=[0, 1, 0, 1], costs=costs) == (1 + 5) / 4


def test_net_benefit_by_hand() -> None:
    """At .5 one true and one false positive of four; at .2 two and one, with odds 1/4."""
    assert net_benefit(labels=LABELS, probabilities=FORECASTS, threshold=0.5) == 0.25 - 0.25
    found = net_benefit(labels=LABELS, probabilities=FORECASTS, threshold=0.2)
    assert found == pytest.approx(0.5 - 0.25 / 4)
    assert net_benefit_of_all(labels=LABELS, threshold=0.2) == pytest.approx(0.5 - 0.5 / 4)


def test_cost_at_the_target_beside_the_best() -> None:
    """c_FP 1, c_FN 4: t* = .2; treating from .2 on costs one false positive, as from .4 on."""
    found = decision_cost(
        labels=LABELS, probabilities=FORECASTS, cost_false_positive=1, cost_false_negative=4
    )

    assert found.threshold == pytest.approx(0.2)
    assert (found.cost, found.best_cost, found.regret) == (0.25, 0.25, 0)
    assert found.best_threshold == 0.4
    assert found.sensitivity == 0


def test_sensitivity_is_the_range_around_the_target() -> None:
    found = decision_cost(
        labels=[0, 1], probabilities=[0.48, 0.52], cost_false_positive=1, cost_false_negative=1
    )

    assert (found.threshold, found.cost) == (0.5, 0)
    # From .45 on the negative is treated, from .55 on the positive is not.
    assert found.sensitivity == 0.5


def test_sweep_is_the_cost_at_each_threshold() -> None:
    rng = np.random.default_rng(221)
    probabilities = rng.random(60).round(1)
    labels = (rng.random(60) < probabilities).astype(int)

    found = threshold_sweep(
        labels=labels,
        probabilities=probabilities,
        cost_false_positive=1,
        cost_false_negative=3,
        rng=rng,
        n_draws=200,
    )

    for threshold, cost in zip(found.thresholds, found.cost, strict=True):
        treated = probabilities >= threshold
        wrong = np.mean(treated & (labels == 0)) + 3 * np.mean(~treated & (labels == 1))
        assert cost == pytest.approx(wrong)
    assert found.cost[found.best] == found.cost.min()
    assert found.thresholds[found.best] in found.plausible
    assert (found.low <= found.high).all()


def test_band_has_the_spread_of_resampled_items() -> None:
    """Seed 222, 2,000 draws, 300 items: the middle width within 10 % of the index bootstrap's."""
    rng = np.random.default_rng(222)
    probabilities = rng.choice([0.2, 0.5, 0.8], 300)
    labels = (rng.random(300) < probabilities).astype(int)
    given: dict[str, Any] = {"cost_false_positive": 1, "cost_false_negative": 1}

    found = threshold_sweep(
        labels=labels, probabilities=probabilities, rng=rng, n_draws=2_000, **given
    )

    wrong = (probabilities >= 0.5) != (labels == 1)
    slow = wrong[rng.integers(300, size=(2_000, 300))].mean(axis=1)
    width = np.subtract(*np.quantile(slow, [0.975, 0.025]))
    assert found.high[1] - found.low[1] == pytest.approx(width, rel=0.10)


def test_costs_are_those_of_every_threshold_tried() -> None:
    """200 small samples with ties, seed 224, by brute force over thresholds."""
    rng = np.random.default_rng(224)
    for _ in range(200):
        chances = rng.random(rng.integers(1, 20)).round(1)
        labels = (rng.random(len(chances)) < chances).astype(int)
        tried = np.append(np.unique(chances), np.inf)
        target = 1 / 4

        def cost(threshold: float, chances: Any = chances, labels: Any = labels) -> float:
            treated = chances >= threshold
            wrong = 3 * (~treated & (labels == 1)) + (treated & (labels == 0))
            return float(wrong.mean())

        found = decision_cost(
            labels=labels, probabilities=chances, cost_false_positive=1, cost_false_negative=3
        )

        around = [cost(each) for each in np.linspace(target - 0.05, target + 0.05, 41)]
        assert found.threshold == target
        assert found.cost == pytest.approx(cost(target))
        assert found.best_cost == pytest.approx(min(map(cost, tried)))
        assert cost(found.best_threshold) == pytest.approx(found.best_cost)
        assert found.regret == pytest.approx(found.cost - found.best_cost)
        assert found.sensitivity == pytest.approx(max(around) - min(around))


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (expected_cost, {"labels": [0], "predictions": [0], "costs": [[0, 1]]}, "costs"),
        (expected_cost, {"labels": [0], "predictions": [], "costs": [[0]]}, "predictions"),
        (expected_cost, {"labels": [1], "predictions": [0], "costs": [[0]]}, "class codes"),
        (expected_cost, {"labels": [0.7], "predictions": [0], "costs": [[0]]}, "labels: class"),
        (expected_cost, {"labels": [0, 0], "predictions": [0], "costs": [[0]]}, "predictions: one"),
        (net_benefit, {"labels": [0], "probabilities": [0.5], "threshold": 1}, "threshold"),
        (threshold_sweep, {**SWEPT, "n_draws": 0}, "n_draws"),
        (threshold_sweep, {**SWEPT, "confidence_level": 1}, "confidence_level"),
        (
            decision_cost,
            {
                "labels": [0],
                "probabilities": [0.5],
                "cost_false_positive": 0,
                "cost_false_negative": 1,
            },
            "positive",
        ),
    ],
)
def test_impossible_decisions_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given)
