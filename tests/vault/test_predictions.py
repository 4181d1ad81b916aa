import os
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from vault import predictions
from vault.errors import VaultError
from vault.files import canonical, content_files


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Settings) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def test_load_returns_what_was_stored() -> None:
    values = np.array([[0.25, 0.75], [1.0, 0.0]])

    file_key = predictions.store(predictions=canonical.encode(values))

    np.testing.assert_array_equal(predictions.load(file_key=file_key), values)


def test_store_keeps_one_file_for_equal_predictions(files: Path) -> None:
    encoded = canonical.encode(np.array([1, 0, 1], dtype=np.uint8))

    keys = {predictions.store(predictions=encoded) for _ in range(3)}

    assert len(keys) == 1
    assert [path.name for path in files.rglob("*") if path.is_file()] == [f"{encoded.sha256}.bin"]


def test_stored_files_are_closed_to_other_accounts(files: Path) -> None:
    file_key = predictions.store(predictions=canonical.encode(np.array([1.0])))

    stored = Path(default_storage.path(file_key))
    assert stored.stat().st_mode & 0o777 == 0o600
    assert stored.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_stores_belongs_to_the_account_that_serves_it(files: Path) -> None:
    os.chown(files, 12345, 12345)

    file_key = predictions.store(predictions=canonical.encode(np.array([1.0])))

    stored = Path(default_storage.path(file_key))
    assert {(each.stat().st_uid, each.stat().st_gid) for each in (stored, stored.parent)} == {
        (12345, 12345)
    }


def test_load_notices_a_changed_file() -> None:
    file_key = predictions.store(predictions=canonical.encode(np.array([1.0])))
    Path(default_storage.path(file_key)).write_bytes(b"other")

    with pytest.raises(VaultError):
        predictions.load(file_key=file_key)


def test_store_leaves_nothing_behind_when_it_fails(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may be killed or the disk may be full: a half-written file never has the name."""

    def refuse(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", refuse)

    with pytest.raises(OSError, match="no space left"):
        content_files.store(directory="d", content=b"abc", sha256="ab" * 32, suffix=".bin")
    assert [path for path in files.rglob("*") if path.is_file()] == []
