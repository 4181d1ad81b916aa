"""What decisions of finals cost, by hand and by brute force, and what the report says of it."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audits.checks import decisions
from audits.collected import Collected
from stats.intervals import wilson
from stats.metrics import Rules
from tests.audits.histories import collected, context
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.audits.test_checks_calibration import M, drawn, opened, team, too_sure
from tests.vault.factories import World, make_world

COSTS = [[0.0, 1.0], [4.0, 0.0]]


def round_of(
    labels: NDArray[Any], *answers: NDArray[Any], groups: Any = None, **rules: Any
) -> Collected:
    teams = [team(number, each) for number, each in enumerate(answers, start=1)]
    given = Rules(**{"n_classes": 2, **rules})
    return collected(*teams, fresh=opened(labels, groups), rules=given)


def brute(
    labels: NDArray[Any], chances: NDArray[Any], threshold: float, costs: Any = COSTS
) -> float:
    """The mean cost, item by item."""
    total = 0.0
    for label, chance in zip(labels.tolist(), chances.tolist(), strict=True):
        total += costs[label][int(chance > threshold)]
    return total / len(labels)


def test_costs_are_those_of_every_threshold_tried(rng: np.random.Generator) -> None:
    """Probabilities of two digits, so that many lie at a threshold: at it class 0 is decided for."""
    labels, chances = drawn(rng, 600)
    chances = chances.round(2)

    (found,) = decisions.check(round_of(labels, chances, cost_matrix=COSTS), context())

    of, curve = found.evidence, found.evidence["curve"]
    assert found.estimate == pytest.approx(brute(labels, chances, 0.5))
    assert (of["decided_at"], of["target"]) == (0.5, pytest.approx(0.2))
    assert of["at_target"] == pytest.approx(brute(labels, chances, 0.2))
    tried = [brute(labels, chances, each) for each in (-1, *np.unique(chances))]
    assert of["best"] == pytest.approx(min(tried))
    assert of["regret"] == pytest.approx(brute(labels, chances, 0.5) - min(tried))
    assert brute(labels, chances, of["best_threshold"] - 0.001) == pytest.approx(min(tried))
    for threshold, cost in zip(curve["thresholds"][1:], curve["cost"][1:], strict=False):
        assert cost == pytest.approx(brute(labels, chances, threshold))
    assert curve["cost"][0] == pytest.approx(np.mean(labels == 0))
    assert curve["cost"][-1] == pytest.approx(4 * np.mean(labels == 1))
    around = [brute(labels, chances, each) for each in np.linspace(0.15, 0.25, 101)]
    assert of["sensitivity"] == pytest.approx(max(around) - min(around))
    right, wrong = (np.mean((chances > 0.2) & (labels == each)) for each in (1, 0))
    assert of["net_benefit"] == pytest.approx(right - wrong / 4)
    assert of["net_benefit_of_all"] == pytest.approx(np.mean(labels) - np.mean(labels == 0) / 4)
    assert found.verdict == ""


def test_the_threshold_that_costs_ask_for_is_cheap_for_right_probabilities(
    rng: np.random.Generator,
) -> None:
    """And dear for probabilities that say .2 where .03 is right: their best threshold is another."""
    labels, chances = drawn(rng, 20_000)
    timid = 0.5 + (chances - 0.5) / 2

    right, wrong = decisions.check(
        round_of(labels, chances, timid, cost_matrix=COSTS, decision_threshold=0.2), context()
    )

    assert right.evidence["regret"] < 0.005
    assert wrong.evidence["regret"] > 0.05
    assert wrong.evidence["best_threshold"] == pytest.approx(0.35, abs=0.04)
    assert right.evidence["best"] == pytest.approx(wrong.evidence["best"])
    low, high = right.evidence["curve"]["plausible"]
    assert low <= 0.2 <= high < 0.4


def test_the_interval_is_that_of_a_share_where_costs_are_zero_and_one(
    rng: np.random.Generator,
) -> None:
    labels, chances = drawn(rng)
    plain = [[0, 1], [1, 0]]

    (found,) = decisions.check(round_of(labels, chances, cost_matrix=plain), context())

    n_wrong = int(((chances > 0.5) != labels).sum())
    expected = wilson(successes=n_wrong, n=M)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=5e-4)
    place = found.evidence["curve"]["thresholds"].index(0.5)
    ends = [found.evidence["curve"][each][place] for each in ("low", "high")]
    assert ends == pytest.approx([expected.low, expected.high], abs=0.004)


def test_groups_widen_the_interval_and_leave_no_band(rng: np.random.Generator) -> None:
    """Ten equal items are one: sqrt(10) times the width."""
    labels, chances = (np.repeat(each, 10) for each in drawn(rng))
    groups = np.repeat(np.arange(M), 10)

    (alone,) = decisions.check(round_of(labels, chances, cost_matrix=COSTS), context())
    (found,) = decisions.check(
        round_of(labels, chances, cost_matrix=COSTS, groups=groups), context()
    )

    widths = [each.high - each.low for each in (alone, found) if each.low and each.high]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.02)
    assert set(found.evidence["curve"]) == {"thresholds", "cost"}


def test_a_declared_threshold_stands_for_costs(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)

    (found,) = decisions.check(round_of(labels, chances, decision_threshold=0.1), context())

    assert found.evidence["target"] == pytest.approx(0.1)
    assert found.estimate == pytest.approx(brute(labels, chances, 0.1, costs=[[0, 0.1], [0.9, 0]]))
    assert found.evidence["at_target"] == pytest.approx(found.estimate)
    assert found.evidence["are_declared"] is False


def test_right_decisions_may_cost_something_too(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng, 500)
    costs = [[2.0, 3.0], [9.0, 5.0]]

    (found,) = decisions.check(round_of(labels, chances, cost_matrix=costs), context())

    assert found.estimate == pytest.approx(brute(labels, chances, 0.5, costs))
    assert found.evidence["target"] == pytest.approx(0.2)
    assert found.evidence["at_target"] == pytest.approx(brute(labels, chances, 0.2, costs))
    place = found.evidence["curve"]["thresholds"].index(0.5)
    assert found.evidence["curve"]["cost"][place] == pytest.approx(found.estimate)


def test_costs_without_a_threshold_have_no_curve(rng: np.random.Generator) -> None:
    """Where class 1 is always the cheaper decision no threshold is best."""
    labels, chances = drawn(rng, 500)

    (found,) = decisions.check(round_of(labels, chances, cost_matrix=[[1, 0], [4, 0]]), context())

    assert "curve" not in found.evidence
    assert (found.evidence["cheapest_class"], found.evidence["cheapest_class_cost"]) == (1, 0)


def test_files_of_labels_have_a_cost_and_no_threshold(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)
    named = (chances > 0.3).astype(np.int64)

    (found,) = decisions.check(round_of(labels, named, cost_matrix=COSTS), context())

    assert found.estimate == pytest.approx(brute(labels, chances, 0.3))
    assert "curve" not in found.evidence
    assert found.evidence["cheapest_class_cost"] == pytest.approx(
        min(np.mean(labels == 0), 4 * np.mean(labels == 1))
    )


def test_of_many_classes_the_cheapest_by_its_own_probabilities(rng: np.random.Generator) -> None:
    """To miss class 2 costs ten: right probabilities decide for it long before it is the most probable."""
    right = rng.dirichlet((3, 3, 1), M)
    labels = (rng.random((M, 1)) > right.cumsum(axis=1)).sum(axis=1)
    costs = np.array([[0, 1, 1], [1, 0, 1], [10, 10, 0.0]])

    (found,) = decisions.check(
        round_of(labels, right, cost_matrix=costs.tolist(), n_classes=3), context()
    )

    assert found.estimate == pytest.approx(costs[labels, right.argmax(axis=1)].mean())
    expected = [min(range(3), key=lambda each: row @ costs[:, each]) for row in right]
    assert found.evidence["by_own"] == pytest.approx(costs[labels, expected].mean())
    assert found.evidence["regret"] > 0.3


def test_nothing_is_declared_nothing_is_found(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)

    assert decisions.check(round_of(labels, chances), context()) == []
    assert decisions.check(round_of(labels[:99], chances[:99], cost_matrix=COSTS), context()) == []


def test_evidence_is_small_and_storable(rng: np.random.Generator) -> None:
    """Of a file that is worthless the best may be class 0 for all: no infinity is stored."""
    labels = (rng.random(M) < 0.05).astype(np.int64)

    (found,) = decisions.check(
        round_of(labels, rng.random(M), cost_matrix=[[0, 7], [1, 0]]), context()
    )

    stored = json.dumps(found.evidence, allow_nan=False)
    assert len(found.evidence["curve"]["thresholds"]) == 21
    assert len(stored) < 3_000
    assert found.evidence["best_threshold"] is None or found.evidence["best_threshold"] > 0.99


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("decisions", metric="log_loss")


def stored(world: World, given: Collected) -> str:
    run = run_with(world, metric="log_loss")
    for number, found in enumerate(decisions.check(given, context())):
        found.team_id = judged(run, "NO_EVIDENCE", name=f"team-{number}").team_id
        found.run, found.check_name = run, decisions.NAME
        found.save()
    return text_of(reports_html(run))


def test_the_report_has_costs_and_the_curve(world: World, rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)
    given = round_of(labels, too_sure(chances), chances, cost_matrix=COSTS)
    _, right = decisions.check(given, context())

    text = stored(world, given)

    assert "in the units of the benchmark's cost matrix" in text.replace("&#x27;", "'")
    assert "At .20, which the costs ask for" in text
    assert "for every item has a net benefit of" in text
    assert f" {right.estimate:.3f} [".replace(" 0.", " .") in text
    assert "Decisions: what the final costs at each threshold" in text
    assert "above .20" in text
    assert "for none" in text
    assert "cannot tell from its best (their intervals meet) lie between" in text


def test_the_report_says_what_a_threshold_stands_for(
    world: World, rng: np.random.Generator
) -> None:
    text = stored(world, round_of(*drawn(rng), decision_threshold=0.2))

    assert "declares no costs and a threshold of .20" in text
    assert "where class 1 for an item of class 0 costs .20 and the reverse .80" in text
    assert "which the costs ask for 95 %" not in text


def test_the_report_of_labels_has_no_curve(world: World, rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)
    named = (chances > 0.5).astype(np.int64)

    text = stored(world, round_of(labels, named, cost_matrix=COSTS))

    assert "whatever the item, the cheapest single decision" in text
    assert "Net benefit" not in text
    assert "at each threshold" not in text


def test_the_report_of_many_classes_says_what_regret_is(
    world: World, rng: np.random.Generator
) -> None:
    world.benchmark.classes = ["cat", "dog", "eel"]
    world.benchmark.save()
    right = rng.dirichlet((3, 3, 1), M)
    labels = (rng.random((M, 1)) > right.cumsum(axis=1)).sum(axis=1)
    costs = [[0, 1, 1], [1, 0, 1], [10, 10, 0]]

    text = stored(world, round_of(labels, right, cost_matrix=costs, n_classes=3))

    assert "Cheapest by its own probabilities Regret" in text
    assert "Deciding for class eel whatever the item" in text
