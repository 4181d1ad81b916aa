"""Invariants 4 and 10: labels have versions. The newest is opened, each has a commitment, none is edited."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from tests.vault.sealed_weather import make_benchmark, make_keys, open_labels, seal
from vault.errors import LabelsUnavailableError
from vault.models import Benchmark, Holdout, JournalEntry, LabelVersion, SealedBlob, WrappedKey
from vault.sealing import crypto, holdouts, kept_open, label_versions, sealed_labels, sealing_keys

# Openings are committed before a label is read, so these tests cannot run inside one transaction.
pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = "0032_signed_heads"


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Settings, transactional_db: None) -> None:
    make_keys(tmp_path, settings)


@pytest.fixture
def weather(transactional_db: None) -> Benchmark:
    return make_benchmark()


def plaintext_of(holdout: Holdout) -> bytes:
    """The sealed content of the newest version, as the audit key decrypts it."""
    version = label_versions.newest(holdout=holdout)
    blob = SealedBlob.objects.get(version=version)
    data_key, _ = sealing_keys.unwrap(of=version, purpose="audit", ciphertext_sha256=blob.sha256)
    return crypto.decrypt(bytes(blob.ciphertext), data_key)


def add_version(holdout: Holdout, number: int, now: dt.datetime) -> LabelVersion:
    """Another version, in which every label is the other one."""
    content = sealed_labels.content_of(plaintext_of(holdout))
    place = content.column_names.index("label")
    flipped = [1 - each for each in content["label"].to_pylist()]
    changed = content.set_column(place, "label", [flipped]).cast(content.schema)
    return label_versions.store(
        holdout=holdout,
        number=number,
        plaintext=sealed_labels.packed(changed),
        keys=[sealing_keys.active(purpose=each) for each in sealing_keys.PURPOSES],
        now=now,
        reason="all were the wrong way round",
    )


def test_what_is_sealed_is_version_1_and_its_commitment_stays(
    weather: Benchmark, now: dt.datetime
) -> None:
    query, _ = seal(weather, now)
    sealed = query.commitment
    first = query.versions.get()
    assert (first.number, first.n_labelled, first.arrived_at) == (1, query.n_items, now)
    assert (first.reason, first.commitment) == ("", sealed)

    second = add_version(query, 2, now)

    assert second.commitment not in ("", sealed)
    assert Holdout.objects.get(pk=query.pk).commitment == sealed


def test_the_newest_version_is_opened_and_its_number_is_journaled(
    weather: Benchmark, now: dt.datetime
) -> None:
    query, _ = seal(weather, now)
    before = open_labels(query, "scoring", now)
    kept = kept_open.query_labels(holdout=query, actor="worker", now=now)
    add_version(query, 2, now)

    after = open_labels(query, "scoring", now)
    newer = kept_open.query_labels(holdout=query, actor="worker", now=now)

    assert (before.version, after.version, kept.version, newer.version) == (1, 2, 1, 2)
    assert after.labels.tolist() == [1 - each for each in before.labels.tolist()]
    assert newer.labels.tolist() == after.labels.tolist() != kept.labels.tolist()
    entries = JournalEntry.objects.filter(kind="open_labels").order_by("sequence")
    assert [json.loads(each.payload)["version"] for each in entries] == [1, 1, 2, 2]
    kept_open.forget()


def test_a_promoted_holdout_gives_the_scoring_key_its_newest_labels_alone(
    weather: Benchmark, now: dt.datetime
) -> None:
    _, fresh = seal(weather, now)
    audit = [sealing_keys.active(purpose="audit")]
    label_versions.store(
        holdout=fresh, number=2, plaintext=plaintext_of(fresh), keys=audit, now=now
    )

    holdouts.promote(holdout=fresh, actor="worker", now=now)

    wrapped = WrappedKey.objects.filter(version__holdout=fresh, sealing_key__purpose="scoring")
    assert [each.version.number for each in wrapped] == [2]
    assert open_labels(fresh, "scoring", now).version == 2


def test_an_envelope_of_one_version_does_not_open_as_another(
    weather: Benchmark, now: dt.datetime
) -> None:
    """Somebody who can write rows cannot pass old labels off as the corrected ones."""
    query, _ = seal(weather, now)
    first, second = query.versions.get(), add_version(query, 2, now)
    blob = SealedBlob.objects.get(version=first)
    SealedBlob.objects.filter(version=second).update(ciphertext=blob.ciphertext, sha256=blob.sha256)
    for wrapped in WrappedKey.objects.filter(version=first):
        others = WrappedKey.objects.filter(version=second, sealing_key=wrapped.sealing_key)
        others.update(envelope=wrapped.envelope)

    with pytest.raises(LabelsUnavailableError, match="does not open"):
        open_labels(query, "scoring", now)


def test_a_number_is_given_once_and_nothing_is_edited(weather: Benchmark, now: dt.datetime) -> None:
    query, _ = seal(weather, now)

    with pytest.raises(IntegrityError, match="labelversion_number_unique"):
        add_version(query, 1, now)
    for statement in (
        "UPDATE vault_labelversion SET commitment = ''",
        "DELETE FROM vault_labelversion",
        "TRUNCATE vault_labelversion CASCADE",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_what_was_sealed_before_there_were_versions_opens_as_version_1(
    weather: Benchmark, now: dt.datetime
) -> None:
    """There and back with rows in the tables: envelopes, ciphertexts and commitments are the same."""
    query, fresh = seal(weather, now)
    labels = open_labels(query, "scoring", now).labels.tolist()
    commitments = {query.pk: query.commitment, fresh.pk: fresh.commitment}
    envelopes = sorted(bytes(each.envelope) for each in WrappedKey.objects.all())
    add_version(query, 2, now)
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([("vault", BEFORE)])
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, commitment FROM vault_holdout")
            assert dict(cursor.fetchall()) == commitments
            cursor.execute("SELECT holdout_id FROM vault_sealedblob")
            assert {pk for (pk,) in cursor.fetchall()} == set(commitments)
    finally:
        MigrationExecutor(connection).migrate(newest)
        call_command("grant_roles", verbosity=0)

    assert {each.pk: each.commitment for each in Holdout.objects.all()} == commitments
    assert sorted(bytes(each.envelope) for each in WrappedKey.objects.all()) == envelopes
    assert open_labels(query, "scoring", now).labels.tolist() == labels
