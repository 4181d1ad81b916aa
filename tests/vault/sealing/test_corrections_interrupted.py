"""A correction is made once and whole, whatever stops it, and by nobody else."""

from typing import Any

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from tests.vault.api.test_at_once import all_at_once
from tests.vault.corrected import (
    ask_to_void,
    current,
    reseal,
)
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import journal, locks, tasks, transcripts
from vault.errors import LabelsUnavailableError, TransitionError
from vault.models import (
    CorrectionRequest,
    JournalEntry,
    LabelVersion,
)
from vault.sealing import corrections, crypto, holdouts, label_versions

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("weather", n_query=40, n_fresh=60)
    made.open()
    return made


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("sequence").values_list("kind", flat=True))


def versions() -> list[int]:
    return sorted(LabelVersion.objects.values_list("number", flat=True))


def test_it_is_made_once_however_often_it_is_sent(world: World) -> None:
    asked = ask_to_void(world, [0])
    for _ in range(3):
        assert reseal(asked)
        with acting_as("audit"):
            tasks.correct_labels(request_id=str(asked.pk))
            tasks.sweep_corrections()

    assert versions() == [1, 1, 2, 2]
    assert kinds().count("labels_corrected") == 1


def test_two_workers_at_once_make_it_once(world: World) -> None:
    asked = ask_to_void(world, [0])

    all_at_once(3, lambda _: corrections.carry_out(request_id=asked.pk, clock=lambda: NOW))

    assert versions() == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (crypto, "decrypt"),
        (holdouts, "open_to_correct"),
        (label_versions, "store"),
        (transcripts, "begin"),
        (journal, "append"),
    ],
)
def test_killed_between_any_two_steps_it_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    world.answered(world.team("a"), world.labels)
    asked = ask_to_void(world, [0])
    with monkeypatch.context() as patched:
        patched.setattr(module, step, die)
        with pytest.raises(KeyboardInterrupt):
            reseal(asked)
    assert versions() == [1, 1]
    assert not current(world).transcripts.exists()

    assert reseal(asked)

    assert versions() == [1, 1, 2, 2]
    assert current(world).transcripts.get().number == 2


def test_it_waits_for_an_audit_with_these_labels(world: World) -> None:
    asked = ask_to_void(world, [0])
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks._AUDIT, world.round.pk])
        assert not reseal(asked)
    finally:
        other.close()

    assert versions() == [1, 1]
    assert reseal(asked)


def test_a_changed_request_is_not_carried_out(world: World) -> None:
    """Somebody who writes rows, and has no key, cannot say which labels are wrong."""
    asked = ask_to_void(world, [0])
    CorrectionRequest.objects.filter(pk=asked.pk).update(commitment="0" * 64)

    with pytest.raises(LabelsUnavailableError, match="committed to"):
        reseal(asked)
    assert versions() == [1, 1]


@pytest.mark.parametrize("role", ["web", "researcher", "scoring"])
def test_nobody_else_reads_what_is_asked_for(world: World, role: str) -> None:
    ask_to_void(world, [0])

    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ciphertext FROM vault_sealedcorrection")


def test_a_sealed_request_is_not_edited(world: World) -> None:
    ask_to_void(world, [0])

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE vault_sealedcorrection SET sha256 = ''")


def test_a_batch_is_corrected_ten_times_at_most_whoever_asks(world: World) -> None:
    """Refused ones count: each asks something of the labels. The database counts for itself."""
    rows = [
        CorrectionRequest(
            benchmark=world.benchmark, batch=world.query.batch, what="void", n_items=1,
            reason="x", commitment="0" * 64, actor="ada", at=NOW, refused_at=NOW,
        )
        for _ in range(11)
    ]  # fmt: skip
    for row in rows[:10]:
        row.save(force_insert=True)

    with pytest.raises(TransitionError, match="10 times at most"):
        ask_to_void(world, [0])
    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="ten times at most"),
        transaction.atomic(),
    ):
        rows[10].save(force_insert=True)


def test_the_admins_role_adds_no_version_of_its_own(world: World) -> None:
    """Whoever took over its process could else put other labels in the place of those that were sealed."""
    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="audit worker alone"),
        transaction.atomic(),
    ):
        LabelVersion.objects.create(
            holdout=world.query, number=2, n_labelled=40, arrived_at=NOW, commitment="0" * 64
        )
