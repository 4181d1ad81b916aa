"""What makes a benchmark valid holds for whoever makes one; sealing and planning fix fields of it."""

from typing import Any

import pytest

from tests.vault.factories import make_world
from vault import benchmarks
from vault.errors import BenchmarkError
from vault.models import Benchmark

pytestmark = pytest.mark.usefixtures("vault_keys")

BINARY: dict[str, Any] = {
    "slug": "rain",
    "task": "binary",
    "classes": ["dry", "wet"],
    "prediction_form": "label",
    "primary_metric": "accuracy",
}


def problems(**changed: Any) -> dict[str, str]:
    made = Benchmark(**{**BINARY, **changed})
    return benchmarks.problems({name: getattr(made, name) for name in benchmarks.FIELDS})


def test_what_fits_has_no_problem() -> None:
    assert problems() == {}
    assert problems(prediction_form="probability", decision_threshold=0.3) == {}
    assert problems(constraints={"recall": 0.95, "latency_p95_ms": 50, "score": 0.8}) == {}
    value = {"prediction_form": "value", "primary_metric": "mae", "loss_cap": 5.0}
    assert problems(task="regression", classes=[], **value) == {}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"classes": ["dry"]}, "classes"),
        ({"classes": ["dry", "w\net"]}, "classes"),
        ({"classes": ["dry", "w\tet"]}, "classes"),
        ({"prediction_form": "value"}, "prediction_form"),
        ({"primary_metric": "log_loss"}, "primary_metric"),
        ({"secondary_metrics": ["accuracy"]}, "secondary_metrics"),
        ({"loss_cap": 1.0}, "loss_cap"),
        ({"cost_matrix": [[0, -1], [1, 0]]}, "cost_matrix"),
        ({"decision_threshold": 0.3}, "decision_threshold"),
        ({"probability_clip": 0.5}, "probability_clip"),
        ({"delta0": float("nan")}, "delta0"),
        ({"constraints": [0.9]}, "constraints"),
        ({"constraints": {"precision": 0.9}}, "constraints"),
        ({"constraints": {"recall": 1.1}}, "constraints"),
        ({"constraints": {"recall": True}}, "constraints"),
        ({"constraints": {"latency_p95_ms": -1}}, "constraints"),
        ({"constraints": {"score": float("nan")}}, "constraints"),
        # Larger than any float.
        ({"constraints": {"latency_p95_ms": 10**400}}, "constraints"),
        ({"label_noise": 10**400}, "label_noise"),
        ({"label_noise": [[1, 0], [0, 10**400]]}, "label_noise"),
        (
            {
                **{"task": "regression", "classes": [], "prediction_form": "value"},
                **{"primary_metric": "mae", "loss_cap": 5.0, "constraints": {"recall": 0.9}},
            },
            "constraints",
        ),
        ({"label_noise": 0.46}, "label_noise"),
    ],
)
def test_each_field_has_its_problem(changed: dict[str, Any], field: str) -> None:
    assert field in problems(**changed)


def test_an_unknown_form_or_metric_is_left_to_the_field() -> None:
    assert problems(prediction_form="") == {
        "primary_metric": "accuracy needs predictions of the form label or probability."
    }
    assert problems(primary_metric="") == {}


def test_adding_refuses_with_all_that_is_wrong_and_makes_nothing() -> None:
    with pytest.raises(BenchmarkError, match=r"classes: .*; delta0: A number from 0 to 1\."):
        benchmarks.add(benchmark=Benchmark(**{**BINARY, "classes": ["dry"], "delta0": 2.0}))

    assert not Benchmark.objects.exists()
    assert benchmarks.add(benchmark=Benchmark(**BINARY)) == Benchmark.objects.get()


def test_sealing_and_planning_fix_fields() -> None:
    new = benchmarks.add(benchmark=Benchmark(**BINARY))

    assert benchmarks.fixed(benchmark=new) == ()
    planned = make_world("sealed").benchmark
    assert benchmarks.fixed(benchmark=planned) + benchmarks.NEVER_FIXED == benchmarks.FIELDS
