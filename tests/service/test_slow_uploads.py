"""Clients that stop in the middle of a body hold up nobody, and hear why they were cut off."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import httpx
import numpy as np
import pytest

from config import settings
from service.processes import Service, running
from tests.service.staging import Stage, client, csv_file, query

pytestmark = [pytest.mark.service, pytest.mark.live]

N_STALLED = 30
# How long a body may bring nothing; beyond what a slow machine needs for the other requests.
WINDOW = 20


@pytest.fixture(scope="module")
def installed() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="hv-slow-") as name:
        Path(name).chmod(0o755)
        with running(
            home=Path(name),
            port=0,
            admin_port=0,
            say=lambda text: None,
            UPLOAD_WINDOW_SECONDS=str(WINDOW),
        ) as service:
            yield service


def staged(service: Service, slug: str) -> Stage:
    printed = service.output_of("stage_benchmark", "--slug", slug, "--teams=2")
    return Stage(slug=slug, tokens=json.loads(printed))


def begun(url: str, *, path: str, head: str, length: int = 50_000) -> socket.socket:
    """A connection over which a body was announced and hardly begun."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=120)
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {length}", head, "", "id,"]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def answered(connection: socket.socket) -> tuple[int, str]:
    """Status and code; the server must have closed the connection after them."""
    response = HTTPResponse(connection, method="POST")
    response.begin()
    shown = json.loads(response.read())
    assert response.headers["Connection"] == "close"
    assert connection.recv(1) == b""
    return response.status, shown["code"]


def test_stalled_uploads_of_one_token_freeze_nothing(installed: Service) -> None:
    stage = staged(installed, "stalled")
    slow, quick = stage.tokens.values()
    path = f"/api/v1/benchmarks/{stage.slug}/submissions/"
    head = f"Authorization: Bearer {slow}\r\nContent-Type: text/csv"
    with ExitStack() as opened:
        stalled = [
            opened.enter_context(begun(installed.url, path=path, head=head))
            for _ in range(N_STALLED)
        ]
        outcomes: list[tuple[int, str]] = []
        threads = [
            threading.Thread(target=lambda each=each: outcomes.append(answered(each)))
            for each in stalled
        ]
        for thread in threads:
            thread.start()

        # While the first of them still wait for their window to end.
        assert httpx.get(f"{installed.url}/healthz", timeout=WINDOW).status_code == 200
        with client(installed, quick) as http:
            answer = http.post(
                f"benchmarks/{stage.slug}/submissions/",
                content=csv_file(np.random.default_rng(3)),
                headers={"Content-Type": "text/csv"},
            )
        assert answer.status_code == 202
        assert (408, "upload_too_slow") not in outcomes

        for thread in threads:
            thread.join()
    workers, places = 2, settings.UPLOADS_PER_TEAM
    n_too_slow = outcomes.count((408, "upload_too_slow"))
    n_too_many = outcomes.count((429, "too_many_uploads"))
    assert n_too_slow + n_too_many == N_STALLED
    assert places <= n_too_slow <= workers * places
    assert query(installed, "SELECT count(*) FROM vault_submission") == [(1,)]
    assert list((installed.home / "spool").iterdir()) == []


def test_client_that_leaves_in_the_middle_is_charged_nothing(installed: Service) -> None:
    stage = staged(installed, "leaving")
    slow, _ = stage.tokens.values()
    path = f"/api/v1/benchmarks/{stage.slug}/submissions/"
    head = f"Authorization: Bearer {slow}\r\nContent-Type: text/csv"

    with begun(installed.url, path=path, head=head) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert answered(connection) == (400, "incomplete_body")

    with client(installed, slow) as http:
        budget = http.get(f"benchmarks/{stage.slug}/budget/").json()
    assert budget["total"]["used"] == 0


def test_strangers_at_the_admin_send_no_more_than_a_form(installed: Service) -> None:
    """What they begin and do not end does not keep others from the login."""
    form = "Content-Type: application/x-www-form-urlencoded"
    with ExitStack() as opened:
        for _ in range(8):
            opened.enter_context(begun(installed.admin_url, path="/admin/login/", head=form))
        login = httpx.get(f"{installed.admin_url}/admin/login/", timeout=WINDOW)
        large = httpx.post(f"{installed.admin_url}/admin/login/", content=b"x" * 100_000)

    assert (login.status_code, large.status_code) == (200, 413)
    assert large.headers["Connection"] == "close"
