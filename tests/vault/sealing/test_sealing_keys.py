from pathlib import Path

import pytest

from vault.errors import LabelsUnavailableError, SealingError
from vault.models import SealingKey
from vault.sealing import crypto, sealing_keys

pytestmark = pytest.mark.django_db


def test_create_writes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "scoring.pem"

    key = sealing_keys.create(purpose="scoring", private_key_file=file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert bytes(key.public_key) == crypto.public_key_of(file.read_bytes())
    assert key.kid == crypto.kid_of(bytes(key.public_key))
    assert sealing_keys.active(purpose="scoring") == key


def test_create_is_repeatable(tmp_path: Path) -> None:
    file = tmp_path / "scoring.pem"

    first = sealing_keys.create(purpose="scoring", private_key_file=file)
    content = file.read_bytes()
    second = sealing_keys.create(purpose="scoring", private_key_file=file)

    assert first == second
    assert file.read_bytes() == content
    assert SealingKey.objects.count() == 1


def test_a_new_key_takes_over_and_the_old_one_can_come_back(tmp_path: Path) -> None:
    old = sealing_keys.create(purpose="audit", private_key_file=tmp_path / "old.pem")
    new = sealing_keys.create(purpose="audit", private_key_file=tmp_path / "new.pem")

    assert sealing_keys.active(purpose="audit") == new
    sealing_keys.create(purpose="audit", private_key_file=tmp_path / "old.pem")
    assert sealing_keys.active(purpose="audit") == old
    assert SealingKey.objects.filter(is_active=True).count() == 1


def test_one_key_does_not_serve_both_purposes(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    sealing_keys.create(purpose="audit", private_key_file=file)

    with pytest.raises(SealingError):
        sealing_keys.create(purpose="scoring", private_key_file=file)


def test_create_leaves_a_file_alone_that_holds_no_key(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("notes")

    with pytest.raises(LabelsUnavailableError):
        sealing_keys.create(purpose="audit", private_key_file=file)
    assert file.read_text() == "notes"
    assert not SealingKey.objects.exists()


def test_active_says_how_to_make_a_key() -> None:
    with pytest.raises(SealingError, match="create_sealing_key"):
        sealing_keys.active(purpose="audit")
