"""Made-up tasks: files carry the metric itself on each holdout, beside what the judge sums."""

import numpy as np
import pytest

from lab.leagues import tasks
from lab.leagues.tasks import Task
from stats.metrics import Scorer


def test_files_carry_the_metric_on_each_holdout() -> None:
    labels = np.array([0, 1, 1, 0, 1, 0])
    task = Task(scorer=Scorer(metric="macro_f1", n_classes=2), labels=labels, n=3)

    files = task.files([labels, 1 - labels])

    assert files.query_exact.tolist() == [1, 0]
    assert files.fresh_exact.tolist() == [1, 0]
    assert files.data.tolist() == np.column_stack([labels, 1 - labels]).tolist()


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_losses_are_oriented(metric: str) -> None:
    played = tasks.heavy_tails(np.random.default_rng(1), metric=metric, n=50, m=80, k=3, n_teams=2)

    assert played.unit == 20
    assert all((each.files.query_exact < 0).all() for each in played.contestants)


def test_finals_are_the_best_released() -> None:
    played = tasks.probabilities(
        np.random.default_rng(2), metric="roc_auc", prevalence=0.2, n=80, m=90, k=4, n_teams=3
    )

    for each in played.contestants:
        assert each.final == np.argmax(each.files.query_exact)


def test_rare_classes_occur() -> None:
    played = tasks.rare_classes(
        np.random.default_rng(3), metric="mcc", n=500, m=600, k=2, n_teams=1
    )

    assert set(np.unique(played.references.data)) == set(range(len(tasks.RARE_CLASSES)))
