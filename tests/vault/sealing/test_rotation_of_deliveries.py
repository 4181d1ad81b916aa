"""What was brought to the audit worker shut is wrapped anew, too: corrections, and batches of late labels."""

import hashlib
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from pytest_django import Settings

from tests.audits import awaited_round
from tests.audits.awaited_round import Awaited
from tests.vault.corrected import ask_to_replace, reseal
from tests.vault.factories import NOW, acting_as, die
from vault import journal, label_providers
from vault.errors import LabelsUnavailableError
from vault.models import (
    BatchEnvelope,
    CorrectionRequest,
    JournalEntry,
    LabelBatch,
    SealedCorrection,
    SealingKey,
)
from vault.sealing import batch_format, crypto, rotation, sealing_keys
from vault.sealing.rotation import Rotated

pytestmark = [pytest.mark.usefixtures("vault_keys")]

TABLES = {
    "vault_sealedcorrection": ("sealing_key_id", "envelope"),
    "vault_batchenvelope": ("kid", "wrapped_key"),
}


@pytest.fixture
def file(vault_keys: None, settings: Settings, tmp_path: Path) -> Path:
    """The audit worker's ring, in a file of this test alone."""
    own = tmp_path / "audit.pem"
    own.write_bytes(Path(settings.AUDIT_PRIVATE_KEY_FILE).read_bytes())
    settings.AUDIT_PRIVATE_KEY_FILE = str(own)
    return own


@pytest.fixture
def brought(file: Path) -> Awaited:
    """A batch and a correction that are settled, and one of each that waits."""
    made = awaited_round.published("later")
    assert made.delivered(range(30)).status == "ACCEPTED"
    assert reseal(ask_to_replace(made.world, {3: 1 - int(made.world.labels[3])}))
    made.deliver(made.rows(range(30, 60)))
    ask_to_replace(made.world, {4: 1 - int(made.world.labels[4])})
    return made


def renew(file: Path) -> SealingKey:
    return sealing_keys.renew(purpose="audit", private_key_file=file)


def rotate(*, deep: bool = False) -> Rotated:
    with acting_as("audit"):
        return rotation.rotate(
            purpose="audit", deep=deep, files=[], actor="test", clock=lambda: NOW
        )


def take_the_old_key_away(file: Path) -> bytes:
    newest, *older = crypto.private_keys_in(file.read_bytes())
    file.write_bytes(newest)
    return older[0]


def opened_by(private: bytes) -> int:
    """Count what a private key opens of the batches and the corrections."""
    found = []
    for asked in SealedCorrection.objects.all():
        # As the files were sealed: written out, so that a changed binding is seen here.
        place = [
            "holdout-vault correction 1",
            *("later", str(asked.request.batch), str(asked.request_id), asked.sha256),
        ]
        found.append((bytes(asked.envelope), bytes(asked.ciphertext), place))
    for each in BatchEnvelope.objects.select_related("batch"):
        sha256 = hashlib.sha256(bytes(each.ciphertext)).hexdigest()
        place = ["holdout-vault batch 1", "later", str(each.batch.holdout_id), sha256]
        found.append((bytes(each.wrapped_key), bytes(each.ciphertext), place))
    n = 0
    for envelope, ciphertext, place in found:
        try:
            crypto.decrypt(ciphertext, crypto.unwrap(envelope, private, "\n".join(place).encode()))
        except LabelsUnavailableError:
            continue
        n += 1
    return n


def all_but_keys() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, cipher, md5(ciphertext), sha256, suite FROM vault_sealedcorrection "
            "UNION ALL SELECT batch_id, '', md5(ciphertext), '', '' FROM vault_batchenvelope ORDER BY 1"
        )
        found: list[tuple[object, ...]] = cursor.fetchall()
    return found


@pytest.mark.parametrize("deep", [False, True])
def test_the_newest_key_opens_them_and_the_old_one_none(
    brought: Awaited, file: Path, deep: bool
) -> None:
    before = all_but_keys()
    key = renew(file)
    done = rotate(deep=deep)
    assert (done.to, done.missing) == (key, [])
    assert rotate(deep=deep).n == 0
    old = take_the_old_key_away(file)

    assert all_but_keys() == before
    assert (opened_by(old), opened_by(file.read_bytes())) == (0, 4)
    assert set(BatchEnvelope.objects.values_list("kid", flat=True)) == {key.kid}
    assert set(SealedCorrection.objects.values_list("sealing_key", flat=True)) == {key.kid}
    journal.verify(benchmark_id=brought.world.benchmark.pk)


