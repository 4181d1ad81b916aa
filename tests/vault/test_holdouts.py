import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.db import ProgrammingError, connection, connections, transaction
from pytest_django import Settings

from vault import crypto, holdouts, journal, panel, sealing_keys
from vault.errors import LabelsUnavailableError, SealingError, TransitionError, VaultError
from vault.holdouts import Shard
from vault.label_files import LabelTable
from vault.models import (
    Benchmark,
    Holdout,
    JournalEntry,
    Panel,
    Round,
    SealedBlob,
    SealingKey,
    WrappedKey,
)
from vault.sealing_keys import Purpose

# Each opening must be committed to the journal, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)

N = 40
SHARDS = [Shard(kind="iid", status="QUERY", n=15), Shard(kind="iid", status="FRESH", n=25)]


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings, transactional_db: None) -> Path:
    """Both private keys in this one process; tests that need another process take one away."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.SCORING_PRIVATE_KEY_FILE = str(tmp_path / "scoring.pem")
    settings.AUDIT_PRIVATE_KEY_FILE = str(tmp_path / "audit.pem")
    sealing_keys.create(purpose="scoring", private_key_file=tmp_path / "scoring.pem")
    sealing_keys.create(purpose="audit", private_key_file=tmp_path / "audit.pem")
    return tmp_path


@pytest.fixture
def weather(transactional_db: None) -> Benchmark:
    return Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["dry", "rain"],
        prediction_form="label",
        primary_metric="accuracy_score",
    )


def table_of(n: int = N, first: int = 0) -> LabelTable:
    """Item i is rainy when i is a multiple of 3, whatever the order of the rows."""
    ids = np.random.default_rng(1).permutation(n) + first
    return LabelTable(
        ids=pa.array(ids),
        labels=(ids % 3 == 0).astype(np.int64),
        slices={"season": pa.array([f"s{i % 4}" for i in ids]).dictionary_encode()},
        times=pa.array([f"2001-01-{i % 28 + 1:02d}" for i in ids]).dictionary_encode(),
        groups=pa.array([f"station {i % 2}" for i in ids]).dictionary_encode(),
    )


def seal(
    benchmark: Benchmark,
    now: dt.datetime,
    *,
    shards: list[Shard] = SHARDS,
    table: LabelTable | None = None,
    seed: int = 7,
) -> list[Holdout]:
    return holdouts.seal(
        benchmark=benchmark,
        labels=table or table_of(),
        shards=shards,
        rng=np.random.default_rng(seed),
        actor="olivia",
        now=now,
    )


def open_labels(holdout: Holdout, purpose: Purpose, now: dt.datetime) -> holdouts.OpenLabels:
    return holdouts.open_labels(
        holdout=holdout, purpose=purpose, reason={"submission": "s1"}, actor="worker", now=now
    )


def execute_as(role: str, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


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
        assert labels.groups.tolist() == [f"station {i % 2}" for i in items]
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
    table = LabelTable(ids=pa.array(["a", "b", "c"]), labels=np.array([0.1, -2.5, 1e-300]))
    shards = [Shard(kind="iid", status="QUERY", n=1), Shard(kind="iid", status="FRESH", n=None)]

    query, fresh = seal(benchmark, now, shards=shards, table=table)
    opened = [open_labels(query, "scoring", now), open_labels(fresh, "audit", now)]

    pairs = [pair for o in opened for pair in zip(o.positions, o.labels, strict=True)]
    assert sorted(pairs) == [(0, 0.1), (1, -2.5), (2, 1e-300)]
    assert opened[0].times is None
    assert opened[0].slices == {}


def test_the_draw_depends_on_the_seed_and_the_items_alone(now: dt.datetime) -> None:
    members = []
    shuffled = table_of()
    order = pa.array(np.random.default_rng(5).permutation(N))
    other_order = LabelTable(ids=shuffled.ids.take(order), labels=shuffled.labels[order.to_numpy()])
    for number, (table, seed) in enumerate([(shuffled, 7), (other_order, 7), (shuffled, 8)]):
        benchmark = Benchmark.objects.create(
            slug=f"b{number}",
            title="B",
            task="binary",
            classes=["dry", "rain"],
            prediction_form="label",
            primary_metric="accuracy_score",
        )
        query, _ = seal(benchmark, now, table=table, seed=seed)
        members.append(open_labels(query, "scoring", now).positions.tolist())

    assert members[0] == members[1]
    assert members[0] != members[2]


def test_a_later_batch_is_appended_to_the_panel(weather: Benchmark, now: dt.datetime) -> None:
    query, _ = seal(weather, now)
    before = open_labels(query, "scoring", now)
    temporal = [Shard(kind="temporal", status="FRESH", n=None)]

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

    disclosed = holdouts.disclose(holdout=fresh, actor="worker", now=now)

    lines = ["id,label,slice:season,time,group"]
    for i in sorted(items.tolist()):
        label = "rain" if i % 3 == 0 else "dry"
        lines.append(f"{i},{label},s{i % 4},2001-01-{i % 28 + 1:02d},station {i % 2}")
    text = "\n".join(lines) + "\n"
    assert disclosed.text == text
    assert len(disclosed.salt) == 32
    assert hashlib.sha256(disclosed.salt + text.encode()).hexdigest() == fresh.commitment
    assert holdouts.check_commitment(commitment=fresh.commitment, disclosed=disclosed)
    changed = holdouts.Disclosure(salt=disclosed.salt, text=text.replace("rain", "dry", 1))
    assert not holdouts.check_commitment(commitment=fresh.commitment, disclosed=changed)
    fresh.refresh_from_db()
    assert fresh.status == "DISCLOSED"


def test_the_scoring_key_does_not_open_a_fresh_holdout(
    weather: Benchmark, now: dt.datetime, settings: Settings
) -> None:
    """Invariant 4: neither by status nor, with a forged status, by cryptography."""
    _, fresh = seal(weather, now)
    Holdout.objects.filter(pk=fresh.pk).update(status="QUERY")

    with pytest.raises(LabelsUnavailableError, match="not sealed for this scoring key"):
        open_labels(fresh, "scoring", now)
    Holdout.objects.filter(pk=fresh.pk).update(status="FRESH")
    with pytest.raises(LabelsUnavailableError, match="FRESH"):
        open_labels(fresh, "scoring", now)
    settings.AUDIT_PRIVATE_KEY_FILE = settings.SCORING_PRIVATE_KEY_FILE
    with pytest.raises(LabelsUnavailableError):
        open_labels(fresh, "audit", now)
    assert not JournalEntry.objects.filter(kind="open_labels").exists()


def test_an_envelope_moved_to_another_holdout_does_not_open(
    weather: Benchmark, now: dt.datetime
) -> None:
    """Invariant 4: somebody who can write rows cannot hand a fresh holdout to the scoring key."""
    query, fresh = seal(weather, now)
    envelope = WrappedKey.objects.get(holdout=query, sealing_key__purpose="scoring")
    WrappedKey.objects.create(
        holdout=fresh,
        sealing_key=envelope.sealing_key,
        suite=envelope.suite,
        envelope=envelope.envelope,
    )
    blob = SealedBlob.objects.get(holdout=fresh)
    SealedBlob.objects.filter(holdout=query).update(ciphertext=blob.ciphertext, sha256=blob.sha256)
    Holdout.objects.filter(pk=fresh.pk).update(status="QUERY")

    for holdout in (query, fresh):
        with pytest.raises(LabelsUnavailableError):
            open_labels(holdout, "scoring", now)


@pytest.mark.parametrize("status", ["SEALED", "RETIRED", "DISCLOSED"])
def test_no_key_opens_a_holdout_that_is_not_in_use(
    weather: Benchmark, now: dt.datetime, status: str
) -> None:
    query, _ = seal(weather, now)
    Holdout.objects.filter(pk=query.pk).update(status=status)

    for purpose in sealing_keys.PURPOSES:
        with pytest.raises(LabelsUnavailableError):
            open_labels(query, purpose, now)


def test_the_audit_key_opens_a_query_holdout_once_its_round_is_closed(
    weather: Benchmark, now: dt.datetime
) -> None:
    query, _ = seal(weather, now)
    with pytest.raises(LabelsUnavailableError):
        open_labels(query, "audit", now)
    round_ = Round.objects.create(
        benchmark=weather,
        number=1,
        status="CLOSING",
        opens_at=now,
        closes_at=now + dt.timedelta(days=1),
        panel=query.panel,
        query_holdout=query,
        mechanism="exact",
    )
    with pytest.raises(LabelsUnavailableError):
        open_labels(query, "audit", now)

    Round.objects.filter(pk=round_.pk).update(status="CLOSED")

    assert len(open_labels(query, "audit", now).labels) == 15


@pytest.mark.parametrize("name", ["", "/nonexistent/key.pem"])
def test_open_labels_without_a_key_file_opens_nothing(
    weather: Benchmark, now: dt.datetime, settings: Settings, name: str
) -> None:
    """Invariant 4: a process without the private key, such as the web, cannot open anything."""
    query, _ = seal(weather, now)
    settings.SCORING_PRIVATE_KEY_FILE = name

    with pytest.raises(LabelsUnavailableError):
        open_labels(query, "scoring", now)


def test_open_labels_commits_the_journal_entry_before_it_decrypts(
    weather: Benchmark, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4: another connection already sees the entry when decryption begins, or fails."""
    query, _ = seal(weather, now)
    seen: list[Any] = []

    def look(ciphertext: bytes, data_key: bytes) -> bytes:
        other = connections.create_connection("default")
        with other.cursor() as cursor:
            cursor.execute("SELECT payload FROM vault_journalentry WHERE kind = 'open_labels'")
            seen.extend(json.loads(payload) for (payload,) in cursor.fetchall())
        other.close()
        raise LabelsUnavailableError("power cut")

    monkeypatch.setattr(crypto, "decrypt", look)

    with pytest.raises(LabelsUnavailableError, match="power cut"):
        open_labels(query, "scoring", now)
    assert [(entry["holdout"], entry["reason"]) for entry in seen] == [
        (str(query.pk), {"submission": "s1"})
    ]
    journal.verify(benchmark_id=weather.pk)


