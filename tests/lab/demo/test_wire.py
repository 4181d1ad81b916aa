import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab.demo.rest import open_wire
from lab.demo.wire import TROUBLES, Wire


class Service(ThreadingHTTPServer):
    """Answers with what it was sent, and closes the connection after `last` answers of it."""

    last = 100
    seen: list[tuple[int, dict[str, str], bytes]]
    may_answer: threading.Event


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service
    n_answered = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.client_address[1], dict(self.headers), body))
        if body == b"broken":
            self.close_connection = True
            return
        if body == b"late":
            self.server.may_answer.wait()
        self.n_answered += 1
        # Without a word to the client, as a server that ends does.
        self.close_connection = self.n_answered >= self.server.last
        self.send_response(202)
        self.send_header("ETag", '"queued"')
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b'{"id":1}')

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(("127.0.0.1", 0), _Door) as server:
        server.seen, server.may_answer = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    wire = open_wire(url=f"http://127.0.0.1:{service.server_port}", token="hv_x")
    yield wire
    wire.close()


def test_requests_carry_the_token_on_one_connection(service: Service, wire: Wire) -> None:
    answers = [
        wire.ask("POST", "/files/", body=b"id", headers={"Content-Type": "text/csv"}),
        wire.ask("GET", "/files/1/", body=None, headers={"If-None-Match": '"queued"'}),
    ]

    assert [(each.status, each.json(), each.headers["etag"]) for each in answers] == [
        (202, {"id": 1}, '"queued"')
    ] * 2
    (port, posted, body), (same, asked, nothing) = service.seen
    assert (port, body, nothing) == (same, b"id", b"")
    assert (posted["Content-Type"], asked["If-None-Match"]) == ("text/csv", '"queued"')
    assert posted["Authorization"] == asked["Authorization"] == "Bearer hv_x"


def test_after_trouble_the_next_request_opens_a_connection(service: Service, wire: Wire) -> None:
    with pytest.raises(TROUBLES):
        wire.ask("POST", "/files/", body=b"broken", headers={})

    assert wire.ask("POST", "/files/", body=b"id", headers={}).status == 202
    assert len({port for port, _, _ in service.seen}) == 2


def test_an_answer_that_was_not_awaited_is_not_taken_for_the_next(
    service: Service, wire: Wire
) -> None:
    connection = wire._connection
    connection.timeout = 0.05

    with pytest.raises(TimeoutError):
        wire.ask("POST", "/files/", body=b"late", headers={})

    connection.timeout = 60.0
    service.may_answer.set()
    assert wire.ask("POST", "/files/", body=b"id", headers={}).status == 202
    assert [body for _, _, body in service.seen][-1] == b"id"


def test_a_connection_that_was_closed_meanwhile_is_trouble(service: Service, wire: Wire) -> None:
    service.last = 1
    wire.ask("GET", "/", body=None, headers={})

    with pytest.raises(TROUBLES):
        wire.ask("GET", "/", body=None, headers={})

    assert wire.ask("GET", "/", body=None, headers={}).status == 202
