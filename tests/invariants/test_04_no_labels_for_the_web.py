"""Invariant 4: the web process, a dump and the files hold no label, and the scoring key opens nothing fresh.

Labels are values that occur nowhere else, so a byte search is a proof: of plain text, and of each dump.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.apps import apps
from django.conf import settings as project
from django.db import ProgrammingError, connection, transaction
from psycopg import sql
from pytest_django import Settings

from config.grants import GRANTS, RESEARCHER, WEB
from tests.vault.factories import NOW, acting_as
from tests.vault.sealed_weather import make_keys
from vault.errors import LabelsUnavailableError
from vault.files.label_tables import LabelTable
from vault.models import (
    Benchmark,
    Draw,
    DrawKey,
    DrawRecord,
    Holdout,
    LabelVersion,
    SealedBlob,
    WrappedKey,
)
from vault.sealing import crypto, holdouts, sealing_keys
from vault.sealing.drawn_units import Shard

pytestmark = pytest.mark.django_db(transaction=True)

N = 60
# Doubles whose digits, and whose eight bytes, stand nowhere by chance. Seed 9.
VALUES = np.random.default_rng(9).uniform(1e5, 9e5, N)
SHARDS = [
    Shard(kind="iid", status=s, n=n) for s, n in (("QUERY", 20), ("FRESH", 25), ("SEALED", 15))
]


@pytest.fixture
def sealed(tmp_path: Path, settings: Settings, transactional_db: None) -> list[Holdout]:
    make_keys(tmp_path, settings)
    benchmark = Benchmark.objects.create(
        slug="rain",
        title="Rain",
        task="regression",
        prediction_form="value",
        primary_metric="rmse_loss",
    )
    with acting_as("researcher"):
        return holdouts.seal(
            benchmark=benchmark,
            labels=LabelTable(ids=pa.array([f"item-{i:03d}" for i in range(N)]), labels=VALUES),
            shards=SHARDS,
            rng=np.random.default_rng(3),
            actor="olivia",
            now=NOW,
        )


def tables() -> list[str]:
    return [model._meta.db_table for model in apps.get_models(include_auto_created=True)]


def dump(table: str) -> bytes:
    """All rows of a table as text and, of bytes, as they are."""
    parts: list[bytes] = []
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        for row in cursor.fetchall():
            parts += [
                bytes(x) if isinstance(x, memoryview | bytes) else str(x).encode() for x in row
            ]
    return b"\0".join(parts)


def readable(table: str) -> bytes:
    """What this role reads of a table: all of it, or each column that it may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
        )
        names = [name for (name,) in cursor.fetchall()]
    found = b""
    for name in names:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("SELECT {} FROM {}").format(sql.Identifier(name), sql.Identifier(table))
                )
                rows = [value for (value,) in cursor.fetchall()]
        except ProgrammingError:
            continue
        found += b"\0".join(
            bytes(x) if isinstance(x, memoryview | bytes) else str(x).encode() for x in rows
        )
    return found


def files(directory: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def labels_in(content: bytes) -> list[float]:
    """Labels that stand there, by their digits or by their bytes."""
    return [
        value
        for value in VALUES.tolist()
        if repr(value).encode() in content or np.float64(value).tobytes() in content
    ]


def test_the_search_would_find_a_label() -> None:
    assert labels_in(b"x" + np.float64(VALUES[3]).tobytes()) == [VALUES[3]]
    assert labels_in(f"7,{VALUES[5]!r}".encode()) == [VALUES[5]]


def test_a_dump_of_the_database_and_the_files_hold_no_label(sealed: list[Holdout]) -> None:
    content = b"".join(dump(table) for table in tables()) + files(Path(project.MEDIA_ROOT))

    assert b"item-001" in content or files(Path(project.MEDIA_ROOT))
    assert labels_in(content) == []


@pytest.mark.parametrize("role", ["web", "researcher"])
def test_the_processes_in_front_read_no_ciphertext_no_key_and_no_label(
    sealed: list[Holdout], role: str
) -> None:
    with acting_as(role):
        content = b"".join(readable(table) for table in tables())

    assert labels_in(content) == []
    for blob in SealedBlob.objects.all():
        assert bytes(blob.ciphertext)[:32] not in content
    for wrapped in WrappedKey.objects.all():
        assert bytes(wrapped.envelope)[:32] not in content


def test_the_web_role_reads_no_raw_score_and_no_seed() -> None:
    closed = {"vault_rawscore", "vault_sealedblob", "vault_wrappedkey", "vault_drawrecord"}
    closed |= {"vault_drawkey", "vault_roundsecret", "vault_releaseinput", "vault_journalentry"}
    granted = {grant.table for grant in GRANTS if grant.role == WEB}

    assert not granted & closed
    secret = {"ciphertext", "envelope", "entropy"}
    columns = {column for grant in GRANTS if grant.role == RESEARCHER for column in grant.columns}
    assert not columns & secret


@pytest.mark.parametrize("role", ["web", "researcher"])
def test_nothing_that_they_read_tells_which_items_are_in_which_shard(
    sealed: list[Holdout], role: str
) -> None:
    """No column names an item beside a holdout: ids stand in the panel's file alone, all of them sorted."""
    with acting_as(role):
        content = b"".join(readable(table) for table in tables())

    assert b"item-0" not in content


def test_the_webs_environment_names_no_private_key(
    sealed: list[Holdout], settings: Settings, tmp_path: Path
) -> None:
    settings.SCORING_PRIVATE_KEY_FILE = settings.AUDIT_PRIVATE_KEY_FILE = ""

    for holdout in sealed:
        for purpose in sealing_keys.PURPOSES:
            with pytest.raises(LabelsUnavailableError):
                _open(holdout, purpose)
    kept = (tmp_path / "audit.pem").read_bytes() + (tmp_path / "scoring.pem").read_bytes()
    assert not any(
        value and value.encode() in kept for value in os.environ.values() if len(value) > 40
    )


def _open(holdout: Holdout, purpose: Any, now: dt.datetime = NOW) -> Any:
    return holdouts.open_labels(
        holdout=holdout, purpose=purpose, reason={"test": True}, actor="thief", now=now
    )


def test_the_scoring_key_opens_nothing_that_is_fresh_or_sealed(
    sealed: list[Holdout], tmp_path: Path
) -> None:
    """With the private key, the whole database and no regard for any status: each envelope is tried."""
    private = (tmp_path / "scoring.pem").read_bytes()
    n_opened = 0
    for version in LabelVersion.objects.select_related("holdout__benchmark"):
        blob = SealedBlob.objects.get(version=version)
        for wrapped in WrappedKey.objects.all():
            try:
                info = sealing_keys.info_of(version, blob.sha256)
                key = crypto.unwrap(bytes(wrapped.envelope), private, info)
                crypto.decrypt(bytes(blob.ciphertext), key)
            except LabelsUnavailableError:
                continue
            n_opened += 1
            assert version.holdout.status == "QUERY"

    assert n_opened == 1


def test_the_scoring_key_opens_no_record_of_a_draw(sealed: list[Holdout], tmp_path: Path) -> None:
    private = (tmp_path / "scoring.pem").read_bytes()
    draw, record = Draw.objects.select_related("benchmark").get(), DrawRecord.objects.get()
    for wrapped in DrawKey.objects.all():
        with pytest.raises(LabelsUnavailableError):
            crypto.unwrap(
                bytes(wrapped.envelope), private, sealing_keys.info_of(draw, record.sha256)
            )
