"""Holdouts that do not decide: what a later period and stress cases must bring, and when they retire."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pytest_django import Settings

from tests.vault.sealed_weather import make_benchmark, make_keys
from vault.errors import SealingError
from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Holdout, JournalEntry, Panel
from vault.sealing import drawn_units, holdouts
from vault.sealing.drawn_units import Shard

DAY = dt.date(2026, 3, 1)


def table(
    *,
    n: int = 200,
    first_day: dt.date | None = DAY,
    slices: dict[str, list[str]] | None = None,
) -> LabelTable:
    """Days go round in a fortnight."""
    days = [] if first_day is None else [first_day + dt.timedelta(days=i % 14) for i in range(n)]
    return LabelTable(
        ids=pa.array(range(n)),
        labels=np.arange(n) % 2,
        times=pa.array([day.isoformat() for day in days]).dictionary_encode() if days else None,
        slices={
            name: pa.array(values).dictionary_encode() for name, values in (slices or {}).items()
        },
    )


def later(trained_until: dt.date | None, days: int | None, **given: Any) -> list[Shard]:
    return [
        Shard(
            **{"kind": "temporal", "status": "FRESH", "n": None, **given},
            trained_until=trained_until,
            label_delay_days=days,
        )
    ]


def allocate(labels: LabelTable, shards: list[Shard]) -> None:
    drawn_units.allocated(labels=labels, shards=shards, stratify=False)


def refusal(labels: LabelTable, shards: list[Shard]) -> str:
    with pytest.raises(SealingError) as caught:
        allocate(labels, shards)
    return str(caught.value)


@pytest.mark.parametrize("days", [0, 1, 2, 30])
def test_a_period_begins_once_the_labels_of_training_are_known(days: int) -> None:
    """To the day; and with labels that are known at once, the day after."""
    latest = DAY - dt.timedelta(days=max(days, 1))
    allocate(table(), later(latest, days))

    said = refusal(table(), later(latest + dt.timedelta(days=1), days))

    dates = [latest + dt.timedelta(days=1), DAY + dt.timedelta(days=1), DAY]
    assert all(day.isoformat() in said for day in dates)
    assert f"{days} days" in said


@pytest.mark.parametrize(
    ("labels", "shards", "reason"),
    [
        (table(first_day=None), later(DAY, 1), "add the column time"),
        (table(), later(None, 1), "give both"),
        (table(), later(dt.date(2025, 1, 1), None), "give both"),
        (table(), later(dt.date(2025, 1, 1), -1), "between 0 and 3,650"),
        (table(), later(dt.date(2025, 1, 1), 3_651), "between 0 and 3,650"),
        (table(), later(dt.date.max, 1), "too far in the future"),
        (
            table(slices={"hour": ["noon"] * 200}),
            later(dt.date(2025, 1, 1), 1, kind="stress"),
            "of a temporal holdout alone",
        ),
        (table(), [Shard(kind="prospective", status="FRESH", n=None)], "sealed without labels"),
    ],
)
def test_what_is_no_later_period_is_refused_in_words(
    labels: LabelTable, shards: list[Shard], reason: str
) -> None:
    assert reason in refusal(labels, shards)


def test_the_smallest_slice_has_fifty_items() -> None:
    """Of any column; the sentence names it, for whoever seals."""
    stress = [Shard(kind="stress", status="FRESH", n=None)]
    hour = ["noon"] * 150 + ["night"] * 50
    allocate(table(slices={"hour": hour}), stress)

    said = refusal(table(slices={"hour": hour, "wind": ["calm"] * 151 + ["storm"] * 49}), stress)

    assert "slice wind has 49 items of 'storm'" in said
    assert "hour" not in said
    assert "add a column slice:NAME" in refusal(table(), stress)


def test_each_of_several_stress_shards_gets_fifty_of_a_slice() -> None:
    stress = [Shard(kind="stress", status="FRESH", n=n) for n in (100, None)]
    allocate(table(slices={"hour": ["noon"] * 100 + ["night"] * 100}), stress)

    said = refusal(table(slices={"hour": ["noon"] * 101 + ["night"] * 99}), stress)

    assert "99 items in all shards together of 'night'" in said


@pytest.fixture
def weather(tmp_path: Path, settings: Settings, db: None) -> Benchmark:
    make_keys(tmp_path, settings)
    return make_benchmark()


def test_what_is_refused_leaves_nothing_and_tells_nobody_else(
    weather: Benchmark, now: dt.datetime
) -> None:
    for shards in (later(DAY, 1), [Shard(kind="stress", status="FRESH", n=None)]):
        with pytest.raises(SealingError):
            holdouts.seal(
                benchmark=weather,
                labels=table(),
                shards=shards,
                rng=np.random.default_rng(1),
                actor="olivia",
                now=now,
            )
    assert [each for each in (Holdout, Panel, JournalEntry) if each.objects.exists()] == []


def test_what_a_period_is_later_than_is_kept_for_everybody(
    weather: Benchmark, now: dt.datetime
) -> None:
    shards = later(dt.date(2026, 1, 1), 30)
    labels = dataclasses.replace(table(), groups=None)

    (sealed,) = holdouts.seal(
        benchmark=weather,
        labels=labels,
        shards=shards,
        rng=np.random.default_rng(1),
        actor="olivia",
        now=now,
    )

    sealed.refresh_from_db()
    assert (sealed.trained_until, sealed.label_delay_days) == (dt.date(2026, 1, 1), 30)
    assert (sealed.period_start, sealed.period_end) == (DAY, DAY + dt.timedelta(days=13))
