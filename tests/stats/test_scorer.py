"""The rules of a benchmark: they are checked, and each of them reaches the scores that it is about."""

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from stats.metrics import METRICS, Rules, Scorer, oriented

OF_CODES = ["accuracy", "balanced_accuracy", "macro_f1", "mcc"]
OF_COSTS = ["expected_cost", "expected_regret"]
REGRESSIONS = ["rmse", "mae", "r2"]


def test_unit_is_the_range_of_one_item() -> None:
    costly = {"n_classes": 2, "cost_matrix": [[1, 4], [7, 5]]}
    capped = {"n_classes": None, "loss_cap": 3.0}
    units = {
        name: Scorer(metric=name, **(capped if name in REGRESSIONS else costly)).unit
        for name in METRICS
    }

    assert units.pop("log_loss") == pytest.approx(np.log(99))
    assert units == {
        "accuracy": 1,
        "balanced_accuracy": 1,
        "macro_f1": 1,
        "mcc": 2,
        "brier": 1,
        "roc_auc": 1,
        "average_precision": 1,
        "expected_cost": 6,
        "expected_regret": 3,
        "rmse": 3,
        "mae": 3,
        "r2": 1,
    }
    assert Scorer(metric="brier", n_classes=3).unit == 2
    clipped = Scorer(metric="log_loss", n_classes=3, probability_clip=0.001)
    assert clipped.unit == pytest.approx(np.log(999))


@pytest.mark.parametrize("metric", REGRESSIONS)
def test_a_regression_has_no_unit_without_a_loss_cap(metric: str) -> None:
    with pytest.raises(ValueError, match=r"^loss_cap: "):
        Scorer(metric=metric).unit  # noqa: B018 - a property that raises


@pytest.mark.parametrize(("metric", "value"), [("mae", 1.5), ("rmse", np.sqrt(2.5))])
def test_loss_cap_bounds_an_error(metric: str, value: float) -> None:
    capped = Scorer(metric=metric, loss_cap=2.0)
    arrays: dict[str, Any] = {"labels": np.zeros(2), "predictions": np.array([10.0, -1.0])}

    assert capped.score(**arrays) == pytest.approx(value)
    assert capped.items(**arrays).mean() == pytest.approx(-value)
    found = capped.interval(**arrays)
    assert 0 <= found.low < value < found.high <= 2.0


