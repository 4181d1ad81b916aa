"""Invariant 8, its outer half: truncation and a full rewrite show against a head that was kept elsewhere."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from vault import journal
from vault.errors import JournalError
from vault.models import Benchmark, JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def benchmark(now: dt.datetime) -> Benchmark:
    benchmark = Benchmark.objects.create(
        slug="kept",
        title="kept",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )
    append(benchmark, 5, now)
    return benchmark


@pytest.fixture
def by_the_owner(benchmark: Benchmark) -> None:
    """Somebody who may switch triggers off: the database's owner. The test's rollback restores them."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE vault_journalentry DISABLE TRIGGER USER")


def append(benchmark: Benchmark, count: int, now: dt.datetime, *, actor: str = "test") -> None:
    for number in range(count):
        journal.append(
            benchmark_id=benchmark.pk, kind="k", actor=actor, payload={"n": number}, now=now
        )


def truncate(benchmark: Benchmark, length: int) -> None:
    """Cut the tail off and move the head, as somebody would who knows the tables."""
    JournalEntry.objects.filter(benchmark=benchmark, sequence__gt=length).delete()
    last = JournalEntry.objects.filter(benchmark=benchmark, sequence=length).first()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_journalhead SET sequence = %s, hash = %s WHERE benchmark_id = %s",
            [length, last.hash if last else journal.GENESIS, benchmark.pk],
        )


def test_chain_that_went_on_from_the_kept_head_is_sound(
    benchmark: Benchmark, now: dt.datetime
) -> None:
    kept = journal.verify(benchmark_id=benchmark.pk)
    append(benchmark, 3, now)

    assert journal.verify(benchmark_id=benchmark.pk, kept=[kept]).sequence == 8


@pytest.mark.usefixtures("by_the_owner")
def test_truncation_is_sound_in_itself_and_shows_against_the_kept_head(
    benchmark: Benchmark,
) -> None:
    kept = journal.verify(benchmark_id=benchmark.pk)
    truncate(benchmark, 3)

    assert journal.verify(benchmark_id=benchmark.pk).sequence == 3
    with pytest.raises(JournalError, match="ends at entry 3, before the head that was kept"):
        journal.verify(benchmark_id=benchmark.pk, kept=[kept])


@pytest.mark.usefixtures("by_the_owner")
def test_rewriting_from_the_start_shows_against_the_kept_head(
    benchmark: Benchmark, now: dt.datetime
) -> None:
    kept = journal.verify(benchmark_id=benchmark.pk)
    truncate(benchmark, 0)
    append(benchmark, 9, now, actor="forger")

    assert journal.verify(benchmark_id=benchmark.pk).sequence == 9
    with pytest.raises(JournalError, match="entry 5 is not the head that was kept"):
        journal.verify(benchmark_id=benchmark.pk, kept=[kept])


def test_command_prints_a_head_that_it_takes(benchmark: Benchmark, now: dt.datetime) -> None:
    said = io.StringIO()
    call_command("verify_journal", stdout=said)
    (head,) = said.getvalue().split("head ")[1:]
    append(benchmark, 1, now)
    call_command("verify_journal", "--benchmark", "kept", "--head", head.strip(), stdout=said)

    changed = f"5:{'0' * 64}"
    with pytest.raises(CommandError, match="kept: entry 5 is not the head"):
        call_command("verify_journal", "--benchmark", "kept", "--head", changed)
    with pytest.raises(CommandError, match="name it with --benchmark"):
        call_command("verify_journal", "--head", changed)
    with pytest.raises(CommandError, match=r"not like 812:5f2c\.\.\., and no file"):
        call_command("verify_journal", "--benchmark", "kept", "--head", "5")
