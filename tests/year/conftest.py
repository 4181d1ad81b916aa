from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.admin.stage import make_people
from tests.vault.factories import make_keys
from tests.vault.signing import make_signing_key
from tests.year.clock import BEGIN, Clock
from tests.year.workers import Workers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that every process reads."""
    clock = Clock(at=BEGIN)
    monkeypatch.setattr(timezone, "now", clock)
    return clock


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    workers = Workers()
    workers.listen(monkeypatch)
    return workers


@pytest.fixture
def installation(transactional_db: None, tmp_path: Path, settings: Any) -> None:
    """An empty installation with its keys and people, whose workers are this process."""
    settings.STATIC_ROOT = str(tmp_path)
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.ANONYMOUS_REQUESTS_PER_MINUTE = 0
    make_keys(directory=tmp_path, settings=settings)
    make_signing_key(directory=tmp_path, settings=settings, now=BEGIN)
    make_people()
