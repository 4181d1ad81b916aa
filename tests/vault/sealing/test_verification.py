"""The audit worker looks into envelopes, once, whatever stops it; what it refuses never serves."""

import contextlib
import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from tests.vault.factories import NOW, acting_as, die
from tests.vault.sealed_weather import make_benchmark, make_keys, open_labels
from tests.vault.sealing.sealed_offline import GROUPED, LABELS, look_into, seal, take_in
from vault import journal, rounds, tasks
from vault.errors import LabelsUnavailableError, PlanError, SealingError, TransitionError
from vault.files import label_tables
from vault.models import (
    Benchmark,
    Holdout,
    JournalEntry,
    SealedEnvelope,
    SealingKey,
    WrappedKey,
)
from vault.sealing import (
    benchmark_sheet,
    crypto,
    envelopes,
    holdouts,
    inside,
    prepared,
    received,
    rotation,
    sealing_keys,
    verification,
)
from vault.sealing.drawn_units import Shard
from vault.sealing.prepared import Prepared

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def weather(tmp_path: Path, settings: Settings, transactional_db: None) -> Benchmark:
    make_keys(tmp_path, settings)
    return make_benchmark()


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("sequence").values_list("kind", flat=True))


def plan(benchmark: Benchmark, query: Holdout, fresh: Holdout) -> Any:
    return rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=NOW + dt.timedelta(days=9),
        window_seconds=86400,
        window_limit=5,
        total_limit=5,
        concurrent_limit=1,
        max_teams=3,
        actor="olivia",
        now=NOW,
    )


@pytest.mark.parametrize("labels", [LABELS, GROUPED], ids=["single", "grouped"])
@pytest.mark.parametrize("more", [(), ("--stratify",)], ids=["", "stratified"])
def test_what_is_right_is_verified_and_serves(
    tmp_path: Path, weather: Benchmark, labels: str, more: tuple[str, ...]
) -> None:
    content = seal(tmp_path, weather, labels, *more)
    query, fresh, kept = take_in(weather, content)
    with acting_as("audit"):
        assert look_into(envelopes.read(content))
        assert look_into(envelopes.read(content))

    assert kinds() == ["seal", "envelope_opened", "seal_verified"]
    assert SealedEnvelope.objects.get().status == "VERIFIED"
    truth = {row.split(",")[0]: row.split(",")[1] for row in labels.splitlines()[1:]}
    ids = sorted(truth)
    plan(weather, query, fresh)
    holdouts.freshen(holdout=kept, actor="olivia", now=NOW)
    for holdout, purpose in ((query, "scoring"), (fresh, "audit"), (kept, "audit")):
        opened = open_labels(holdout, purpose, NOW)  # type: ignore[arg-type]
        found = [weather.classes[code] for code in opened.labels]
        assert found == [truth[ids[position]] for position in opened.positions]
    journal.verify(benchmark_id=weather.pk)


