"""The journal: what happened to a benchmark's labels, budgets and scores, in one hash chain.

A chain of its own tells of what belongs to no benchmark: people, teams and tokens. Where an act is entered
in both, the installation's comes last, so that writers never wait for each other in a circle.

`append` is the only writer, through the SQL function `journal_append`. It joins the caller's
transaction: an entry stands if and only if the act it tells of is committed.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from vault.errors import JournalError
from vault.models import InstallationHead, JournalEntry, JournalHead, Round

GENESIS = "0" * 64
# Joins the fields of an entry for its hash. Only the last one, the payload, may hold it: otherwise text
# could move from one field to the next under the same hash.
LINE_END = "\n"


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of a verified chain: what to keep elsewhere against truncation."""

    sequence: int
    hash: str
    # What an error calls it.
    name: str = "the head that was kept"

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


START = Head(sequence=0, hash=GENESIS)


def append(
    *, benchmark_id: int | None, kind: str, actor: str, payload: dict[str, Any], now: dt.datetime
) -> int:
    if LINE_END in kind + actor:
        raise ValueError("an entry's kind and actor hold no line end")
    # The text is what is hashed: one spelling of each content, and none that other readers of JSON refuse.
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT journal_append(%s, %s, %s, %s, %s)", [benchmark_id, now, kind, actor, text]
        )
        return int(cursor.fetchone()[0])


def append_of_round(
    *, round: Round, kind: str, actor: str, now: dt.datetime, **payload: Any
) -> None:
    """Enter what happened to a round, which the payload names by its number."""
    payload = {"round": round.number, **payload}
    append(benchmark_id=round.benchmark_id, kind=kind, actor=actor, payload=payload, now=now)


def append_of_installation(*, kind: str, actor: str, now: dt.datetime, **payload: Any) -> None:
    """Enter what is about no benchmark: names, and of a secret no more than how it begins."""
    append(benchmark_id=None, kind=kind, actor=actor, payload=payload, now=now)


def entry_hash(entry: JournalEntry) -> str:
    # As `journal_append` writes it: the same moment in another spelling has another hash.
    at = entry.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    place = [entry.previous_hash, str(entry.benchmark_id or 0), str(entry.sequence)]
    parts = [*place, at, entry.kind, entry.actor, entry.payload]
    return hashlib.sha256(LINE_END.join(parts).encode()).hexdigest()


def walk(*, benchmark_id: int | None, after: Head = START) -> Iterator[JournalEntry]:
    """Give the entries behind a head, each once it is seen to be sound and linked to the one before it."""
    previous, sequence = after.hash, after.sequence
    of_chain = Q(benchmark=None) if benchmark_id is None else Q(benchmark_id=benchmark_id)
    entries = JournalEntry.objects.filter(of_chain, sequence__gt=sequence)
    for entry in entries.order_by("sequence").iterator():
        sequence += 1
        if entry.sequence != sequence:
            raise JournalError(f"entry {sequence} is missing or out of order", sequence=sequence)
        is_sound = LINE_END not in entry.kind + entry.actor and entry.hash == entry_hash(entry)
        if entry.previous_hash != previous or not is_sound:
            raise JournalError(f"entry {sequence} was changed", sequence=sequence)
        yield entry
        previous = entry.hash


def verify(*, benchmark_id: int | None, kept: Iterable[Head] = ()) -> Head:
    """Walk a chain, the installation's if it is of None. What was done to it raises `JournalError`.

    Edits, deletions, insertions and reorderings show. Truncation and a full rewrite leave a chain that is
    sound in itself; they show against `kept`, heads that this function returned earlier, or that were
    signed, and that were kept where the database's owner has no hand. The error names the first of them
    that does not fit.
    """
    reached = START
    waiting = sorted(kept, key=lambda head: head.sequence, reverse=True)
    for entry in walk(benchmark_id=benchmark_id):
        reached = Head(sequence=entry.sequence, hash=entry.hash)
        while waiting and waiting[-1].sequence == reached.sequence:
            head = waiting.pop()
            if head.hash != reached.hash:
                raise JournalError(
                    f"entry {reached.sequence} is not {head.name}", sequence=reached.sequence
                )
    if waiting:
        raise JournalError(
            f"the chain ends at entry {reached.sequence}, before {waiting[-1].name}",
            sequence=reached.sequence,
        )
    end = _end(benchmark_id)
    if (end.sequence, end.hash) != (reached.sequence, reached.hash) if end else reached != START:
        raise JournalError("the chain does not end at its head", sequence=reached.sequence)
    return reached


def _end(benchmark_id: int | None) -> JournalHead | InstallationHead | None:
    if benchmark_id is None:
        return InstallationHead.objects.first()
    return JournalHead.objects.filter(benchmark_id=benchmark_id).first()
