"""The launcher calls the service ready when its own processes answer, not somebody else's."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config import settings as settings_module
from config import start_mark
from service import processes as service_module
from service.home import EmbeddedServerError
from service.processes import Service, start_that_answers


@contextmanager
def answering(headers: dict[str, str], *, status: int = 200) -> Iterator[str]:
    """A web server that gives every request the same answer; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def starting(tmp_path: Path, url: str) -> Service:
    return Service(home=tmp_path, code=tmp_path, url=url, admin_url=url, start="this one")


@pytest.fixture
def broker_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "_listens", lambda path: True)


@pytest.mark.usefixtures("broker_is_up")
def test_service_that_answers_itself_is_ready(tmp_path: Path) -> None:
    with answering({start_mark.HEADER: "this one"}) as url:
        starting(tmp_path, url).wait_until_ready(seconds=60)


@pytest.mark.usefixtures("broker_is_up")
@pytest.mark.parametrize("headers", [{}, {start_mark.HEADER: "an earlier one"}])
def test_somebody_else_at_the_address_is_not_the_service(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    with (
        answering(headers) as url,
        pytest.raises(EmbeddedServerError, match=r"another program answers .* --port"),
    ):
        starting(tmp_path, url).wait_until_ready(seconds=0.2)


def test_what_does_not_answer_well_is_nobody() -> None:
    with answering({start_mark.HEADER: "this one"}, status=503) as url:
        assert start_that_answers(url) is None
    assert start_that_answers(url) is None


@pytest.mark.parametrize(("asked", "told"), [({}, None), ({start_mark.HEADER: "?"}, "this one")])
def test_mark_is_told_to_who_asks(settings: Any, asked: dict[str, str], told: str | None) -> None:
    settings.START = "this one"
    get: Callable[[HttpRequest], HttpResponse] = lambda request: HttpResponse("ok")  # noqa: E731

    response = start_mark.middleware(get)(RequestFactory().get("/readyz", headers=asked))

    assert response.headers.get(start_mark.HEADER) == told


def test_both_doors_tell() -> None:
    for middleware in (settings_module.API_MIDDLEWARE, settings_module._ADMIN_MIDDLEWARE):
        assert "config.start_mark.middleware" in middleware
