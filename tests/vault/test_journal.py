"""Invariant 8: the chain verifies, no role edits it, and every edit by the database's owner shows.

Truncation leaves a chain that is sound in itself: alone it is caught only if the head was not moved
with it; a head that was moved too shows against the head kept outside (`test_kept_head`).
"""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from config.grants import ROLES
from tests.vault.factories import NOW, acting_as
from tests.vault.tampering import tamper
from vault import journal
from vault.errors import JournalError
from vault.models import Benchmark, JournalEntry, JournalHead

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = "vault_journalentry"
N_ENTRIES = 6


def make_benchmark(slug: str) -> Benchmark:
    return Benchmark.objects.create(
        slug=slug,
        title=slug,
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )


def append(benchmark: Benchmark, payload: dict[str, Any]) -> None:
    journal.append(benchmark_id=benchmark.pk, kind="kind", actor="actor", payload=payload, now=NOW)


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def benchmark(transactional_db: None) -> Benchmark:
    made = make_benchmark("journal")
    for number in range(N_ENTRIES):
        append(made, {"n": number, "text": "Größe 北 \u2028 \\ \n"})
    return made


def broken_at(benchmark: Benchmark, sequence: int) -> None:
    """`verify` and the command both name the first broken entry, and the command fails."""
    with pytest.raises(JournalError, match=f"entry {sequence} ") as caught:
        journal.verify(benchmark_id=benchmark.pk)
    assert caught.value.data["sequence"] == sequence
    with pytest.raises(CommandError, match=f"{benchmark.slug}: entry {sequence} ") as failed:
        call_command("verify_journal", verbosity=0)
    assert failed.value.returncode == 1


def test_a_sound_chain_verifies_to_its_head(benchmark: Benchmark) -> None:
    head = JournalHead.objects.get(benchmark=benchmark)

    verified = journal.verify(benchmark_id=benchmark.pk)

    assert (verified.sequence, verified.hash) == (head.sequence, head.hash)
    assert verified.sequence == N_ENTRIES


def test_chains_of_two_benchmarks_do_not_mix(benchmark: Benchmark) -> None:
    other = make_benchmark("other")
    append(other, {})
    append(benchmark, {})
    append(other, {})

    assert journal.verify(benchmark_id=benchmark.pk).sequence == N_ENTRIES + 1
    assert journal.verify(benchmark_id=other.pk).sequence == 2


def test_an_entry_stands_only_with_the_act_it_tells_of(benchmark: Benchmark) -> None:
    with transaction.atomic():
        append(benchmark, {})
        transaction.set_rollback(True)

    assert journal.verify(benchmark_id=benchmark.pk).sequence == N_ENTRIES


@pytest.mark.parametrize("role", [*ROLES, "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vault_journalentry SET actor = 'nobody'",
        "UPDATE vault_journalentry SET payload = payload",
        "DELETE FROM vault_journalentry",
    ],
)
def test_no_role_edits_an_entry(benchmark: Benchmark, role: str, statement: str) -> None:
    """The owner is refused by the trigger, everybody else by the lack of a grant already."""
    expected = "append-only" if role == "owner" else "permission denied"
    with acting_as(role), pytest.raises(DatabaseError, match=expected):
        execute(statement)

    assert journal.verify(benchmark_id=benchmark.pk).sequence == N_ENTRIES


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vault_journalentry (benchmark_id, sequence, at, kind, actor, payload, previous_hash, "
        "hash) VALUES (1, 99, now(), 'k', 'a', '{}', '', '')",
        "TRUNCATE vault_journalentry",
        "UPDATE vault_journalhead SET sequence = 0",
        "DELETE FROM vault_journalhead",
    ],
)
def test_no_role_writes_beside_the_function(
    benchmark: Benchmark, role: str, statement: str
) -> None:
    with acting_as(role), pytest.raises(DatabaseError, match="permission denied"):
        execute(statement)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", NOW + dt.timedelta(microseconds=1)),
        ("kind", "kinD"),
        ("actor", "actor "),
        ("payload", "{}"),
        ("previous_hash", "0" * 64),
        ("hash", "" * 64),
    ],
)
@pytest.mark.parametrize("sequence", [2, N_ENTRIES])
def test_a_changed_field_is_found(
    benchmark: Benchmark, column: str, value: Any, sequence: int
) -> None:
    tamper(
        TABLE,
        f"UPDATE vault_journalentry SET {column} = %s WHERE sequence = %s",  # noqa: S608
        value,
        sequence,
    )

    broken_at(benchmark, sequence)


