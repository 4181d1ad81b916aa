"""A dead or hung broker never blocks a request for a second, and never loses a submission."""

import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import current_app

from vault.queue import broker


@pytest.fixture
def broker_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Point the application at another broker, with a publisher of its own."""

    def point(path: Path) -> None:
        monkeypatch.setattr(current_app.conf, "broker_url", f"redis+socket://{path}")
        monkeypatch.setattr(broker, "_publisher", broker._Publisher())

    return point


def longest_ring() -> float:
    """The longest of a hundred notifications."""
    longest = 0.0
    for _ in range(100):
        start = time.monotonic()
        broker.notify(submission_id=uuid.uuid4())
        longest = max(longest, time.monotonic() - start)
    return longest


def test_a_dead_broker_does_not_block(broker_at: Callable[[Path], None], tmp_path: Path) -> None:
    broker_at(tmp_path / "nobody.sock")

    assert longest_ring() < 1.0


def test_a_hung_broker_does_not_block(broker_at: Callable[[Path], None], tmp_path: Path) -> None:
    """It accepts the connection and never answers, as a stopped process does."""
    path = tmp_path / "hung.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(5)
        broker_at(path)

        assert longest_ring() < 1.0


def test_a_full_list_drops_rings_and_says_so(
    broker_at: Callable[[Path], None], tmp_path: Path
) -> None:
    broker_at(tmp_path / "nobody.sock")

    answers = [broker.notify(submission_id=uuid.uuid4()) for _ in range(broker.MAX_WAITING + 10)]

    assert answers[0]
    assert not answers[-1]