def test_open_labels_refuses_to_run_inside_a_transaction(
    weather: Benchmark, now: dt.datetime
) -> None:
    """Invariant 4: a rollback would take the journal entry back after the labels were seen."""
    query, _ = seal(weather, now)

    with transaction.atomic(), pytest.raises(LabelsUnavailableError, match="transaction"):
        open_labels(query, "scoring", now)
    assert not JournalEntry.objects.filter(kind="open_labels").exists()


@pytest.mark.parametrize("role", ["web", "researcher"])
def test_the_web_and_the_admin_cannot_read_sealed_blobs(
    weather: Benchmark, now: dt.datetime, role: str
) -> None:
    """Invariant 4: not even ciphertexts."""
    seal(weather, now)
    for table, column in [
        ("vault_sealedblob", "ciphertext"),
        ("vault_sealedblob", "*"),
        ("vault_wrappedkey", "envelope"),
    ]:
        with pytest.raises(ProgrammingError, match="permission denied"):
            execute_as(role, f"SELECT {column} FROM {table}")  # noqa: S608


def test_the_admin_seals_and_cannot_change_what_is_sealed(
    weather: Benchmark, now: dt.datetime
) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE researcher")
        query, _ = seal(weather, now)

    assert len(open_labels(query, "scoring", now).labels) == 15
    with pytest.raises(ProgrammingError, match="permission denied"):
        execute_as("researcher", "UPDATE vault_sealedblob SET ciphertext = 'x'")


