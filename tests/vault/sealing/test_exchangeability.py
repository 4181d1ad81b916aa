"""The report on a draw: silent about what chance made, and loud about what it did not. Seeds are stated."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vault.files.label_tables import LabelTable
from vault.sealing import exchangeability
from vault.sealing.terms import Terms

N = 400
TERMS = Terms(slug="rain", task="binary", classes=("dry", "rain"), loss_cap=None)
VALUES = Terms(slug="rain", task="regression", classes=(), loss_cap=None)


def table(labels: NDArray[Any]) -> LabelTable:
    days = [f"2026-{i // 28 % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(N)]
    return LabelTable(
        ids=pa.array(range(N)),
        labels=labels,
        times=pa.array(days).dictionary_encode(),
        groups=pa.array([f"g{i // 4}" if i % 8 < 4 else "" for i in range(N)]).dictionary_encode(),
    )


def p_values(terms: Terms, labels: NDArray[Any], drawn: list[NDArray[Any]]) -> dict[str, float]:
    report = exchangeability.report_of(
        terms=terms,
        labels=table(labels),
        positions=np.arange(N),
        drawn=drawn,
        names=["a", "b"],
    )
    return {each["of"]: each["p_value"] for each in report["tests"]}


def test_a_random_draw_looks_like_one() -> None:
    """Seed 3, five tests: one below .001 comes by chance in fewer than 1 of 200 draws."""
    rng = np.random.default_rng(3)
    labels = rng.integers(2, size=N)
    units = np.arange(N) // 4
    is_a = rng.permutation(N // 4)[units] < N // 8
    found = p_values(TERMS, labels, [np.flatnonzero(is_a), np.flatnonzero(~is_a)])

    assert set(found) == {"class rain", "order of ids", "time", "size of groups"}
    assert min(found.values()) > 0.001


def test_a_draw_by_hand_does_not() -> None:
    labels = np.random.default_rng(3).integers(2, size=N)
    halves = [np.arange(N // 2), np.arange(N // 2, N)]
    by_label = [np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)]

    assert p_values(TERMS, labels, halves)["order of ids"] < 1e-9
    assert p_values(TERMS, labels, by_label)["class rain"] < 1e-9


def test_values_are_compared_as_classes_are() -> None:
    values = np.random.default_rng(5).normal(size=N)
    order = np.argsort(values)

    assert p_values(VALUES, values, [order[: N // 2], order[N // 2 :]])["values"] < 1e-9


def test_each_shard_is_described() -> None:
    labels = np.arange(N) % 2
    report = exchangeability.report_of(
        terms=TERMS,
        labels=table(labels),
        positions=np.arange(N),
        drawn=[np.arange(100), np.arange(100, N)],
        names=["a", "b"],
    )

    assert report["shards"][0] == {
        "holdout": "a",
        "n_items": 100,
        "n_units": 13 + 48,
        "classes": {"dry": 50, "rain": 50},
        "first_day": "2026-01-01",
        "last_day": "2026-04-16",
        "n_groups": 13,
    }