@pytest.mark.parametrize("n", [0, 3])
def test_unequal_or_empty_files_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="equal, positive length"):
        Rules().evaluation(labels=np.zeros(min(n, 2)), predictions=np.zeros(n))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labels": np.array([0, 1, 3])}, "labels: class codes from 0 to 1"),
        ({"labels": np.array([0, 1, -1])}, "labels: class codes"),
        ({"labels": np.array([0, 1, 0.5])}, "labels: class codes"),
        ({"labels": np.array([0, 1, np.nan])}, "labels: class codes"),
        ({"labels": np.array([[0], [1], [1]])}, "labels: class codes"),
        ({"predictions": np.array([0, 1, 2])}, "predictions: class codes"),
        ({"predictions": np.array([0.1, 0.2, 1.1])}, r"in \[0, 1\]"),
        ({"predictions": np.array([0.1, 0.2, np.nan])}, r"in \[0, 1\]"),
        ({"predictions": np.full((3, 3), 1 / 3)}, "of class 1 of two"),
        ({"n_classes": 3}, "of class 1 of two"),
        ({"metric": "log_loss", "predictions": np.array([0, 1, 1])}, "log_loss does not score"),
        ({"predictions": np.full((3, 2), 0.5)}, "of class 1 of two"),
        (
            {"metric": "mae", "n_classes": None, "predictions": np.array([0.1, 0.2, np.nan])},
            "predictions: one number",
        ),
        (
            {"metric": "mae", "n_classes": None, "predictions": np.full((3, 1), 0.5)},
            "predictions: one number",
        ),
    ],
)
@pytest.mark.parametrize("call", ["score", "items", "interval"])
def test_what_no_metric_scores_is_refused(call: str, changed: dict[str, Any], said: str) -> None:
    """A label beyond the classes had a Brier score of 4, NaN was the wrong class, an error -1."""
    given: dict[str, Any] = {
        "metric": "accuracy",
        "n_classes": 2,
        "labels": np.array([0, 1, 1]),
        "predictions": np.array([0.1, 0.9, 0.6]),
    } | changed
    chosen = Scorer(metric=given.pop("metric"), n_classes=given.pop("n_classes"))

    with pytest.raises(ValueError, match=said):
        getattr(chosen, call)(**given)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"metric": "novelty"}, "^metric must be one of accuracy"),
        ({"n_classes": None}, "^n_classes: accuracy does not score values"),
        ({"metric": "rmse"}, "^n_classes: rmse does not score classes"),
        ({"metric": "roc_auc", "n_classes": 3}, "^n_classes: roc_auc does not score more than two"),
        ({"n_classes": 1}, "^n_classes must be"),
        ({"n_classes": 2.5}, "^n_classes must be"),
        ({"loss_cap": 1.0}, "^loss_cap: only a regression"),
        ({"metric": "mae", "n_classes": None, "loss_cap": -1}, "^loss_cap must be positive"),
        ({"metric": "mae", "n_classes": None, "loss_cap": np.nan}, "^loss_cap must be positive"),
        ({"metric": "mae", "n_classes": None, "loss_cap": np.inf}, "^loss_cap must be positive"),
        ({"decision_threshold": 1.0}, "^decision_threshold must be"),
        ({"decision_threshold": np.nan}, "^decision_threshold must be"),
        ({"decision_threshold": 0.3, "n_classes": 3}, "^decision_threshold: only"),
        ({"probability_clip": 0.0}, "^probability_clip must be"),
        ({"probability_clip": 0.5}, "^probability_clip must be"),
        ({"probability_clip": np.nan}, "^probability_clip must be"),
        ({"metric": "expected_cost"}, "^cost_matrix: expected_cost needs one"),
        ({"metric": "expected_regret"}, "^cost_matrix: expected_regret needs one"),
        ({"metric": "mae", "n_classes": None, "cost_matrix": [[0]]}, "^cost_matrix: a regression"),
        ({"cost_matrix": 3}, "^cost_matrix: 2 rows of 2 numbers"),
        ({"cost_matrix": [1, 2]}, "^cost_matrix: 2 rows of 2 numbers"),
        ({"cost_matrix": [[0, 1, 2], [1, 0]]}, "^cost_matrix: 2 rows of 2 numbers"),
        ({"cost_matrix": [[0, 1]]}, "^cost_matrix: 2 rows of 2 numbers"),
        ({"cost_matrix": [[0, -1], [1, 0]]}, "^cost_matrix: costs are numbers from 0"),
        ({"cost_matrix": [[0, np.nan], [1, 0]]}, "^cost_matrix: costs are numbers from 0"),
        ({"cost_matrix": [[0, 1e300], [1, 0]]}, "^cost_matrix: costs are numbers from 0"),
        ({"cost_matrix": [[0, True], [1, 0]]}, "^cost_matrix: costs are numbers from 0"),
        ({"cost_matrix": [[0, "1"], [1, 0]]}, "^cost_matrix: costs are numbers from 0"),
        ({"cost_matrix": [[1, 1], [2, 2]]}, "^cost_matrix: every decision costs the same"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Scorer(**{"metric": "accuracy", "n_classes": 2, **rules})


def test_an_interval_has_a_possible_level() -> None:
    with pytest.raises(ValueError, match="confidence_level"):
        Scorer(metric="mae").interval(
            labels=np.array([0.1, 0.2]), predictions=np.array([0.1, 0.3]), confidence_level=2
        )
    with pytest.raises(ValueError, match="metric must be one of"):
        oriented(metric="novelty", value=1)


def test_the_threshold_decides_labels_of_probabilities() -> None:
    """Class 1 above it; at it, and for several classes, as ever."""
    arrays = {"labels": np.array([0, 0, 1, 1]), "predictions": np.array([0.2, 0.3, 0.31, 0.4])}

    for metric in OF_CODES:
        assert Scorer(metric=metric, n_classes=2, decision_threshold=0.3).score(**arrays) == 1.0
    assert Scorer(metric="accuracy", n_classes=2).score(**arrays) == 0.5


def test_expected_cost_and_regret_of_a_matrix() -> None:
    """By hand: a missed positive costs 5, an alarm 1, and a hit still 2."""
    given: dict[str, Any] = {"n_classes": 2, "cost_matrix": [[0, 1], [5, 2]]}
    arrays: dict[str, Any] = {
        "labels": np.array([0, 0, 1, 1]),
        "predictions": np.array([0, 1, 0, 1]),
    }
    cost, regret = (Scorer(metric=name, **given) for name in OF_COSTS)

    assert cost.score(**arrays) == (0 + 1 + 5 + 2) / 4
    assert regret.score(**arrays) == (0 + 1 + 3 + 0) / 4
    assert cost.items(**arrays).tolist() == [0, -1, -5, -2]
    assert (cost.unit, regret.unit) == (5, 3)
    assert cost.interval(**arrays).high <= 5
    assert regret.interval(**arrays).high <= 3


def test_costs_of_probabilities_are_those_of_the_decision() -> None:
    binary = Scorer(
        metric="expected_cost", n_classes=2, cost_matrix=[[0, 1], [5, 0]], decision_threshold=0.2
    )
    several = Scorer(
        metric="expected_cost", n_classes=3, cost_matrix=[[0, 1, 2], [3, 0, 4], [5, 6, 0]]
    )

    arrays = {"labels": np.array([0, 1]), "predictions": np.array([0.3, 0.2])}
    assert binary.items(**arrays).tolist() == [-1, -5]
    arrays = {"labels": np.array([2]), "predictions": np.array([[0.4, 0.4, 0.2]])}
    assert several.score(**arrays) == 5


@pytest.mark.parametrize(("clip", "least"), [(0.01, 0.01005), (0.0001, 0.00100)])
def test_log_loss_clips_as_far_as_the_rules_say(clip: float, least: float) -> None:
    """Files of .999 and .99 are told apart by a clip below .001."""
    arrays = {"labels": np.array([0, 1]), "predictions": np.array([0.001, 0.999])}

    found = Scorer(metric="log_loss", n_classes=2, probability_clip=clip)

    assert found.score(**arrays) == pytest.approx(least, abs=5e-6)
    assert list(found.bounds) == pytest.approx([-np.log(1 - clip), -np.log(clip)])


def test_a_scorer_says_whether_bounds_for_means_hold() -> None:
    given: dict[str, Any] = {"n_classes": 2, "cost_matrix": [[0, 1], [5, 0]]}
    means = {
        name
        for name, metric in METRICS.items()
        if Scorer(metric=name, **({} if "regression" in metric.tasks else given)).is_mean
    }

    assert means == {"accuracy", "log_loss", "brier", "expected_cost", "expected_regret", "mae"}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(10), 4)])
def test_estimate_is_score_and_interval_from_one_evaluation(
    metric: str, groups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    is_regression = metric in REGRESSIONS
    rules: dict[str, Any] = {"loss_cap": 4.0} if is_regression else {"n_classes": 2}
    if METRICS[metric].needs_costs:
        rules["cost_matrix"] = [[0, 1], [5, 0]]
    scorer = Scorer(metric=metric, **rules)
    labels = rng.normal(size=40) if is_regression else rng.integers(2, size=40)
    given: dict[str, Any] = {"labels": labels, "predictions": rng.random(40)}
    expected = scorer.score(**given), scorer.interval(**given, groups=groups)
    evaluated = Mock(side_effect=Scorer.evaluation, autospec=True)
    monkeypatch.setattr(Scorer, "evaluation", lambda self, **each: evaluated(self, **each))

    assert scorer.estimate(**given, groups=groups) == expected
    evaluated.assert_called_once()
