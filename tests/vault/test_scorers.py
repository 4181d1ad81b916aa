"""A benchmark's rules of scoring reach every score, and the database refuses rules that are none."""

from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from tests.vault.factories import make_world
from vault import holdout_ledger
from vault.models import Benchmark, RawScore
from vault.scorers import rules_of, scorer_of

BINARY: dict[str, Any] = {
    "task": "binary",
    "classes": ["0", "1"],
    "prediction_form": "probability",
    "primary_metric": "log_loss",
}


@pytest.mark.usefixtures("vault_keys")
@pytest.mark.django_db
def test_the_threshold_decides_for_every_metric_of_labels() -> None:
    """.4 for all positives and .2 for all negatives was .53 right by the threshold that nothing read."""
    world = make_world("threshold", n_query=100, n_fresh=100)
    Benchmark.objects.filter(pk=world.benchmark.pk).update(
        prediction_form="probability",
        decision_threshold=0.3,
        primary_metric="accuracy",
        secondary_metrics=["balanced_accuracy", "macro_f1", "mcc", "expected_cost"],
        cost_matrix=[[0, 1], [5, 0]],
    )
    world.open()

    submission = world.answered(world.team("a"), np.where(world.labels == 1, 0.4, 0.2))

    found = dict(RawScore.objects.filter(submission=submission).values_list("metric", "value"))
    assert found == {
        "accuracy": 1.0,
        "balanced_accuracy": 1.0,
        "macro_f1": 1.0,
        "mcc": 1.0,
        "expected_cost": 0.0,
    }


def test_the_unit_of_a_log_loss_follows_the_clip() -> None:
    """Floors, grids and the ledger are shares of it."""
    given = Benchmark(**BINARY, probability_clip=0.001)

    assert holdout_ledger.unit_of(benchmark=given) == pytest.approx(np.log(999))
    assert holdout_ledger.unit_of(benchmark=Benchmark(**BINARY)) == pytest.approx(np.log(99))


def test_a_matrix_is_read_by_metrics_of_costs_alone() -> None:
    """One of before, with gains as negative costs, must not end the scoring of other metrics."""
    given = Benchmark(**BINARY, cost_matrix=[[0, -1], [1, 0]])

    assert scorer_of(benchmark=given).cost_matrix is None
    with pytest.raises(ValueError, match="cost_matrix"):
        scorer_of(benchmark=given, metric="expected_cost")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"loss_cap": 1.1e12},
        {"loss_cap": float("inf")},
        {"decision_threshold": 0.0},
        {"decision_threshold": 1.0},
        {"probability_clip": 0.0},
        {"probability_clip": 0.5},
    ],
)
def test_the_database_refuses_rules_out_of_range(wrong: dict[str, float]) -> None:
    Benchmark.objects.create(slug="right", loss_cap=1e12, decision_threshold=0.5)

    with pytest.raises(IntegrityError), transaction.atomic():
        Benchmark.objects.create(slug="wrong", **wrong)


def test_rules_of_deciding_have_costs_whatever_the_metric() -> None:
    """Of a benchmark from before costs were held to anything they are none."""
    costs = [[0, 1], [4, 0]]
    given: dict[str, Any] = {
        **{"task": "binary", "classes": ["no", "yes"], "prediction_form": "probability"},
        **{"primary_metric": "log_loss", "decision_threshold": 0.2},
    }

    found = rules_of(benchmark=Benchmark(**given, cost_matrix=costs))

    assert (found.n_classes, found.decision_threshold, found.cost_matrix) == (2, 0.2, costs)
    for wrong in ([[0, 1]], [[1, 1], [2, 2]], "free"):
        assert rules_of(benchmark=Benchmark(**given, cost_matrix=wrong)).cost_matrix is None
    values = Benchmark(task="regression", primary_metric="rmse", loss_cap=2.0)
    assert rules_of(benchmark=values).n_classes is None
