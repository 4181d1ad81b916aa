"""What ends the audit worker each time it is opened is refused after the third time; other faults are not."""

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from pytest_django import Settings

from tests.audits import awaited_round
from tests.vault.corrected import ask_to_void, reseal
from tests.vault.factories import acting_as, crash, die, make_world
from tests.vault.sealed_weather import make_benchmark, make_keys
from tests.vault.sealing.sealed_offline import LABELS, seal, take_in
from vault import tasks
from vault.models import (
    CorrectionRequest,
    JournalEntry,
    LabelVersion,
    OpeningAttempt,
    SealedEnvelope,
)
from vault.sealing import attempts, boxes, holdouts, inside, label_batches, received

pytestmark = [pytest.mark.django_db(transaction=True)]


def out_of_memory(*_: Any, **__: Any) -> Any:
    raise MemoryError


def no_database(*_: Any, **__: Any) -> Any:
    raise OperationalError


@pytest.fixture
def weather(tmp_path: Path, settings: Settings, transactional_db: None) -> Any:
    make_keys(tmp_path, settings)
    benchmark = make_benchmark()
    take_in(benchmark, seal(tmp_path, benchmark))
    return benchmark


def sweep_envelopes() -> None:
    with acting_as("audit"), suppress(KeyboardInterrupt):
        tasks.sweep_envelopes()


def last_told(kind: str) -> dict[str, Any]:
    entry = JournalEntry.objects.order_by("sequence").filter(kind=kind).last()
    assert entry is not None
    told: dict[str, Any] = json.loads(entry.payload)
    return told


@pytest.mark.parametrize("end", [die, out_of_memory])
def test_an_envelope_is_refused_unopened_after_the_third_time(
    weather: Any, monkeypatch: pytest.MonkeyPatch, end: Callable[..., Any]
) -> None:
    monkeypatch.setattr(inside, "check", end)
    for n in range(1, 4):
        sweep_envelopes()
        assert SealedEnvelope.objects.get().status == "RECEIVED"
        assert OpeningAttempt.objects.get().n == n

    sweep_envelopes()

    envelope = SealedEnvelope.objects.get()
    assert (envelope.status, envelope.problem) == ("REFUSED", attempts.ENDED)
    assert last_told("seal_refused")["problem"] == attempts.ENDED
    assert JournalEntry.objects.filter(kind="envelope_opened").count() == 3


def test_one_that_ends_the_worker_keeps_none_behind_it_waiting(
    tmp_path: Path, weather: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = seal(tmp_path, weather, LABELS.replace("day", "later"), name="later")
    take_in(weather, later)
    first, second = received.due()
    check = inside.check

    def deadly(*, batch: Any, **named: Any) -> None:
        if batch.claims[0].name in SealedEnvelope.objects.get(pk=first).draw.holdout_ids:
            die()
        check(batch=batch, **named)

    monkeypatch.setattr(inside, "check", deadly)
    sweep_envelopes()
    assert received.due() == [second, first]
    sweep_envelopes()

    assert SealedEnvelope.objects.get(pk=second).status == "VERIFIED"
    assert SealedEnvelope.objects.get(pk=first).status == "RECEIVED"


def test_two_ends_are_forgiven(weather: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(inside, "check", die)
        sweep_envelopes()
        sweep_envelopes()

    sweep_envelopes()

    assert SealedEnvelope.objects.get().status == "VERIFIED"


def test_a_fault_that_comes_back_is_never_counted(
    weather: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(inside, "check", crash)
        for _ in range(5):
            sweep_envelopes()
    assert OpeningAttempt.objects.get().n == 0

    sweep_envelopes()

    assert SealedEnvelope.objects.get().status == "VERIFIED"


def lose_connection() -> None:
    """As when the database ends the session."""
    with suppress(OperationalError), connection.cursor() as cursor:
        # No role of ours may end a session.
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_lost_connection_is_never_counted(weather: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = boxes.unchanged

    def unchanged(blob: Any) -> bytes:
        lose_connection()
        return real(blob)

    with monkeypatch.context() as patched:
        patched.setattr(boxes, "unchanged", unchanged)
        for _ in range(5):
            sweep_envelopes()
            assert OpeningAttempt.objects.get().n == 0
    assert SealedEnvelope.objects.get().status == "RECEIVED"

    sweep_envelopes()

    assert SealedEnvelope.objects.get().status == "VERIFIED"


def test_a_connection_that_is_lost_at_the_end_is_not_counted(
    weather: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "check", lambda **_: lose_connection())
    sweep_envelopes()

    assert OpeningAttempt.objects.get().n == 0
    assert SealedEnvelope.objects.get().status == "VERIFIED"


def test_without_a_database_the_fault_itself_is_told_and_the_count_logged(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subject = uuid.uuid4()

    def attempt() -> None:
        with attempts.counted(subject=subject):
            monkeypatch.setattr(attempts, "F", no_database)
            crash()

    with caplog.at_level("ERROR"), pytest.raises(ZeroDivisionError):
        attempt()

    assert f"an attempt at {subject} stays counted: OperationalError" in caplog.text
    assert attempts.ended(subjects=[subject]) == {subject: 1}


def test_a_correction_is_refused_and_may_be_asked_for_again(
    vault_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world("weather", n_query=40, n_fresh=60)
    world.open()
    asked = ask_to_void(world, [0])
    with monkeypatch.context() as patched:
        patched.setattr(holdouts, "open_to_correct", die)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                reseal(asked)
        assert CorrectionRequest.objects.get().refused_at is None
        assert reseal(asked)

    asked.refresh_from_db()
    assert (asked.done_at, asked.refusal) == (None, attempts.ENDED)
    assert last_told("correction_refused")["why"] == attempts.ENDED
    assert set(LabelVersion.objects.values_list("number", flat=True)) == {1}
    assert reseal(ask_to_void(world, [0]))
    assert LabelVersion.objects.filter(number=2).exists()


def test_a_batch_of_labels_is_refused_and_the_next_one_goes_on(
    vault_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = awaited_round.published("awaited")
    deadly = given.deliver(given.rows(range(30)))
    real = label_batches._read

    def read(content: bytes, batch: Any, holdout: Any) -> Any:
        return die() if batch.pk == deadly.pk else real(content, batch, holdout)

    monkeypatch.setattr(label_batches, "_read", read)
    later = given.deliver(given.rows(range(30, 60)))
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            given.advance()
    given.advance()

    deadly.refresh_from_db()
    later.refresh_from_db()
    assert deadly.status == "REFUSED"
    assert deadly.problems == [{"row": None, "column": None, "problem": attempts.ENDED}]
    assert (later.status, later.version) == ("ACCEPTED", 1)


def test_an_attempt_is_committed_before_it_begins(transactional_db: None) -> None:
    subject = uuid.uuid4()
    other = connection.copy()
    try:
        with attempts.counted(subject=subject), other.cursor() as cursor:
            cursor.execute("SELECT n FROM vault_openingattempt WHERE subject = %s", [subject])
            assert cursor.fetchone() == (1,)
    finally:
        other.close()
    assert attempts.ended(subjects=[subject]) == {subject: 0}


@pytest.mark.parametrize("role", ["web", "researcher", "scoring"])
def test_nobody_else_counts(transactional_db: None, role: str) -> None:
    with acting_as(role), pytest.raises(ProgrammingError, match="permission denied"):
        OpeningAttempt.objects.create(subject=uuid.uuid4(), n=3)
