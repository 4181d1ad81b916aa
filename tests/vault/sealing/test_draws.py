"""Whole groups and separate classes: what sealing draws is what an audit can repeat."""

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pytest_django import Settings

from stats.draw import draw
from stats.drawing import strata_of
from tests.vault.sealed_weather import LATER, make_benchmark, make_keys, open_labels
from vault import panel
from vault.errors import PlanError, SealingError
from vault.files.label_tables import LabelTable
from vault.models import Benchmark, Holdout, JournalEntry, Panel
from vault.rounds import plan
from vault.sealing import benchmark_sheet, drawn_units, draws, holdouts
from vault.sealing.drawn_units import Shard
from vault.sealing.sealed_labels import OpenLabels

# Each opening must be committed to the journal, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings, transactional_db: None) -> None:
    make_keys(tmp_path, settings)


@pytest.fixture
def weather(transactional_db: None) -> Benchmark:
    return make_benchmark()


def iid(*sizes: int | None) -> list[Shard]:
    first, *others = sizes
    return [
        Shard(kind="iid", status="QUERY", n=first),
        *(Shard(kind="iid", status="FRESH", n=each) for each in others),
    ]


def table(labels: Any, groups: list[str | None] | None = None) -> LabelTable:
    """Ids in panel order, so that a position is a row."""
    return LabelTable(
        ids=pa.array(range(len(labels))),
        labels=np.asarray(labels, dtype=np.int64),
        groups=None if groups is None else pa.array(groups, pa.string()).dictionary_encode(),
    )


def seal(
    benchmark: Benchmark, labels: LabelTable, shards: list[Shard], now: dt.datetime, **given: Any
) -> list[Holdout]:
    return holdouts.seal(
        benchmark=benchmark,
        labels=labels,
        shards=shards,
        rng=np.random.default_rng(given.pop("seed", 7)),
        actor="olivia",
        now=now,
        **given,
    )


def opened(sealed: list[Holdout], now: dt.datetime) -> list[OpenLabels]:
    purposes = {"QUERY": "scoring", "FRESH": "audit"}
    return [open_labels(each, purposes[each.status], now) for each in sealed]  # type: ignore[arg-type]


def patients(n: int, size: int) -> list[str | None]:
    return [f"patient{i // size:03d}" for i in range(n)]


