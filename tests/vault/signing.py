"""A service that signs: keys in files, a benchmark with a journal, and statements that were tampered with."""

import datetime as dt
import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.vault.factories import NOW
from vault import journal, signed_heads, signing_keys
from vault.models import Benchmark, Holdout, JournalEntry, Panel, SignedHead, SigningKey
from vault.signed_heads import Statement

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
# What may be changed in a head, each to something of the same form.
CHANGES: dict[str, Any] = {
    "benchmark": "another",
    "number": 4,
    "hash": "0" * 64,
    "signed_at": "2026-03-01T12:00:01Z",
    "key": "1" * 64,
    "signature": "A" * 86 + "==",
}


def make_signing_key(
    *, directory: Path, settings: Any, now: dt.datetime, name: str = "signing"
) -> SigningKey:
    """This process plays the audit worker: it holds the key, and it is the newest."""
    path = directory / f"{name}.key"
    settings.SIGNING_PRIVATE_KEY_FILE = str(path)
    return signing_keys.create(private_key_file=path, now=now)


def make_benchmark(slug: str) -> Benchmark:
    """A benchmark with a holdout: nothing is signed of one whose name may still change."""
    benchmark = Benchmark.objects.create(
        slug=slug,
        title=slug,
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )
    panel = Panel.objects.create(
        benchmark=benchmark, version=1, sha256="0" * 64, n_items=1, file_key="none"
    )
    Holdout.objects.create(
        benchmark=benchmark, panel=panel, kind="iid", status="FRESH", batch=uuid.uuid4(),
        n_items=1, sealed_at=NOW,
    )  # fmt: skip
    return benchmark


def append(benchmark: Benchmark, now: dt.datetime, *kinds: str) -> None:
    for kind in kinds:
        journal.append(
            benchmark_id=benchmark.pk, kind=kind, actor="test", payload={"n": 1}, now=now
        )


def signed(benchmark: Benchmark, now: dt.datetime) -> SignedHead:
    """The head that is signed now, which must be due."""
    made = signed_heads.sign_if_due(benchmark=benchmark, now=now)
    assert made is not None
    return made


def changed(statement: Statement, member: str) -> Statement:
    assert getattr(statement, member) != CHANGES[member]
    return replace(statement, **{member: CHANGES[member]})


def last(benchmark: Benchmark) -> JournalEntry:
    entry = JournalEntry.objects.filter(benchmark=benchmark).order_by("-sequence").first()
    assert entry is not None
    return entry


def as_line(statement: Statement) -> str:
    """As the API answers it."""
    members = {name: getattr(statement, name) for name in CHANGES}
    return json.dumps(members) + "\n"