def test_workers_open_and_promote_under_their_own_roles(
    weather: Benchmark, now: dt.datetime
) -> None:
    query, fresh = seal(weather, now)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE scoring")
        assert len(open_labels(query, "scoring", now).labels) == 15
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE audit")
        opened = open_labels(fresh, "audit", now)
        holdouts.promote(holdout=fresh, actor="worker", now=now)
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE scoring")
        again = open_labels(fresh, "scoring", now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")

    assert again.labels.tolist() == opened.labels.tolist()


def test_a_changed_blob_does_not_open(weather: Benchmark, now: dt.datetime) -> None:
    query, _ = seal(weather, now)
    blob = SealedBlob.objects.get(holdout=query)
    changed = bytes(blob.ciphertext)[:-1] + bytes([bytes(blob.ciphertext)[-1] ^ 1])
    for fields in (
        {"ciphertext": changed},
        {"ciphertext": changed, "sha256": hashlib.sha256(changed).hexdigest()},
        {"cipher": "none"},
    ):
        SealedBlob.objects.filter(holdout=query).update(**fields)
        with pytest.raises(LabelsUnavailableError):
            open_labels(query, "scoring", now)


def test_the_length_of_a_blob_says_nothing_of_its_labels(now: dt.datetime) -> None:
    lengths = set()
    for slug, labels in [("zeros", np.zeros(N)), ("mixed", np.arange(N) % 2)]:
        benchmark = Benchmark.objects.create(
            slug=slug,
            title="B",
            task="binary",
            classes=["dry", "rain"],
            prediction_form="label",
            primary_metric="accuracy_score",
        )
        table = LabelTable(ids=pa.array(range(N)), labels=labels.astype(np.int64))
        for holdout in seal(benchmark, now, table=table):
            blob = SealedBlob.objects.get(holdout=holdout)
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
    with pytest.raises(TransitionError):
        holdouts.disclose(holdout=sealed, actor="worker", now=now)
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
    (temporal,) = seal(weather, now, shards=[Shard(kind="temporal", status="FRESH", n=N)])

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
