"""The logs of the running service: they do not grow when nothing happens, nor at a stranger's will."""

import time

import httpx
import pytest

from service.processes import Service

pytestmark = [pytest.mark.service, pytest.mark.live]


def test_nothing_is_logged_when_nothing_happens(service: Service) -> None:
    """Webhooks tick twice and the sweeper once a second here."""
    logs = [service.home / "logs" / f"worker-{each}.log" for each in ("webhooks", "scoring")]
    time.sleep(3)
    before = [log.read_bytes() for log in logs]

    time.sleep(3)

    assert [log.read_bytes() for log in logs] == before


def test_stranger_cannot_fill_the_log_over_one_connection(service: Service) -> None:
    log = service.home / "logs" / "web.log"
    before = log.stat().st_size
    statuses = set()
    with httpx.Client(base_url=service.url, timeout=30) as http:
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            statuses.add(http.get(f"/{'a' * 20_000}").status_code)

    assert statuses <= {404, 429}
    # Two processes of 60 lines a minute each, over a minute's turn.
    assert log.stat().st_size - before < 4 * 60 * 700
