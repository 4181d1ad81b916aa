"""The keys that sign heads: generations that only grow, and a private half that is where it should be."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from tests.vault.factories import NOW, die
from tests.vault.signing import make_signing_key
from vault import signing_keys
from vault.errors import SigningKeyError
from vault.models import SigningKey
from vault.sealing import sealing_keys

pytestmark = pytest.mark.django_db


def test_a_key_whose_writing_is_interrupted_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of half a key kept the service from starting ever after."""
    path = tmp_path / "signing.key"
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", die)
        with pytest.raises(KeyboardInterrupt):
            signing_keys.create(private_key_file=path, now=NOW)
    assert not path.exists()

    signing_keys.create(private_key_file=path, now=NOW)

    assert [each.name for each in tmp_path.iterdir()] == ["signing.key"]


def test_the_private_half_is_in_a_closed_file_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"

    key = signing_keys.create(private_key_file=path, now=NOW)

    assert path.stat().st_mode & 0o777 == 0o600
    public = serialization.load_pem_public_key(key.public_key.encode())
    assert isinstance(public, Ed25519PublicKey)
    assert "PRIVATE" not in str(SigningKey.objects.values_list()[0])


def test_registering_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    first = signing_keys.create(private_key_file=path, now=NOW)

    assert signing_keys.create(private_key_file=path, now=NOW) == first
    assert SigningKey.objects.count() == 1


def test_a_new_file_is_a_new_generation_and_the_old_one_does_not_come_back(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.key" for number in (1, 2)]
    old, new = [signing_keys.create(private_key_file=path, now=NOW) for path in paths]

    assert (old.generation, new.generation) == (1, 2)
    with pytest.raises(SigningKeyError, match="is of generation 1, and generation 2 has replaced"):
        signing_keys.create(private_key_file=paths[0], now=NOW)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_generations_without_a_gap(tmp_path: Path) -> None:
    start = threading.Barrier(6)

    def register(number: int) -> None:
        try:
            start.wait(10)
            signing_keys.create(private_key_file=tmp_path / f"{number}.key", now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(register, range(6)))

    generations = SigningKey.objects.order_by("generation").values_list("generation", flat=True)
    assert list(generations) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("statement", ["UPDATE {} SET generation = 9", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["vault_signingkey"])
def test_a_key_is_there_for_good(tmp_path: Path, table: str, statement: str) -> None:
    signing_keys.create(private_key_file=tmp_path / "signing.key", now=NOW)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


def test_no_other_kind_of_key_signs(tmp_path: Path) -> None:
    sealing, notes = tmp_path / "audit.key", tmp_path / "notes.txt"
    sealing_keys.create(purpose="audit", private_key_file=sealing)
    notes.write_text("notes")

    with pytest.raises(SigningKeyError, match="not an Ed25519 key"):
        signing_keys.create(private_key_file=sealing, now=NOW)
    with pytest.raises(SigningKeyError, match="holds no private key"):
        signing_keys.create(private_key_file=notes, now=NOW)
    assert notes.read_text() == "notes"
    assert not SigningKey.objects.exists()


def test_a_process_without_the_newest_key_does_not_sign(tmp_path: Path, settings: Any) -> None:
    settings.SIGNING_PRIVATE_KEY_FILE = ""
    with pytest.raises(SigningKeyError, match="holds no signing key"):
        signing_keys.Signer()

    settings.SIGNING_PRIVATE_KEY_FILE = str(tmp_path / "gone.key")
    with pytest.raises(SigningKeyError, match="cannot be read: No such file"):
        signing_keys.Signer()

    make_signing_key(directory=tmp_path, settings=settings, now=NOW)
    assert signing_keys.Signer().key.generation == 1
    signing_keys.create(private_key_file=tmp_path / "newer.key", now=NOW)
    with pytest.raises(SigningKeyError, match="not the newest that is registered"):
        signing_keys.Signer()


def test_an_unregistered_key_does_not_sign(tmp_path: Path, settings: Any) -> None:
    """Such as the one of another service, whose files were mixed up with ours."""
    make_signing_key(directory=tmp_path, settings=settings, now=NOW, name="theirs")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_signingkey DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM vault_signingkey")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE vault_signingkey ENABLE TRIGGER USER")
    signing_keys.create(private_key_file=tmp_path / "ours.key", now=NOW)

    with pytest.raises(SigningKeyError, match="not the newest"):
        signing_keys.Signer()


def test_a_signature_is_of_one_key_and_one_message(tmp_path: Path, settings: Any) -> None:
    key = make_signing_key(directory=tmp_path, settings=settings, now=NOW)
    signature = signing_keys.Signer().sign(b"said")

    assert signing_keys.is_signed(key=key, message=b"said", signature=signature)
    assert not signing_keys.is_signed(key=key, message=b"Said", signature=signature)
    for wrong in ("", "?", signature[:-4], signature.swapcase(), f" {signature}"):
        assert not signing_keys.is_signed(key=key, message=b"said", signature=wrong)
    other = signing_keys.create(private_key_file=tmp_path / "other.key", now=NOW)
    assert not signing_keys.is_signed(key=other, message=b"said", signature=signature)
    # A public key that was put in the place of another has not its id.
    key.public_key = other.public_key
    assert not signing_keys.is_signed(key=key, message=b"said", signature=signature)


def test_the_command_prints_the_public_half_and_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "signing.key"

    call_command("create_signing_key", "--private-key-file", str(path))

    key = SigningKey.objects.get()
    assert capsys.readouterr().out == f"signing key {key.kid} is generation 1\n{key.public_key}"
    with pytest.raises(CommandError, match="No such file"):
        call_command("create_signing_key", "--private-key-file", str(tmp_path / "no" / "key"))
