"""Keys are rotated: what older ones opened the newest opens, nothing is lost, old keys open nothing."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connections, transaction
from pytest_django import Settings

from tests.vault.factories import NOW, acting_as, die
from tests.vault.sealed_weather import make_benchmark, make_keys, open_labels, seal, table_of
from vault import journal
from vault.admin import benchmarks as benchmarks_page
from vault.errors import LabelsUnavailableError
from vault.models import (
    Benchmark,
    DrawKey,
    DrawRecord,
    Holdout,
    JournalEntry,
    LabelVersion,
    SealedBlob,
    SealingKey,
    WrappedKey,
)
from vault.sealing import crypto, holdouts, rotation, sealing_keys
from vault.sealing.rotation import Rotated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(tmp_path: Path, settings: Settings, transactional_db: None) -> list[Holdout]:
    make_keys(tmp_path, settings)
    snow = seal(make_benchmark("snow"), NOW, table=table_of())
    return [*seal(make_benchmark(), NOW), *snow]


def rotate(purpose: sealing_keys.Purpose, *older: Path, deep: bool = False) -> Rotated:
    with acting_as(purpose):
        return rotation.rotate(
            purpose=purpose, deep=deep, files=older, actor="test", clock=lambda: NOW
        )


def opened(sealed: list[Holdout], now: dt.datetime = NOW) -> list[list[int]]:
    purposes = {"QUERY": "scoring", "FRESH": "audit"}
    return [
        open_labels(each, purposes[each.status], now).labels.tolist()  # type: ignore[arg-type]
        for each in sealed
    ]


def ciphertexts() -> list[bytes]:
    return [
        *(bytes(each.ciphertext) for each in SealedBlob.objects.order_by("pk")),
        *(bytes(each.ciphertext) for each in DrawRecord.objects.order_by("pk")),
    ]


def take_the_old_key_away(file: Path) -> bytes:
    """As the page says: only the first block stays."""
    newest, *older = crypto.private_keys_in(file.read_bytes())
    file.write_bytes(newest)
    return b"".join(older)


def test_after_both_rotations_the_new_keys_open_all_and_the_old_ones_nothing(
    tmp_path: Path, sealed: list[Holdout]
) -> None:
    before, sealed_before = opened(sealed), ciphertexts()
    old = []
    for purpose in sealing_keys.PURPOSES:
        file = tmp_path / f"{purpose}.pem"
        key = sealing_keys.renew(purpose=purpose, private_key_file=file)
        assert (key.generation, key.is_active) == (2, True)
        # In between the ring opens all.
        assert opened(sealed) == before
        done = rotate(purpose)
        assert (done.to, done.missing) == (key, [])
        assert rotate(purpose).n == 0
        old.append(take_the_old_key_away(file))

    assert opened(sealed) == before
    assert ciphertexts() == sealed_before
    assert set(WrappedKey.objects.values_list("sealing_key__generation", flat=True)) == {2}
    assert set(DrawKey.objects.values_list("sealing_key__generation", flat=True)) == {2}
    for purpose, content in zip(sealing_keys.PURPOSES, old, strict=True):
        (tmp_path / f"{purpose}.pem").write_bytes(content)
    for each in sealed:
        with pytest.raises(LabelsUnavailableError):
            opened([each])


def test_each_benchmark_says_so_in_its_journal(tmp_path: Path, sealed: list[Holdout]) -> None:
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    rotate("audit")

    for benchmark in Benchmark.objects.all():
        entry = JournalEntry.objects.get(benchmark=benchmark, kind="keys_rotated")
        told = json.loads(entry.payload)
        # Two shards, and the record of the draw.
        assert (told["purpose"], told["n"], told["deep"]) == ("audit", 3, False)
        assert told["to"] == sealing_keys.active(purpose="audit").kid
        journal.verify(benchmark_id=benchmark.pk)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("step", ["_renew", "_wrap", "journal.append", "_append"])
def test_killed_between_any_two_steps_it_goes_on(
    tmp_path: Path,
    sealed: list[Holdout],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    deep: bool,
) -> None:
    before = opened(sealed)
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    with monkeypatch.context() as patched:
        patched.setattr(f"vault.sealing.rotation.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            rotate("audit", deep=deep)
    assert opened(sealed) == before

    assert rotate("audit", deep=deep).n == 6
    take_the_old_key_away(tmp_path / "audit.pem")

    assert opened(sealed) == before
    assert JournalEntry.objects.filter(kind="keys_rotated").count() == 2


def test_a_deep_rotation_makes_an_old_dump_with_the_old_key_worth_no_new_label(
    tmp_path: Path, sealed: list[Holdout]
) -> None:
    before, sealed_before = opened(sealed), ciphertexts()
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    rotate("audit", deep=True)
    take_the_old_key_away(tmp_path / "audit.pem")

    assert not set(ciphertexts()) & set(sealed_before)
    assert opened(sealed) == before
    kinds = list(JournalEntry.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds.index("open_for_rotation") < kinds.index("keys_rotated")
    with pytest.raises(LabelsUnavailableError, match="audit worker alone"):
        rotate("scoring", deep=True)


def meanwhile(act: Callable[[], object], seconds: float = 2) -> Thread:
    """Begin it on a connection of its own; it may have to wait for what the test has not finished."""

    def run() -> None:
        try:
            with suppress(LabelsUnavailableError):
                act()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join(seconds)
    return thread


@pytest.mark.parametrize("place", ["_wrap", "_append"])
def test_a_deep_rotation_during_one_of_the_scoring_key_leaves_every_envelope_fitting(
    tmp_path: Path, sealed: list[Holdout], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    before = opened(sealed)
    for purpose in sealing_keys.PURPOSES:
        sealing_keys.renew(purpose=purpose, private_key_file=tmp_path / f"{purpose}.pem")
    real, threads = getattr(rotation, place), list[Thread]()

    def late(*args: Any, **more: Any) -> None:
        if not threads:
            monkeypatch.setattr(rotation, place, real)
            threads.append(meanwhile(lambda: rotate("audit", deep=True)))
        real(*args, **more)

    monkeypatch.setattr(rotation, place, late)
    with suppress(LabelsUnavailableError):
        rotate("scoring")
    threads[0].join()

    assert opened(sealed) == before


def test_a_holdout_promoted_during_a_deep_rotation_answers(
    tmp_path: Path, sealed: list[Holdout], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, fresh = opened(sealed), sealed[1]
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    real, threads = rotation._encrypt_anew, list[Thread]()

    def promote() -> None:
        with acting_as("audit"):
            holdouts.promote(holdout=fresh, actor="worker", now=NOW)

    def late(of: LabelVersion, *more: Any) -> bytes:
        data_key = real(of, *more)
        if isinstance(of, LabelVersion) and of.holdout_id == fresh.pk:
            threads.append(meanwhile(promote))
        return data_key

    monkeypatch.setattr(rotation, "_encrypt_anew", late)
    rotate("audit", deep=True)
    threads[0].join()
    fresh.refresh_from_db()

    assert fresh.status == "QUERY"
    assert opened(sealed) == before


def test_what_another_process_holds_is_left_and_named(
    tmp_path: Path, sealed: list[Holdout]
) -> None:
    file = tmp_path / "audit.pem"
    old = sealing_keys.active(purpose="audit").kid
    sealing_keys.renew(purpose="audit", private_key_file=file)
    older = tmp_path / "older.pem"
    older.write_bytes(take_the_old_key_away(file))

    assert rotate("audit").missing == [old]
    with pytest.raises(CommandError, match="does not hold"):
        call_command("rotate_keys", purpose="audit", stdout=StringIO())
    said = StringIO()
    call_command("rotate_keys", purpose="audit", files=[older], stdout=said)

    assert "6 envelopes are wrapped anew" in said.getvalue()
    assert "can be taken away" in said.getvalue()


@pytest.mark.parametrize("deep", [False, True])
def test_what_was_sealed_for_the_old_key_after_a_rotation_is_found_by_the_next(
    tmp_path: Path, sealed: list[Holdout], monkeypatch: pytest.MonkeyPatch, deep: bool
) -> None:
    """Whoever was sealing while the new key came knew the old one alone, and commits last."""
    old = sealing_keys.active(purpose="audit")
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    assert rotate("audit", deep=deep).n == 6
    active = sealing_keys.active
    with monkeypatch.context() as patched:
        patched.setattr(
            sealing_keys,
            "active",
            lambda *, purpose: old if purpose == "audit" else active(purpose=purpose),
        )
        rain = seal(make_benchmark("rain"), NOW)
    before = opened(rain)
    page = benchmarks_page._keys(rain[0].benchmark)
    assert [row[4] for row in page.rows if row[0] == "audit"] == ["0", "2"]

    assert rotate("audit", deep=deep).n == 3
    assert rotate("audit", deep=deep).n == 0
    take_the_old_key_away(tmp_path / "audit.pem")
    assert opened(rain) == before


@pytest.mark.parametrize("role", ["web", "researcher", "scoring"])
def test_no_other_role_makes_the_audit_keys_envelopes_anew(
    tmp_path: Path, sealed: list[Holdout], role: str
) -> None:
    new = sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    of_audit = WrappedKey.objects.filter(sealing_key__purpose="audit")
    kids = [*of_audit.values_list("pk", flat=True)]
    with pytest.raises(ProgrammingError), acting_as(role), transaction.atomic():
        WrappedKey.objects.filter(pk__in=kids).update(sealing_key_id=new.kid, envelope=b"x")


def test_an_envelope_never_goes_back_nor_to_another_purpose(
    tmp_path: Path, sealed: list[Holdout]
) -> None:
    old = sealing_keys.active(purpose="audit")
    sealing_keys.renew(purpose="audit", private_key_file=tmp_path / "audit.pem")
    rotate("audit")
    scoring = sealing_keys.active(purpose="scoring")
    for key in (old, scoring):
        with pytest.raises(ProgrammingError), transaction.atomic():
            DrawKey.objects.update(sealing_key=key)


def test_a_loss_is_rehearsed(tmp_path: Path, sealed: list[Holdout], settings: Settings) -> None:
    """The audit key's file is gone, and no copy: scoring goes on, and nothing opens a fresh holdout again."""
    (tmp_path / "audit.pem").unlink()
    query, fresh = sealed[0], sealed[1]

    assert opened([query])
    with pytest.raises(LabelsUnavailableError, match="cannot be read"):
        opened([fresh])
    # A new key seals what comes, and opens nothing of what was.
    key = sealing_keys.create(purpose="audit", private_key_file=tmp_path / "audit.pem")
    assert key.generation == 2
    with pytest.raises(LabelsUnavailableError, match="is not sealed for this audit key"):
        opened([fresh])
    later = seal(make_benchmark("later"), NOW)
    assert opened(later)


def test_a_copy_of_the_key_brings_it_back(tmp_path: Path, sealed: list[Holdout]) -> None:
    before = opened(sealed)
    copy = (tmp_path / "audit.pem").read_bytes()
    (tmp_path / "audit.pem").unlink()
    (tmp_path / "audit.pem").write_bytes(copy)
    sealing_keys.create(purpose="audit", private_key_file=tmp_path / "audit.pem")

    assert opened(sealed) == before
    assert SealingKey.objects.filter(purpose="audit").count() == 1