@pytest.mark.parametrize(("n", "size"), [(240, 8), (200, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_every_group_is_wholly_in_one_shard(
    weather: Benchmark, now: dt.datetime, n: int, size: int, seed: int
) -> None:
    names = patients(n, size)
    labels = np.random.default_rng(seed).integers(2, size=n // size).repeat(size)

    sealed = seal(weather, table(labels, names), iid(n // 2, None), now, seed=seed)

    assert [each.n_items for each in sealed] == [n // 2, n // 2]
    query, fresh = opened(sealed, now)
    assert query.groups is not None
    assert fresh.groups is not None
    assert not set(query.groups) & set(fresh.groups)
    assert len(set(query.groups)) == n // size // 2
    for each in (query, fresh):
        assert each.groups is not None
        assert each.groups.tolist() == [f"group:{names[i]}" for i in each.positions]


def test_a_holdout_knows_how_many_independent_items_its_groups_are_worth(
    weather: Benchmark, now: dt.datetime
) -> None:
    """Of unequal groups fewer than their number; it is journaled with the draw, and needs no label."""
    names: list[str | None] = [f"g{i}" for i in range(20) for _ in range(i + 1)] + [None] * 10
    n = len(names)

    sealed = seal(weather, table(np.arange(n) % 2, names), iid(100, None), now)

    for holdout, labels in zip(sealed, opened(sealed, now), strict=True):
        assert labels.groups is not None
        sizes = np.unique(labels.groups, return_counts=True)[1]
        assert holdout.n_units == len(sizes)
        assert holdout.n_effective == sizes.sum() ** 2 / (sizes**2).sum() < len(sizes)
    payload = json.loads(JournalEntry.objects.get(kind="seal").payload)
    assert [(each["n_units"], each["n_effective"]) for each in payload["holdouts"]] == [
        (each.n_units, each.n_effective) for each in sealed
    ]


def test_items_that_are_drawn_one_by_one_need_no_other_number(
    weather: Benchmark, now: dt.datetime
) -> None:
    sealed = seal(weather, table(np.arange(80) % 2), iid(40, None), now)

    assert [(each.n_units, each.n_effective) for each in sealed] == [(None, None)] * 2


def test_groups_of_unequal_size_miss_the_target_and_the_holdout_says_by_how_much(
    weather: Benchmark, now: dt.datetime
) -> None:
    names: list[str | None] = [f"g{i}" for i in range(20) for _ in range(i + 1)]
    n = len(names)

    sealed = seal(weather, table(np.arange(n) % 2, names), iid(50, 60, None), now)

    assert sum(each.n_items for each in sealed) == n
    assert [each.n_items for each in sealed] != [50, 60, 100]
    query = opened(sealed[:1], now)[0]
    assert query.groups is not None
    assert len(query.positions) == sealed[0].n_items
    # 50 of 210 items are 4.8 of 20 groups.
    assert len(set(query.groups)) == 5


def test_an_item_without_a_group_is_drawn_by_itself(weather: Benchmark, now: dt.datetime) -> None:
    """Whatever a group is called: a patient named like an item is not that item."""
    names: list[str | None] = ["", None] * 20 + ["item:0", "item:1", "group:x", "x"] * 10

    sealed = seal(weather, table(np.arange(80) % 2, names), iid(40, None), now)

    found: dict[int, str] = {}
    for each in opened(sealed, now):
        assert each.groups is not None
        found |= dict(zip(each.positions.tolist(), each.groups, strict=True))
    alone = [found[i] for i in range(40)]
    together = {found[i] for i in range(40, 80)}
    assert alone == [f"item:{i}" for i in range(40)]
    assert together == {"group:item:0", "group:item:1", "group:group:x", "group:x"}


def test_names_of_units_do_not_collide() -> None:
    groups = pa.chunked_array([["item:1", ""], ["", None]])

    named = drawn_units.unit_names(groups=groups, positions=np.array([0, 1, 2, 3]))

    assert named.to_pylist() == ["group:item:1", "item:1", "item:2", "item:3"]


@pytest.mark.parametrize("is_grouped", [False, True])
def test_what_is_opened_describes_the_draw(
    weather: Benchmark, now: dt.datetime, is_grouped: bool
) -> None:
    """The audit's side: strata computed shard by shard, and the numbers that were fixed."""
    rng = np.random.default_rng(3)
    groups: list[str | None] = [
        f"p{rng.integers(60)}" if rng.random() < 0.8 else "" for _ in range(300)
    ]
    given = table(rng.integers(2, size=300), groups if is_grouped else None)
    shards = iid(100, 120, None)
    counts = draws.fixed_counts(
        terms=benchmark_sheet.terms_of(weather), labels=given, shards=shards, stratify=True
    )

    query, *fresh = opened(seal(weather, given, shards, now, stratify=True), now)

    strata = [strata_of(labels=each.labels, units=each.groups) for each in (query, *fresh)]
    clusters = [each.groups for each in (query, *fresh) if each.groups is not None]
    described = draw(
        n=len(query.positions),
        m=sum(len(each.positions) for each in fresh),
        query_clusters=clusters[0] if clusters else None,
        fresh_clusters=np.concatenate(clusters[1:]) if clusters else None,
        query_strata=strata[0],
        fresh_strata=np.concatenate(strata[1:]),
    )
    assert is_grouped == bool(clusters)
    for code, units in enumerate(described.strata):
        assert described.is_query[units].sum() == counts[code, 0]
        assert (~described.is_query[units]).sum() == counts[code, 1:].sum()
    if not is_grouped:
        assert [len(query.positions), *(len(each.positions) for each in fresh)] == [100, 120, 80]


def test_a_rare_class_is_in_every_shard_on_request(weather: Benchmark, now: dt.datetime) -> None:
    """3 of 1,000 and a query shard of 100: two in three draws of the plain kind have none there."""
    labels = np.zeros(1000, dtype=np.int64)
    labels[[17, 438, 799]] = 1

    sealed = seal(weather, table(labels), iid(100, None), now, stratify=True)

    assert [each.n_items for each in sealed] == [100, 900]
    assert [int(each.labels.sum()) for each in opened(sealed, now)] == [1, 2]


def test_how_it_was_drawn_is_recorded_and_journaled(now: dt.datetime) -> None:
    for slug, groups, stratify in [
        ("plain", None, False),
        ("groups", patients(80, 4), False),
        ("classes", None, True),
        ("both", patients(80, 4), True),
    ]:
        benchmark = make_benchmark(slug)

        sealed = seal(
            benchmark, table(np.arange(80) % 2, groups), iid(40, None), now, stratify=stratify
        )

        said = json.loads(JournalEntry.objects.get(benchmark=benchmark, kind="seal").payload)
        expected = (groups is not None, stratify)
        assert (said["draws_groups"], said["stratified"]) == expected
        for each in Holdout.objects.filter(benchmark=benchmark):
            assert (each.draws_groups, each.stratified) == expected
        assert len(holdouts.how_drawn(holdout=sealed[0])) == sum(expected)
        assert "patient" not in JournalEntry.objects.get(benchmark=benchmark).payload


def test_groups_that_were_sealed_before_they_were_drawn_are_no_units(
    weather: Benchmark, now: dt.datetime
) -> None:
    sealed = seal(weather, table(np.arange(80) % 2, patients(80, 4)), iid(40, None), now)
    Holdout.objects.update(draws_groups=False)

    assert [each.groups for each in opened(sealed, now)] == [None, None]


def test_the_draw_does_not_depend_on_the_order_of_the_file_or_the_names_of_groups(
    now: dt.datetime,
) -> None:
    first = table(np.arange(80) % 2, patients(80, 4))
    shuffled = first.take(np.random.default_rng(5).permutation(80))
    renamed = table(np.arange(80) % 2, [f"z{97 - i // 4}" for i in range(80)])
    members = []
    for number, given in enumerate([first, shuffled, renamed]):
        sealed = seal(make_benchmark(f"b{number}"), given, iid(40, None), now, stratify=True)
        members.append(opened(sealed, now)[0].positions.tolist())

    assert members[0] == members[1] == members[2]


def test_later_periods_are_drawn_in_groups_too(weather: Benchmark, now: dt.datetime) -> None:
    shards = [Shard(kind="temporal", status="FRESH", n=n, **LATER) for n in (20, None)]
    given = table(np.arange(80) % 2, patients(80, 20))
    times = pa.array(["2001-01-01"] * 80).dictionary_encode()

    sealed = seal(weather, dataclasses.replace(given, times=times), shards, now)

    assert [each.n_items for each in sealed] == [20, 60]


REFUSED: list[tuple[LabelTable, list[Shard], dict[str, Any], str]] = [
    (
        table(np.arange(40) % 2),
        iid(9, None),
        {},
        "at least 10 items, and the QUERY shard would have 9",
    ),
    (
        table(np.arange(40) % 2),
        iid(None, 9),
        {},
        "at least 10 items, and the FRESH shard would have 9",
    ),
    (
        table(np.arange(80) % 2, patients(80, 10)),
        iid(40, None),
        {},
        "at least 5 groups, and the QUERY shard would get 4 of 8",
    ),
    (
        # Half of the units are single: ten items are likely, and five are possible.
        table(np.arange(55) % 2, [*patients(50, 10), *[""] * 5]),
        iid(27, None),
        {},
        "at least 10 items, and the QUERY shard could get as few as 5",
    ),
    (
        table(np.arange(80) % 2, patients(80, 40)),
        [Shard(kind="temporal", status="FRESH", n=n) for n in (10, None)],
        {},
        "too few groups for these shards, as they are drawn whole: 2",
    ),
    (
        table(np.arange(80) % 2, [*patients(40, 1), *["big"] * 40]),
        [Shard(kind="stress", status="FRESH", n=n) for n in (1, None)],
        {"stratify": True},
        "too small to get something of each class",
    ),
]


@pytest.mark.parametrize(("given", "shards", "how", "reason"), REFUSED)
def test_a_draw_that_decides_nothing_is_refused_in_words(
    weather: Benchmark,
    now: dt.datetime,
    given: LabelTable,
    shards: list[Shard],
    how: dict[str, Any],
    reason: str,
) -> None:
    """Before anything is drawn or written: the refusal depends on no chance."""
    for seed in range(3):
        with pytest.raises(SealingError, match=reason):
            seal(weather, given, shards, now, seed=seed, **how)

    assert not Holdout.objects.exists()
    assert not Panel.objects.exists()


def test_classes_that_leave_nothing_to_chance_are_not_drawn_from_separately(
    now: dt.datetime,
) -> None:
    """Twenty classes of one item: that one item is all there is to choose from."""
    birds = make_benchmark("birds")
    birds.task = "multiclass"
    birds.classes = [f"bird {i}" for i in range(20)]
    birds.save()

    with pytest.raises(SealingError, match="leaves nearly nothing to chance"):
        seal(birds, table(range(20)), iid(10, None), now, stratify=True)
    pairs = seal(birds, table(np.arange(40) % 20), iid(20, None), now, stratify=True)
    assert [each.n_items for each in pairs] == [20, 20]


def test_a_regression_has_no_classes_to_draw_from(now: dt.datetime) -> None:
    rainfall = Benchmark.objects.create(
        slug="rainfall",
        title="Rainfall",
        task="regression",
        prediction_form="value",
        primary_metric="rmse",
        loss_cap=100.0,
    )
    values = LabelTable(ids=pa.array(range(40)), labels=np.arange(40) / 8)

    with pytest.raises(SealingError, match="rainfall is a regression"):
        seal(rainfall, values, iid(20, None), now, stratify=True)
    assert [each.n_items for each in seal(rainfall, values, iid(20, None), now)] == [20, 20]


@pytest.mark.parametrize("field", ["query_holdout", "fresh_holdouts"])
def test_a_holdout_that_was_sealed_too_small_is_refused_at_planning(
    weather: Benchmark, now: dt.datetime, field: str
) -> None:
    query, fresh = seal(weather, table(np.arange(40) % 2), iid(20, None), now)
    small = query if field == "query_holdout" else fresh
    Holdout.objects.filter(pk=small.pk).update(n_items=1)
    query.refresh_from_db()
    fresh.refresh_from_db()

    with pytest.raises(PlanError, match=r"at least 10 items .* has 1: seal a larger") as caught:
        plan(
            benchmark=weather,
            query_holdout=query,
            fresh_holdouts=[fresh],
            mechanism="exact",
            parameters={},
            opens_at=now,
            closes_at=now + dt.timedelta(days=1),
            window_seconds=3600,
            window_limit=10,
            total_limit=10,
            concurrent_limit=1,
            max_teams=3,
            actor="olivia",
            now=now,
        )

    assert caught.value.data["field"] == field
    assert panel.latest(benchmark=weather) is not None
