"""Scores from sums: equal to the metric itself on every split, or to its linearisation on the pool."""

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as skm
from numpy.typing import NDArray

from stats.metrics import Scorer
from stats.split_scores import MAX_CLASSES, SplitScore, split_score

N = 60
EXACT = ["accuracy", "balanced_accuracy", "macro_f1", "mcc", "rmse", "r2", "mae"]


def task(
    metric: str, rng: np.random.Generator, *, n_classes: int = 4
) -> tuple[NDArray[Any], list[NDArray[Any]], dict[str, Any]]:
    """Labels with a rare class, and three files."""
    if metric in ("rmse", "r2", "mae"):
        values = rng.normal(0, 2, N)
        return (
            values,
            [values + rng.normal(0, s, N) for s in (0.5, 1, 9)],
            {"n_classes": None, "loss_cap": 5.0},
        )
    if metric in ("roc_auc", "average_precision", "log_loss"):
        labels = (rng.random(N) < 0.3).astype(np.int64)
        return labels, [rng.random(N) for _ in range(3)], {"n_classes": 2}
    labels = rng.integers(n_classes - 1, size=N)
    labels[0] = n_classes - 1
    files = [
        np.where(rng.random(N) < s, labels, rng.integers(n_classes, size=N)) for s in (0, 0.5, 1)
    ]
    return labels, files, {"n_classes": n_classes}


def by_sums(
    given: SplitScore, data: NDArray[Any], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    columns, shared = given.columns(data), given.shared
    sums = columns[chosen].sum(axis=0, dtype=np.float64)[None, :]
    of_labels = shared[chosen].sum(axis=0, dtype=np.float64)[None, :]
    scores: NDArray[np.float64] = given.scores(sums, of_labels, np.array([[float(chosen.sum())]]))
    return np.asarray(scores[0])


def data_of(
    given: SplitScore, scorer: Scorer, labels: NDArray[Any], files: list[NDArray[Any]]
) -> NDArray[Any]:
    columns = []
    for each in files:
        items = scorer.items(labels=labels, predictions=each)
        columns.append(given.data(scorer.evaluation(labels=labels, predictions=each), items))
    return np.column_stack(columns)


def of_the_set(metric: str, scorer: Scorer, *, labels: NDArray[Any], file: NDArray[Any]) -> float:
    """The oriented score; macro F1 over the classes that occur, by scikit-learn."""
    if metric == "macro_f1":
        return float(skm.f1_score(labels, file, labels=np.unique(labels), average="macro"))
    return float(scorer.orient(scorer.score(labels=labels, predictions=file)))


@pytest.mark.parametrize("metric", EXACT)
def test_the_metric_itself_follows_from_sums(metric: str) -> None:
    """On random splits, also such that lack a class."""
    rng = np.random.default_rng(3)
    labels, files, form = task(metric, rng)
    scorer = Scorer(metric=metric, **form)
    given = split_score(scorer=scorer, labels=labels)
    data = data_of(given, scorer, labels, files)

    assert given.is_exact
    for _ in range(20):
        chosen = rng.random(N) < 0.3
        direct = [
            of_the_set(metric, scorer, labels=labels[chosen], file=each[chosen]) for each in files
        ]
        assert by_sums(given, data, chosen) == pytest.approx(direct, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "macro_f1"])
def test_what_sums_cannot_give_is_linearised_on_the_pool(metric: str) -> None:
    rng = np.random.default_rng(4)
    labels, files, form = task(metric, rng, n_classes=MAX_CLASSES + 1)
    scorer = Scorer(metric=metric, **form)
    given = split_score(scorer=scorer, labels=labels)
    data = data_of(given, scorer, labels, files[1:2])

    everything = np.ones(N, dtype=bool)

    assert not given.is_exact
    assert by_sums(given, data, everything)[0] == pytest.approx(
        scorer.score(labels=labels, predictions=files[1]), abs=1e-6
    )


def test_of_equal_labels_r2_is_one_or_nothing() -> None:
    labels = np.full(4, 2.0)
    given = split_score(scorer=Scorer(metric="r2", loss_cap=1.0), labels=labels)
    data = np.array([[0.0, 1.0]] * 4)

    assert by_sums(given, data, np.array([True, True, False, False])).tolist() == [1, 0]


def test_no_constant_file_divides_by_zero() -> None:
    labels = np.array([0, 1, 0, 1])
    given = split_score(scorer=Scorer(metric="mcc", n_classes=2), labels=labels)

    assert by_sums(given, np.zeros((4, 1), dtype=np.int8), np.ones(4, dtype=bool)) == [0]


def test_where_a_file_names_a_class_that_does_not_occur_its_macro_f1_is_the_same() -> None:
    """Else a few such answers would decide by their side of the split what a file is worth there."""
    labels = np.arange(N) % 3
    good = np.where(np.arange(N) % 4 == 0, (labels + 1) % 3, labels)
    named = good.copy()
    named[1] = 3  # was right
    given = split_score(scorer=Scorer(metric="macro_f1", n_classes=4), labels=labels)
    data = np.column_stack([good, named]).astype(np.int8)

    without, within = np.arange(N) >= 4, np.arange(N) < 30
    assert np.ptp(by_sums(given, data, without)) == 0
    assert 0 < np.ptp(-by_sums(given, data, within)) < 0.05
