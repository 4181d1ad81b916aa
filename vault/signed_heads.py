"""Signed heads: what anybody may keep of a journal, so that it is not cut or rewritten unnoticed.

Before a head is signed the chain is followed from the last signed one on, so that whoever rewrites the
database gets no signature under another history. When to sign follows from the rows alone: what a killed
worker left unsigned, the next sweep signs.
"""

import datetime as dt
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from vault import journal, locks, signing_keys
from vault.errors import JournalError
from vault.journal import Head
from vault.models import Benchmark, JournalEntry, SignedHead, SigningKey
from vault.models.journal import INSTALLATION

ACTOR = "worker-audit"
FORMAT = "holdout-vault journal head 1"
# Signed after each of these, and once a day if anything else was entered.
OCCASIONS = ("round_closed", "round_published")
MAX_WAIT = dt.timedelta(days=1)
# Its own entry, which is always the one that is signed.
KIND = "head_signed"
KIND_OF_INSTALLATION = "installation_head_signed"
# Stands for a benchmark's name in heads of the chain that is about none: no short name is like this.
OF_INSTALLATION = f"@{INSTALLATION}"

# What a head looks like in a file, by member.
_MEMBERS = {
    "benchmark": re.compile(rf"[-a-zA-Z0-9_]{{1,50}}|{OF_INSTALLATION}"),
    "hash": re.compile(r"[0-9a-f]{64}"),
    "signed_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII),
    "key": re.compile(r"[0-9a-f]{64}"),
    "signature": re.compile(r"[A-Za-z0-9+/]{86}=="),
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A signed head as a stranger has it, whatever it is worth."""

    benchmark: str
    number: int
    hash: str
    signed_at: str
    key: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """Write what is signed: six lines, each with its end, in ASCII."""
        parts = (self.benchmark, str(self.number), self.hash, self.signed_at, self.key)
        return "".join(f"{each}\n" for each in (FORMAT, *parts)).encode()

    def head(self) -> Head:
        name = f"signed head {self.number} ({self.signed_at})"
        return Head(sequence=self.number, hash=self.hash, name=name)


def sign_if_due(*, benchmark: Benchmark | None, now: dt.datetime) -> SignedHead | None:
    """Sign the journal's head if a round was closed or published since the last time, or a day is over.

    That of the installation, which is no benchmark's, when any other was signed since the last time.

    Done twice, or by two workers at once, it signs once. `SigningKeyError`: this process cannot sign.
    `JournalError`: the chain does not go on from what was signed last, and nothing is signed any more.
    """
    # Until labels are sealed it may still be renamed, and the name be given to another one.
    if benchmark is not None and not benchmark.holdouts.exists():
        return None
    latest = _latest(benchmark)
    if not _is_due(benchmark=benchmark, latest=latest, now=now):
        return None
    signer = signing_keys.Signer()
    reached = _followed(benchmark, after=journal.START if latest is None else _trusted(latest))
    with transaction.atomic():
        locks.hold_heads(benchmark_id=_id(benchmark) or 0)
        if not _is_due(benchmark=benchmark, latest=_latest(benchmark), now=now):
            return None
        # The last hash is public from now on. Nobody can guess this entry, so nobody can try by that hash
        # what the entries before it say. It holds the journal until the commit: only what has come since the
        # walk above is walked meanwhile.
        journal.append(
            benchmark_id=_id(benchmark),
            kind=KIND_OF_INSTALLATION if benchmark is None else KIND,
            actor=ACTOR,
            payload={"key": signer.key.kid, "salt": secrets.token_hex(32)},
            now=now,
        )
        end = _followed(benchmark, after=reached)
        at = now.replace(microsecond=0)
        statement = Statement(
            benchmark=_name(benchmark),
            number=end.sequence,
            hash=end.hash,
            signed_at=_moment(at),
            key=signer.key.kid,
        )
        return SignedHead.objects.create(
            benchmark=benchmark,
            slug=_name(benchmark),
            number=end.sequence,
            hash=end.hash,
            signed_at=at,
            key=signer.key,
            signature=signer.sign(statement.message),
        )


def statement_of(signed: SignedHead) -> Statement:
    return Statement(
        benchmark=signed.slug,
        number=signed.number,
        hash=signed.hash,
        signed_at=_moment(signed.signed_at),
        key=signed.key_id,
        signature=signed.signature,
    )


def kept(*, benchmark: Benchmark | None) -> list[Head]:
    """List all signed heads of a benchmark, or of the installation, for `journal.verify`.

    Their signatures are verified.
    """
    signed = SignedHead.objects.filter(benchmark=benchmark).order_by("number")
    return trusted([statement_of(each) for each in signed])


def trusted(statements: Iterable[Statement]) -> list[Head]:
    """Give the heads of what was signed; `JournalError` names the first that is not ours."""
    keys = SigningKey.objects.in_bulk()
    heads = []
    for each in statements:
        head, key = each.head(), keys.get(each.key)
        if key is None:
            raise JournalError(f"{head.name} is signed by no key of this service")
        if not signing_keys.is_signed(key=key, message=each.message, signature=each.signature):
            raise JournalError(f"{head.name} has a signature that does not verify")
        heads.append(head)
    return heads


def read(text: str) -> list[Statement]:
    """Read a file of signed heads, one JSON object in each line, as the API and the client write them."""
    statements = []
    for place, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            members = json.loads(line)
        except (ValueError, RecursionError):
            members = None
        if not _is_statement(members):
            raise JournalError(f"line {place} is no signed head")
        texts = {name: members[name] for name in _MEMBERS}
        statements.append(Statement(number=members["number"], **texts))
    return statements


def _is_statement(members: Any) -> bool:
    return (
        isinstance(members, dict)
        and type(members.get("number")) is int
        and members["number"] > 0
        and all(
            isinstance(members.get(name), str) and form.fullmatch(members[name])
            for name, form in _MEMBERS.items()
        )
    )


def _id(benchmark: Benchmark | None) -> int | None:
    return None if benchmark is None else benchmark.pk


def _name(benchmark: Benchmark | None) -> str:
    return OF_INSTALLATION if benchmark is None else benchmark.slug


def _latest(benchmark: Benchmark | None) -> SignedHead | None:
    return SignedHead.objects.filter(benchmark=benchmark).order_by("-number").first()


def _is_due(*, benchmark: Benchmark | None, latest: SignedHead | None, now: dt.datetime) -> bool:
    entries = JournalEntry.objects.filter(benchmark=benchmark).order_by("-sequence")
    end = entries.values_list("sequence", flat=True).first()
    if latest is None:
        return end is not None
    if end is None or end < latest.number:
        # Cut behind what was signed: trying to sign says so.
        return True
    if end == latest.number:
        return False
    # Under another name strangers would not take the last one for the benchmark's.
    if latest.slug != _name(benchmark) or now - latest.signed_at >= MAX_WAIT:
        return True
    if benchmark is None:
        return SignedHead.objects.filter(benchmark__isnull=False, pk__gt=latest.pk).exists()
    return entries.filter(sequence__gt=latest.number, kind__in=OCCASIONS).exists()


def _trusted(latest: SignedHead) -> Head:
    """Give the head to go on from, if it is a true one that stands in the chain."""
    (head,) = trusted([statement_of(latest)])
    entry = JournalEntry.objects.filter(
        benchmark=latest.benchmark_id, sequence=head.sequence
    ).first()
    if entry is None:
        raise JournalError(f"the chain ends before {head.name}", sequence=head.sequence)
    if entry.hash != head.hash:
        raise JournalError(f"entry {head.sequence} is not {head.name}", sequence=head.sequence)
    return head


def _followed(benchmark: Benchmark | None, *, after: Head) -> Head:
    end = after
    for entry in journal.walk(benchmark_id=_id(benchmark), after=after):
        end = Head(sequence=entry.sequence, hash=entry.hash)
    return end


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