def test_what_is_encrypted_anew_before_the_verdict_is_looked_into_again(
    tmp_path: Path, weather: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = seal(tmp_path, weather)
    query, *_ = take_in(weather, content)
    real = verification._judge

    def late(*judged: Any, **more: Any) -> None:
        sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
        rotation.rotate(purpose="audit", deep=True, files=(), actor="t", clock=lambda: NOW)
        real(*judged, **more)

    with monkeypatch.context() as patched:
        patched.setattr(verification, "_judge", late)
        with contextlib.suppress(LabelsUnavailableError):
            look_into(envelopes.read(content))
    assert look_into(envelopes.read(content))

    assert len(open_labels(query, "scoring", NOW).labels) == query.n_items


def test_values_and_whole_numbers_as_ids_are_verified(
    tmp_path: Path, settings: Settings, transactional_db: None
) -> None:
    """Of a regression, behind a batch that is there already: negative ids, in the order of numbers."""
    make_keys(tmp_path, settings)
    benchmark = Benchmark.objects.create(
        slug="rainfall",
        title="Rainfall",
        task="regression",
        prediction_form="value",
        primary_metric="rmse_loss",
    )
    values = np.random.default_rng(8).normal(size=120)
    for number in range(2):
        rows = [(10 * i - 300 + number, values[i + 60 * number]) for i in range(60)]
        labels = "id,label\n" + "".join(f"{id_},{value!r}\n" for id_, value in rows[::-1])
        content = seal(tmp_path, benchmark, labels.replace("np.float64(", "").replace(")", ""))
        (tmp_path / "sealed").unlink()
        _, fresh, _ = take_in(benchmark, content)
        look_into(envelopes.read(content))

        assert SealedEnvelope.objects.get(draw=fresh.batch).status == "VERIFIED"
        opened = open_labels(fresh, "audit", NOW)
        assert opened.labels.tolist() == [values[position] for position in opened.positions]


def test_nothing_serves_before(tmp_path: Path, weather: Benchmark) -> None:
    query, fresh, kept = take_in(weather, seal(tmp_path, weather))

    assert not WrappedKey.objects.filter(sealing_key__purpose="scoring").exists()
    with pytest.raises(PlanError, match="has not verified its envelope"):
        plan(weather, query, fresh)
    with pytest.raises(TransitionError, match="has not verified"):
        holdouts.freshen(holdout=kept, actor="olivia", now=NOW)
    with pytest.raises(LabelsUnavailableError):
        open_labels(fresh, "audit", NOW)
    with pytest.raises(LabelsUnavailableError):
        open_labels(query, "scoring", NOW)


@pytest.mark.parametrize("step", ["_announce", "_looked_into", "_judge", "journal.append"])
def test_killed_anywhere_it_is_done_by_the_next_sweep(
    tmp_path: Path, weather: Benchmark, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = seal(tmp_path, weather)
    take_in(weather, content)
    with monkeypatch.context() as patched:
        patched.setattr(f"vault.sealing.verification.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            look_into(envelopes.read(content))
    assert SealedEnvelope.objects.get().status == "RECEIVED"

    tasks.sweep_envelopes()

    assert SealedEnvelope.objects.get().status == "VERIFIED"
    assert kinds().count("seal_verified") == 1


def test_a_worker_without_the_key_says_nothing(
    tmp_path: Path, weather: Benchmark, settings: Settings
) -> None:
    content = seal(tmp_path, weather)
    take_in(weather, content)
    settings.AUDIT_PRIVATE_KEY_FILE = settings.SCORING_PRIVATE_KEY_FILE

    with pytest.raises(LabelsUnavailableError):
        look_into(envelopes.read(content))

    assert SealedEnvelope.objects.get().status == "RECEIVED"
    assert kinds() == ["seal"]


def sheet(benchmark: Benchmark) -> Any:
    return benchmark_sheet.sheet_of(benchmark)


def made(benchmark: Benchmark, *, seed: bytes = b"s" * 32) -> tuple[Any, Prepared]:
    table = label_tables.read(
        body=LABELS.encode(), content_type="text/csv", classes=tuple(benchmark.classes)
    )
    shards = [Shard(kind="iid", status=s, n=30) for s in ("QUERY", "FRESH")]
    terms = benchmark_sheet.terms_of(benchmark)
    return table, prepared.prepare(
        terms=terms, labels=table, shards=shards, n_before=0, seed=seed, stratify=False
    )


def with_another_seed(benchmark: Benchmark) -> bytes:
    """Somebody draws again until it pleases, and commits to a seed that did not make the draw."""
    table, first = made(benchmark)
    _, second = made(benchmark, seed=b"t" * 32)
    renamed = json.loads(
        crypto.decrypt(second.record.ciphertext, second.record.data_key).rstrip(b"\0")
    )
    renamed["holdouts"] = [str(each.id) for each in first.shards]
    record = crypto.encrypt(crypto.padded(json.dumps(renamed).encode()))
    changed = {**vars(first), "record": record, "seed_sha256": second.seed_sha256}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def with_a_wrong_seed(benchmark: Benchmark) -> bytes:
    table, first = made(benchmark)
    changed = {**vars(first), "seed_sha256": hashlib.sha256(b"other").hexdigest()}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def with_a_wrong_commitment(benchmark: Benchmark) -> bytes:
    table, first = made(benchmark)
    shards = [
        type(each)(**{**vars(each), "commitment": hashlib.sha256(bytes([i])).hexdigest()})
        for i, each in enumerate(first.shards)
    ]
    changed = {**vars(first), "shards": shards}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def with_the_shards_exchanged(benchmark: Benchmark) -> bytes:
    """The draw is another one than the one that was committed to: two shards change places."""
    table, first = made(benchmark)
    query, fresh = first.shards
    swapped = [
        type(query)(**{**vars(query), "sealed": fresh.sealed, "commitment": fresh.commitment}),
        type(fresh)(**{**vars(fresh), "sealed": query.sealed, "commitment": query.commitment}),
    ]
    changed = {**vars(first), "shards": swapped}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def with_plaintexts(benchmark: Benchmark, change: Callable[[bytes], bytes]) -> bytes:
    table, first = made(benchmark)
    shards = []
    for each in first.shards:
        plain = change(crypto.decrypt(each.sealed.ciphertext, each.sealed.data_key))
        shards.append(type(each)(**{**vars(each), "sealed": crypto.encrypt(plain)}))
    changed = {**vars(first), "shards": shards}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def with_another_plaintext(benchmark: Benchmark) -> bytes:
    return with_plaintexts(benchmark, lambda plain: b"no Arrow at all")


def with_a_stream_that_unpacks_to_more(benchmark: Benchmark) -> bytes:
    """A few thousand bytes that become a hundred million."""
    sink = io.BytesIO()
    table = pa.table({"position": pa.array(np.zeros(12_500_000, dtype=np.int64))})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return with_plaintexts(benchmark, lambda plain: sink.getvalue())


def with_an_id_that_begins_elsewhere(benchmark: Benchmark) -> bytes:
    """An offset points out of the column's bytes, to whatever is there."""
    offsets = np.arange(31, dtype=np.int32) * 6
    changed = offsets.copy()
    changed[3] = -1_900_000_000
    return with_plaintexts(
        benchmark, lambda plain: plain.replace(offsets.tobytes(), changed.tobytes())
    )


def with_other_ids(benchmark: Benchmark) -> bytes:
    """The panel would name items that are not those whose labels are sealed."""
    _, first = made(benchmark)
    other = label_tables.read(
        body=LABELS.replace("day-59", "day-99").encode(),
        content_type="text/csv",
        classes=tuple(benchmark.classes),
    )
    return envelopes.write(sheet=sheet(benchmark), ids=other.ids, prepared=first)


def with_a_period(benchmark: Benchmark) -> bytes:
    table, first = made(benchmark)
    changed = {**vars(first), "period": (dt.date(2026, 1, 1), dt.date(2026, 1, 2))}
    return envelopes.write(sheet=sheet(benchmark), ids=table.ids, prepared=Prepared(**changed))


def bound_to_another_benchmark(benchmark: Benchmark) -> bytes:
    """The envelope of another benchmark's labels, renamed: its keys do not open here."""
    table, first = made(benchmark)
    other = make_benchmark("snow")
    content = envelopes.write(sheet=sheet(other), ids=table.ids, prepared=first)
    name, head, blobs = content.split(b"\n", 2)
    members = {**json.loads(head), "benchmark": benchmark.slug}
    return b"\n".join([name, envelopes.canonical(members), blobs])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (with_another_seed, "made again from its seed"),
        (with_a_wrong_seed, "not the one that was committed to"),
        (with_a_wrong_commitment, "commitment is not that"),
        (with_the_shards_exchanged, "made again from its seed"),
        (with_another_plaintext, "cannot be read"),
        (with_a_stream_that_unpacks_to_more, "cannot be read"),
        (with_an_id_that_begins_elsewhere, "cannot be read"),
        (with_other_ids, "its ids are not those"),
        (with_a_period, "its columns are not those"),
        (bound_to_another_benchmark, "does not open with the audit key"),
    ],
)
def test_what_is_wrong_inside_is_refused_and_never_serves(
    weather: Benchmark, make: Any, reason: str
) -> None:
    content = make(weather)
    query, fresh = take_in(weather, content)

    look_into(envelopes.read(content))

    envelope = SealedEnvelope.objects.get()
    assert envelope.status == "REFUSED"
    assert reason in envelope.problem
    assert kinds()[-2:] == ["envelope_opened", "seal_refused"]
    assert json.loads(JournalEntry.objects.order_by("sequence").last().payload)["problem"]  # type: ignore[union-attr]
    assert not WrappedKey.objects.filter(sealing_key__purpose="scoring").exists()
    with pytest.raises(PlanError, match="refused its envelope"):
        plan(weather, query, fresh)
    with pytest.raises(IntegrityError):
        SealedEnvelope.objects.update(status="VERIFIED")
    with pytest.raises(LabelsUnavailableError):
        open_labels(fresh, "audit", NOW)


def test_roles_do_what_is_theirs(tmp_path: Path, weather: Benchmark) -> None:
    content = seal(tmp_path, weather)
    with acting_as("researcher"):
        take_in(weather, content)
    with acting_as("audit"):
        look_into(envelopes.read(content))

    assert SealedEnvelope.objects.get().status == "VERIFIED"


def test_nothing_is_looked_into_inside_a_transaction(tmp_path: Path, weather: Benchmark) -> None:
    content = seal(tmp_path, weather)
    take_in(weather, content)
    with pytest.raises(LabelsUnavailableError), transaction.atomic():
        look_into(envelopes.read(content))


def test_a_second_batch_comes_behind_the_first(tmp_path: Path, weather: Benchmark) -> None:
    take_in(weather, seal(tmp_path, weather))
    later = LABELS.replace("day", "a-day")
    content = seal(tmp_path, weather, later, name="later")
    take_in(weather, content)

    for batch in received.due():
        assert verification.carry_out(batch=batch, clock=lambda: NOW)

    assert set(SealedEnvelope.objects.values_list("status", flat=True)) == {"VERIFIED"}
    fresh = Holdout.objects.get(status="FRESH", panel__version=2)
    opened = open_labels(fresh, "audit", NOW)
    assert opened.positions.min() >= 60
    assert np.all(np.diff(opened.positions) > 0)
    assert SealingKey.objects.filter(is_active=True).count() == 2
    with pytest.raises(SealingError):
        take_in(weather, content)


def test_texts_that_unpack_to_more_than_a_label_file_holds_are_refused(
    tmp_path: Path, weather: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = seal(tmp_path, weather, GROUPED)
    take_in(weather, content)
    monkeypatch.setattr(inside, "MAX_UNPACKED_BYTES", 200, raising=False)

    look_into(envelopes.read(content))

    assert "unpack to more than 200 bytes" in SealedEnvelope.objects.get().problem
