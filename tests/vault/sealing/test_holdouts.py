import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pytest_django import Settings

from tests.vault.sealed_weather import (
    LATER,
    N,
    make_benchmark,
    make_keys,
    open_labels,
    seal,
    table_of,
)
from vault import panel
from vault.errors import SealingError, TransitionError, VaultError
from vault.files.label_tables import LabelTable
from vault.models import (
    Benchmark,
    Holdout,
    JournalEntry,
    Panel,
    SealedBlob,
    SealingKey,
)
from vault.sealing import holdouts, sealed_labels
from vault.sealing.drawn_units import Shard
from vault.sealing.sealed_labels import Disclosure

# Each opening must be committed to the journal, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings, transactional_db: None) -> None:
    make_keys(tmp_path, settings)


@pytest.fixture
def weather(transactional_db: None) -> Benchmark:
    return make_benchmark()


def test_seal_and_open_labels_keep_every_item_with_its_label(
    weather: Benchmark, now: dt.datetime
) -> None:
    query, fresh = seal(weather, now)

    opened = [open_labels(query, "scoring", now), open_labels(fresh, "audit", now)]

    ids = panel.ids(query.panel).to_numpy()
    assert [len(labels.positions) for labels in opened] == [15, 25]
    assert sorted(np.concatenate([labels.positions for labels in opened])) == list(range(N))
    for labels in opened:
        items = ids[labels.positions]
        assert (np.diff(labels.positions) > 0).all()
        assert labels.labels.tolist() == [int(i % 3 == 0) for i in items]
        assert labels.slices["season"].tolist() == [f"s{i % 4}" for i in items]
        assert labels.times is not None
        assert labels.times.tolist() == [f"2001-01-{i % 28 + 1:02d}" for i in items]
        assert labels.groups is not None
        assert labels.groups.tolist() == [f"group:station {i}" for i in items]
    assert query.slice_names == ["season"]
    assert (query.period_start, query.period_end) == (dt.date(2001, 1, 1), dt.date(2001, 1, 28))


def test_seal_keeps_values_of_a_regression(now: dt.datetime) -> None:
    benchmark = Benchmark.objects.create(
        slug="rainfall",
        title="Rainfall",
        task="regression",
        prediction_form="value",
        primary_metric="rmse_loss",
    )
    values = [0.1, -2.5, 1e-300, *map(float, range(17))]
    table = LabelTable(ids=pa.array(list("abcdefghijklmnopqrst")), labels=np.array(values))
    shards = [Shard(kind="iid", status="QUERY", n=10), Shard(kind="iid", status="FRESH", n=None)]

    query, fresh = seal(benchmark, now, shards=shards, table=table)
    opened = [open_labels(query, "scoring", now), open_labels(fresh, "audit", now)]

    pairs = [pair for o in opened for pair in zip(o.positions, o.labels, strict=True)]
    assert sorted(pairs) == list(enumerate(values))
    assert opened[0].times is None
    assert opened[0].slices == {}


def test_the_draw_depends_on_the_seed_and_the_items_alone(now: dt.datetime) -> None:
    members = []
    shuffled = table_of()
    order = pa.array(np.random.default_rng(5).permutation(N))
    other_order = LabelTable(ids=shuffled.ids.take(order), labels=shuffled.labels[order.to_numpy()])
    for number, (table, seed) in enumerate([(shuffled, 7), (other_order, 7), (shuffled, 8)]):
        benchmark = make_benchmark(f"b{number}")
        query, _ = seal(benchmark, now, table=table, seed=seed)
        members.append(open_labels(query, "scoring", now).positions.tolist())

    assert members[0] == members[1]
    assert members[0] != members[2]


def test_a_later_batch_is_appended_to_the_panel(weather: Benchmark, now: dt.datetime) -> None:
    query, _ = seal(weather, now)
    before = open_labels(query, "scoring", now)
    temporal = [Shard(kind="temporal", status="FRESH", n=None, **LATER)]

    (later,) = seal(weather, now, shards=temporal, table=table_of(10, first=-10))
    opened = open_labels(later, "audit", now)

    assert Panel.objects.filter(benchmark=weather).count() == 2
    assert panel.ids(later.panel).to_pylist() == [*range(N), *range(-10, 0)]
    assert opened.positions.tolist() == list(range(N, N + 10))
    assert open_labels(query, "scoring", now).positions.tolist() == before.positions.tolist()


@pytest.mark.parametrize(
    "shards",
    [
        [Shard(kind="iid", status="QUERY", n=40)],
        [Shard(kind="iid", status="QUERY", n=15), Shard(kind="iid", status="FRESH", n=24)],
        [Shard(kind="iid", status="QUERY", n=15), Shard(kind="iid", status="FRESH", n=26)],
        [Shard(kind="iid", status="QUERY", n=40), Shard(kind="iid", status="FRESH", n=None)],
        [Shard(kind="iid", status="QUERY", n=None), Shard(kind="iid", status="FRESH", n=None)],
        [Shard(kind="iid", status="QUERY", n=15), Shard(kind="temporal", status="FRESH", n=25)],
        [Shard(kind="iid", status="RETIRED", n=15), Shard(kind="iid", status="FRESH", n=25)],
        [Shard(kind="temporal", status="QUERY", n=40)],
        [Shard(kind="other", status="FRESH", n=40)],
        [],
    ],
)
def test_seal_refuses_shards(weather: Benchmark, now: dt.datetime, shards: list[Shard]) -> None:
    with pytest.raises(SealingError):
        seal(weather, now, shards=shards)

    assert not Holdout.objects.exists()
    assert not Panel.objects.exists()


