"""The log files of the embedded service, and what else other accounts could read there."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded, service


@pytest.fixture
def home() -> Iterator[Path]:
    """Where other accounts can get to it, as root's state directory must be."""
    made = Path(tempfile.mkdtemp(prefix="hv-logs-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_what_older_versions_left_open_is_closed(home: Path) -> None:
    directories = [home / name for name in ("logs", "files", "files/predictions", "files/panels")]
    kept = [home / "logs" / "postgresql.log", home / "files" / "predictions" / "ab.bin"]
    for directory in directories:
        directory.mkdir(mode=0o755)
        embedded.own(directory, service.service_account())
    for path in kept:
        path.touch(mode=0o644)
        embedded.own(path, service.service_account())
    (home / "run" / "broker").mkdir(parents=True)
    elsewhere = home / "elsewhere"
    elsewhere.touch(mode=0o644)
    (home / "logs" / "link.log").symlink_to(elsewhere)

    embedded.prepare_home(home)
    service._prepare_files(home)

    assert {path.stat().st_mode & 0o777 for path in directories} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert elsewhere.stat().st_mode & 0o777 == 0o644