def test_any_changed_byte_of_a_payload_is_found(benchmark: Benchmark) -> None:
    payload = JournalEntry.objects.get(benchmark=benchmark, sequence=3).payload
    for position in range(len(payload)):
        changed = payload[:position] + chr(ord(payload[position]) ^ 1) + payload[position + 1 :]
        tamper(TABLE, "UPDATE vault_journalentry SET payload = %s WHERE sequence = 3", changed)

        with pytest.raises(JournalError, match="entry 3 was changed"):
            journal.verify(benchmark_id=benchmark.pk)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("admit", "some\nbody", "{}"), ("admit\nsome", "body", "{}")),
        (("admit", "actor", "1\n2"), ("admit", "actor\n1", "2")),
    ],
)
def test_text_moved_between_two_fields_is_found(
    benchmark: Benchmark, before: tuple[str, str, str], after: tuple[str, str, str]
) -> None:
    """What is hashed joins the fields by line ends; a role that calls the function may send some."""
    with acting_as("researcher"), connection.cursor() as cursor:
        cursor.execute("SELECT journal_append(%s, %s, %s, %s, %s)", [benchmark.pk, NOW, *before])
    tamper(
        TABLE,
        "UPDATE vault_journalentry SET kind = %s, actor = %s, payload = %s WHERE sequence = %s",
        *after,
        N_ENTRIES + 1,
    )

    broken_at(benchmark, N_ENTRIES + 1)


def test_append_takes_no_line_end_in_a_name(benchmark: Benchmark) -> None:
    for names in ({"kind": "a\nb", "actor": "c"}, {"kind": "a", "actor": "b\nc"}):
        with pytest.raises(ValueError, match="line end"):
            journal.append(benchmark_id=benchmark.pk, payload={}, now=NOW, **names)


def test_an_edit_with_its_own_hash_recomputed_breaks_the_next_link(benchmark: Benchmark) -> None:
    entry = JournalEntry.objects.get(benchmark=benchmark, sequence=2)
    entry.actor = "forger"
    tamper(
        TABLE,
        "UPDATE vault_journalentry SET actor = %s, hash = %s WHERE sequence = 2",
        entry.actor,
        journal.entry_hash(entry),
    )

    broken_at(benchmark, 3)


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_deleted_entry_is_found(benchmark: Benchmark, sequence: int) -> None:
    tamper(TABLE, "DELETE FROM vault_journalentry WHERE sequence = %s", sequence)

    broken_at(benchmark, sequence)


def test_a_deleted_entry_with_the_rest_moved_up_is_found(benchmark: Benchmark) -> None:
    tamper(TABLE, "DELETE FROM vault_journalentry WHERE sequence = 3")
    for sequence in range(4, N_ENTRIES + 1):
        tamper(
            TABLE,
            "UPDATE vault_journalentry SET sequence = sequence - 1 WHERE sequence = %s",
            sequence,
        )

    broken_at(benchmark, 3)


def test_reordered_entries_are_found(benchmark: Benchmark) -> None:
    for old, new in [(2, 99), (4, 2), (99, 4)]:
        tamper(TABLE, "UPDATE vault_journalentry SET sequence = %s WHERE sequence = %s", new, old)

    broken_at(benchmark, 2)


def test_an_inserted_entry_is_found(benchmark: Benchmark) -> None:
    """Even with a hash that fits what stands before it."""
    for sequence in range(N_ENTRIES, 3, -1):
        tamper(
            TABLE,
            "UPDATE vault_journalentry SET sequence = sequence + 1 WHERE sequence = %s",
            sequence,
        )
    forged = JournalEntry.objects.get(benchmark=benchmark, sequence=3)
    forged.pk, forged.sequence, forged.previous_hash = None, 4, forged.hash
    forged.hash = journal.entry_hash(forged)
    forged.save(force_insert=True)

    broken_at(benchmark, 5)


def test_an_entry_appended_beside_the_function_is_found(benchmark: Benchmark) -> None:
    """Sound in itself, but the head does not know of it."""
    forged = JournalEntry.objects.get(benchmark=benchmark, sequence=N_ENTRIES)
    forged.pk, forged.sequence, forged.previous_hash = None, N_ENTRIES + 1, forged.hash
    forged.hash = journal.entry_hash(forged)
    forged.save(force_insert=True)

    with pytest.raises(JournalError, match="does not end at its head"):
        journal.verify(benchmark_id=benchmark.pk)


@pytest.mark.parametrize("kept", [N_ENTRIES - 1, 0])
def test_a_cut_tail_is_found_unless_the_head_moves_too(benchmark: Benchmark, kept: int) -> None:
    tamper(TABLE, "DELETE FROM vault_journalentry WHERE sequence > %s", kept)

    with pytest.raises(JournalError, match="does not end at its head"):
        journal.verify(benchmark_id=benchmark.pk)


def test_writers_on_many_connections_keep_one_chain(benchmark: Benchmark) -> None:
    """Eight threads, a third of whose transactions roll back: no fork, no gap."""
    start = threading.Barrier(8)

    def write(number: int) -> None:
        try:
            start.wait(10)
            for turn in range(15):
                with transaction.atomic():
                    append(benchmark, {"writer": number, "turn": turn})
                    transaction.set_rollback(turn % 3 == 2)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert journal.verify(benchmark_id=benchmark.pk).sequence == N_ENTRIES + 8 * 10
    entries = JournalEntry.objects.filter(benchmark=benchmark)
    assert entries.values("previous_hash").distinct().count() == entries.count()
