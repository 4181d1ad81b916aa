"""Invariant 4: who can open labels, when, and what is written down first."""

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from pytest_django import Settings

from tests.vault.sealed_weather import (
    make_benchmark,
    make_keys,
    open_labels,
    seal,
)
from vault import journal
from vault.errors import LabelsUnavailableError
from vault.models import (
    Benchmark,
    Holdout,
    JournalEntry,
    Round,
    SealedBlob,
    WrappedKey,
)
from vault.sealing import crypto, holdouts, sealing_keys

# Each opening must be committed to the journal, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings, transactional_db: None) -> None:
    make_keys(tmp_path, settings)


@pytest.fixture
def weather(transactional_db: None) -> Benchmark:
    return make_benchmark()


def execute_as(role: str, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


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
    envelope = WrappedKey.objects.get(version__holdout=query, sealing_key__purpose="scoring")
    WrappedKey.objects.create(
        version=fresh.versions.get(),
        sealing_key=envelope.sealing_key,
        suite=envelope.suite,
        envelope=envelope.envelope,
    )
    blob = SealedBlob.objects.get(version__holdout=fresh)
    SealedBlob.objects.filter(version__holdout=query).update(
        ciphertext=blob.ciphertext, sha256=blob.sha256
    )
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
    blob = SealedBlob.objects.get(version__holdout=query)
    changed = bytes(blob.ciphertext)[:-1] + bytes([bytes(blob.ciphertext)[-1] ^ 1])
    for fields in (
        {"ciphertext": changed},
        {"ciphertext": changed, "sha256": hashlib.sha256(changed).hexdigest()},
        {"cipher": "none"},
    ):
        SealedBlob.objects.filter(version__holdout=query).update(**fields)
        with pytest.raises(LabelsUnavailableError):
            open_labels(query, "scoring", now)


@pytest.mark.parametrize(
    "serving", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "AUDITED", "PUBLISHED"]
)
@pytest.mark.parametrize("status", ["SEALED", "FRESH", "QUERY", "RETIRED", "DISCLOSED"])
def test_a_repeated_audit_opens_what_no_open_round_asks_and_nobody_published(
    weather: Benchmark, now: dt.datetime, status: str, serving: str
) -> None:
    query, _ = seal(weather, now)
    Round.objects.create(
        benchmark=weather,
        number=1,
        status=serving,
        opens_at=now,
        closes_at=now + dt.timedelta(days=1),
        panel=query.panel,
        query_holdout=query,
        mechanism="exact",
    )
    Holdout.objects.filter(pk=query.pk).update(status=status)
    given: dict[str, Any] = {
        "holdout": query,
        "reason": {"repeats": True},
        "actor": "worker-audit",
        "now": now,
        "repeats": True,
    }
    is_open = status in ("FRESH", "RETIRED") or (status == "QUERY" and serving != "OPEN")

    if is_open:
        assert len(holdouts.open_labels(purpose="audit", **given).labels) == 15
    else:
        with pytest.raises(LabelsUnavailableError, match="does not open a holdout again"):
            holdouts.open_labels(purpose="audit", **given)
    # The scoring key has no business with it, whatever it says.
    if status != "QUERY":
        with pytest.raises(LabelsUnavailableError):
            holdouts.open_labels(purpose="scoring", **given)