def test_what_waited_is_done_after_the_old_key_is_gone(brought: Awaited, file: Path) -> None:
    renew(file)
    rotate()
    take_the_old_key_away(file)

    assert reseal(CorrectionRequest.objects.get(done_at=None))
    brought.advance()

    assert {*LabelBatch.objects.values_list("status", flat=True)} == {"ACCEPTED"}
    assert brought.delivered(range(60, 90)).status == "ACCEPTED"
    assert reseal(ask_to_replace(brought.world, {5: 1 - int(brought.world.labels[5])}))


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("step", ["_pass_on", "_passed_on", "journal.append", "_append"])
def test_killed_between_any_two_steps_it_goes_on(
    brought: Awaited, file: Path, monkeypatch: pytest.MonkeyPatch, step: str, deep: bool
) -> None:
    old = sealing_keys.active(purpose="audit").kid
    renew(file)
    with monkeypatch.context() as patched:
        patched.setattr(f"vault.sealing.rotation.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            rotate(deep=deep)
    assert {*BatchEnvelope.objects.values_list("kid", flat=True)} == {old}

    rotate(deep=deep)

    assert opened_by(take_the_old_key_away(file)) == 0
    assert opened_by(file.read_bytes()) == 4
    assert JournalEntry.objects.filter(kind="keys_rotated").count() == 1


def test_the_journal_counts_what_was_opened_each_time_and_what_was_wrapped(
    brought: Awaited, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction or a batch is wrapped anew and not opened; what was killed has opened all the same."""
    old = sealing_keys.active(purpose="audit").kid
    n = rotation_counts(old)
    renew(file)
    with monkeypatch.context() as patched:
        patched.setattr("vault.sealing.rotation._pass_on", die)
        with pytest.raises(KeyboardInterrupt):
            rotate(deep=True)
    assert rotate(deep=True).n == n
    assert rotate(deep=True).n == 0

    told = [
        (each.kind, json.loads(each.payload)["n"])
        for each in JournalEntry.objects.filter(kind__contains="rotat").order_by("sequence")
    ]
    assert told == [
        *[("open_for_rotation", n - 4)] * 2,
        ("keys_rotated", n),
    ]


def test_the_command_counts_them_and_names_the_key_that_is_missing(
    brought: Awaited, file: Path, tmp_path: Path
) -> None:
    old = sealing_keys.active(purpose="audit").kid
    renew(file)
    older = tmp_path / "older.pem"
    older.write_bytes(take_the_old_key_away(file))
    n = rotation_counts(old)
    with pytest.raises(CommandError, match=old):
        call_command("rotate_keys", purpose="audit", stdout=StringIO())
    said = StringIO()
    call_command("rotate_keys", purpose="audit", files=[older], stdout=said)

    assert f"{n} envelopes are wrapped anew" in said.getvalue()
    assert "can be taken away" in said.getvalue()


def rotation_counts(kid: str) -> int:
    key = SealingKey.objects.get(pk=kid)
    assert BatchEnvelope.objects.filter(kid=kid).count() == 2
    assert key.sealedcorrection_set.count() == 2
    return key.wrappedkey_set.count() + key.drawkey_set.count() + 4


def test_a_batch_that_never_opened_keeps_no_key_in_use(brought: Awaited, file: Path) -> None:
    """Whoever delivers can put anything in an envelope: it is refused, before a rotation or after."""
    key = label_providers.audit_key()
    assert key is not None
    junk = batch_format.Envelope(
        benchmark="later", holdout=str(brought.holdout.pk), kid=key.kid,
        wrapped_key=bytes(80), ciphertext=b"junk",
    )  # fmt: skip
    with acting_as("web"):
        batch, _ = label_providers.receive(
            provider=brought.provider, holdout=brought.holdout, body=batch_format.written(junk),
            idempotency_key="", now=brought.now,
        )  # fmt: skip
    renew(file)
    assert rotate().missing == []
    assert rotate().n == 0
    take_the_old_key_away(file)
    brought.advance()

    batch.refresh_from_db()
    assert batch.status == "REFUSED"
    assert brought.delivered(range(60, 90)).status == "ACCEPTED"


def changed(table: str, column: str, to: str, role: str = "") -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if role:
            cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(f"UPDATE {table} SET {column} = {to}")  # noqa: S608 (names of this file)


@pytest.mark.parametrize("table", TABLES)
def test_all_but_the_key_is_append_only(brought: Awaited, file: Path, table: str) -> None:
    """The owner, too, changes no other column, and the wrapped key with its name alone."""
    renew(file)
    with connection.cursor() as cursor:
        columns = [
            each.name for each in connection.introspection.get_table_description(cursor, table)
        ]
    for column in {*columns} - {*TABLES[table]}:
        with pytest.raises(DatabaseError, match="append-only"):
            changed(table, column, column)
        with pytest.raises(ProgrammingError, match="permission denied"):
            changed(table, column, column, "audit")
    name, envelope = TABLES[table]
    for role in ("", "audit"):
        with pytest.raises(DatabaseError, match="append-only"):
            changed(table, envelope, "'x'", role)
        with pytest.raises(DatabaseError, match="append-only"):
            changed(table, name, name, role)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(f"DELETE FROM {table}")  # noqa: S608


@pytest.mark.parametrize("table", TABLES)
def test_a_key_is_a_later_one_of_the_audit_worker_and_no_other_role_names_it(
    brought: Awaited, file: Path, table: str
) -> None:
    old = sealing_keys.active(purpose="audit").kid
    new = renew(file).kid
    scoring = sealing_keys.active(purpose="scoring").kid
    name, _ = TABLES[table]
    for role in ("web", "researcher", "scoring"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            changed(table, name, f"'{new}'", role)
    with pytest.raises(ProgrammingError, match="later key of its purpose"):
        changed(table, name, f"'{scoring}'", "audit")
    rotate()
    for role in ("", "audit"):
        with pytest.raises(ProgrammingError, match="later key of its purpose"):
            changed(table, name, f"'{old}'", role)


def test_a_batch_names_no_key_that_nobody_has(brought: Awaited, file: Path) -> None:
    with pytest.raises(ProgrammingError, match="later key of its purpose"):
        changed("vault_batchenvelope", "kid", "'x'", "audit")
