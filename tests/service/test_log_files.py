"""The log files of the embedded service, and what else other accounts could read there."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import settings
from config.log_lines import Sparing
from service import home as homes
from service import logs, processes
from vault.queue import broker


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
        homes.own(directory, processes.service_account())
    for path in kept:
        path.touch(mode=0o644)
        homes.own(path, processes.service_account())
    (home / "run" / "broker").mkdir(parents=True)
    elsewhere = home / "elsewhere"
    elsewhere.touch(mode=0o644)
    (home / "logs" / "link.log").symlink_to(elsewhere)

    homes.prepare_home(home)
    processes._prepare_files(home)

    assert {path.stat().st_mode & 0o777 for path in directories} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert elsewhere.stat().st_mode & 0o777 == 0o644


def test_full_log_begins_anew_and_the_program_writes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 10)
    log = home / "worker.log"
    with logs.open_log(log) as stream:
        for number in range(8):
            stream.write(f"{number}-{'x' * 20}\n".encode())
            stream.flush()
            logs.rotate_logs(home)
        stream.write(b"last\n")

    assert log.read_text() == "last\n"
    kept = {path.name: path.read_text()[0] for path in home.iterdir() if path != log}
    assert kept == {
        "worker.log.1": "7",
        "worker.log.2": "6",
        "worker.log.3": "5",
        "worker.log.4": "4",
    }
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


def test_service_rotates_its_logs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 10)
    running = processes.Service(home=home, code=home)
    log = home / "logs" / "postgresql.log"
    log.parent.mkdir()
    log.write_text("x" * 20)

    running.supervise()

    assert log.read_text() == ""


class Lines:
    """A log of this process's own, with a clock that the test holds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.filter = Sparing(clock=lambda: self.now)

    def told(self, name: str, message: str, *args: object, **more: object) -> str | None:
        record = logging.LogRecord(name, logging.INFO, "", 0, message, args, None)
        record.__dict__.update(more)
        return record.getMessage() if self.filter.filter(record) else None


def test_long_messages_are_cut() -> None:
    told = Lines().told("django.request", "%s: %s", "Not Found", "/" + "a" * 50_000)

    assert told is not None
    assert told.startswith("Not Found: /aaa")
    assert told.endswith("... (50012 characters)")
    assert len(told) < 600


def test_secrets_that_people_paste_into_an_address_are_not_told() -> None:
    told = Lines().told(
        "django.request", "%s: %s", "Not Found", "/token/hvl_9QbGx-3_zA/x?t=hv_0123456789"
    )

    assert told == "Not Found: /token/hvl_.../x?t=hv_..."


def test_refused_requests_are_told_a_few_times_a_minute() -> None:
    lines = Lines()
    told = [lines.told("django.request", "Not Found", status_code=404) for _ in range(1000)]
    assert sum(each is not None for each in told) == 60
    assert lines.told("django.security.DisallowedHost", "Invalid HTTP_HOST header") is None
    assert lines.told("django.request", "Internal Server Error", status_code=500) is not None
    assert lines.told("vault.scoring", "scoring failed") == "scoring failed"

    lines.now = 60.0

    told_next = lines.told("django.request", "Not Found", status_code=404)
    assert told_next == "Not Found (and 941 before it)"


def test_what_ticks_is_not_told_and_what_works_is() -> None:
    lines = Lines()
    schedule = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}

    for name in schedule:
        assert lines.told("celery.app.trace", "Task %(name)s succeeded", {"name": name}) is None
    scored = lines.told("celery.app.trace", "Task %(name)s", {"name": broker.SCORE_TASK})
    assert scored == f"Task {broker.SCORE_TASK}"


def test_every_process_spares_its_log() -> None:
    handlers: Any = settings.LOGGING["handlers"]
    assert handlers["stderr"]["filters"] == ["sparing"]