@pytest.mark.parametrize(
    "labels", [np.full(N, 2), np.full(N, -1), np.full(N, 0.5), np.zeros(N - 1, dtype=np.int64)]
)
def test_seal_refuses_labels_that_the_benchmark_cannot_have(
    weather: Benchmark, now: dt.datetime, labels: Any
) -> None:
    with pytest.raises(SealingError):
        seal(weather, now, table=LabelTable(ids=pa.array(range(N)), labels=labels))


def test_seal_needs_both_keys_for_a_query_shard(weather: Benchmark, now: dt.datetime) -> None:
    SealingKey.objects.filter(purpose="scoring").update(is_active=False)

    with pytest.raises(SealingError, match="scoring"):
        seal(weather, now)
    assert not Holdout.objects.exists()


def test_commitment_can_be_recomputed_from_the_documented_text(
    weather: Benchmark, now: dt.datetime
) -> None:
    """What a third party does after disclosure, written from the documentation alone."""
    _, fresh = seal(weather, now)
    items = panel.ids(fresh.panel).to_numpy()[open_labels(fresh, "audit", now).positions]
    holdouts.retire(holdout=fresh, actor="olivia", now=now)

    disclosed = holdouts.open_retired(holdout=fresh, actor="worker", now=now)

    lines = ["id,label,slice:season,time,group"]
    for i in sorted(items.tolist()):
        label = "rain" if i % 3 == 0 else "dry"
        lines.append(f"{i},{label},s{i % 4},2001-01-{i % 28 + 1:02d},station {i}")
    text = "\n".join(lines) + "\n"
    assert disclosed.text == text
    assert len(disclosed.salt) == 32
    assert hashlib.sha256(disclosed.salt + text.encode()).hexdigest() == fresh.commitment
    assert sealed_labels.commitment_of(disclosed) == fresh.commitment
    changed = Disclosure(salt=disclosed.salt, text=text.replace("rain", "dry", 1))
    assert sealed_labels.commitment_of(changed) != fresh.commitment


def test_the_length_of_a_blob_says_nothing_of_its_labels(now: dt.datetime) -> None:
    lengths = set()
    for slug, labels in [("zeros", np.zeros(N)), ("mixed", np.arange(N) % 2)]:
        benchmark = make_benchmark(slug)
        table = LabelTable(ids=pa.array(range(N)), labels=labels.astype(np.int64))
        for holdout in seal(benchmark, now, table=table):
            blob = SealedBlob.objects.get(version__holdout=holdout)
            lengths.add((holdout.n_items, len(blob.ciphertext)))

    assert len(lengths) == 2


def test_a_status_moves_only_forward_and_is_journaled(weather: Benchmark, now: dt.datetime) -> None:
    shards = [Shard(kind="iid", status="SEALED", n=15), Shard(kind="iid", status="FRESH", n=25)]
    sealed, fresh = seal(weather, now, shards=shards)

    holdouts.freshen(holdout=sealed, actor="worker", now=now)
    holdouts.promote(holdout=fresh, actor="worker", now=now)
    holdouts.retire(holdout=fresh, actor="worker", now=now)

    for act in (holdouts.freshen, holdouts.promote):
        with pytest.raises(TransitionError):
            act(holdout=fresh, actor="worker", now=now)
    for each in (holdouts.open_retired, holdouts.disclose):
        with pytest.raises(TransitionError):
            each(holdout=sealed, actor="worker", now=now)
    assert not JournalEntry.objects.filter(kind="open_labels").exists()
    moves = [
        json.loads(entry.payload)
        for entry in JournalEntry.objects.filter(kind="holdout_status").order_by("sequence")
    ]
    assert [(move["before"], move["after"]) for move in moves] == [
        ("SEALED", "FRESH"),
        ("FRESH", "QUERY"),
        ("QUERY", "RETIRED"),
    ]


def test_a_temporal_holdout_is_never_promoted(weather: Benchmark, now: dt.datetime) -> None:
    shard = Shard(kind="temporal", status="FRESH", n=N, **LATER)
    (temporal,) = seal(weather, now, shards=[shard])

    with pytest.raises(TransitionError):
        holdouts.promote(holdout=temporal, actor="worker", now=now)
    temporal.refresh_from_db()
    assert temporal.status == "FRESH"


def test_no_message_and_no_journal_entry_holds_a_label(
    weather: Benchmark, now: dt.datetime
) -> None:
    Benchmark.objects.filter(pk=weather.pk).update(classes=["SENTINEL-DRY", "SENTINEL-RAIN"])
    weather.refresh_from_db()
    query, _ = seal(weather, now)
    open_labels(query, "scoring", now)
    SealedBlob.objects.update(ciphertext=b"x")

    with pytest.raises(VaultError) as caught:
        open_labels(query, "scoring", now)

    said = str(caught.value) + str(caught.value.data)
    said += "".join(JournalEntry.objects.values_list("payload", flat=True))
    assert "SENTINEL" not in said
