"""What the database's owner can do to a journal, each leaving a chain that is sound in itself."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from tests.vault.factories import NOW
from tests.vault.signing import append
from tests.vault.test_kept_head import truncate
from vault import journal
from vault.models import Benchmark, JournalEntry


def as_owner(act: Callable[[], Any], *tables: str) -> None:
    """Whoever owns the tables may switch triggers off."""
    names = tables or ("vault_journalentry",)
    with transaction.atomic(), connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        act()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")


def cut(benchmark: Benchmark) -> None:
    as_owner(lambda: truncate(benchmark, 2))


def cut_and_go_on(benchmark: Benchmark) -> None:
    as_owner(lambda: truncate(benchmark, 2))
    append(benchmark, NOW, *["forged"] * 9)


def from_the_middle(benchmark: Benchmark, at: int = 2) -> None:
    """One entry says something else, and every hash from there on is computed again."""

    def rewrite() -> None:
        previous = ""
        for entry in JournalEntry.objects.filter(benchmark=benchmark).order_by("sequence"):
            if entry.sequence == at:
                entry.payload = '{"n":2}'
            if entry.sequence > at:
                entry.previous_hash = previous
            entry.hash = previous = journal.entry_hash(entry)
            entry.save()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE vault_journalhead SET hash = %s", [previous])

    as_owner(rewrite)
