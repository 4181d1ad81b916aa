"""The closed loop that measures: against a server of three lines, it counts what was answered."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.bench import load


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A server's own: a thread of an earlier one may still be at its last request.
    asked: list[str]

    def handle(self) -> None:
        # When its time is up, the client leaves in the middle of an answer.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = {"/new": 200, "/old": 304}.get(self.path, 500)
        self.send_response(status)
        if status == 200:
            self.send_header("Content-Length", "5000")
        self.end_headers()
        if status == 200:
            self.wfile.write(b"x" * 2500)
            self.wfile.flush()
            self.wfile.write(b"x" * 2500)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def port(asked: list[str]) -> Iterator[int]:
    handler = type("AnsweringHere", (Answering,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "status"), [("/new", 200), ("/old", 304)])
def test_every_answer_is_counted_once(port: int, asked: list[str], path: str, status: int) -> None:
    measured = load.closed_loop(
        port=port, requests=[load.request(path)], status=status, connections=3, seconds=0.3
    )

    # Each connection has one request under way when the time is up.
    assert 0 <= len(asked) - measured.n <= 3
    assert measured.n == len(measured.latencies) > 10
    assert measured.rate == pytest.approx(measured.n / measured.seconds)


def test_another_status_ends_the_measurement(port: int) -> None:
    with pytest.raises(load.LoadError, match="500"):
        load.closed_loop(
            port=port, requests=[load.request("/")], status=200, connections=1, seconds=1
        )


def test_percentiles_are_of_the_slowest() -> None:
    measured = load.Load(n=100, seconds=2.0, latencies=[i / 1000 for i in range(100, 0, -1)])

    assert measured.rate == 50
    assert measured.percentile(0.99) == 0.1
    assert measured.percentile(0.5) == 0.051
