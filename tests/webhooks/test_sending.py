"""One attempt, to a receiver on loopback that answers as it likes."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from webhooks import sending, targets
from webhooks.sending import Attempt

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
ANY = [range(1, 65_536)]
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Receiver:
    """What arrived, and where it listens."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    def send(
        self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1"
    ) -> Attempt:
        return sending.send(
            url=f"{scheme}://{host}:{self.port}{path}",
            headers={"Content-Type": "application/json", "webhook-id": "m"},
            content=b'{"a":1}',
            allowed=LOOPBACK,
            ports=ANY,
        )


@contextmanager
def receiving(
    answer: Callable[[socket.socket], None], *, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    receiver = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver.port = server.getsockname()[1]
        server.settimeout(0.1)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    plain, _ = server.accept()
                except TimeoutError:
                    continue
                try:
                    plain.settimeout(5)
                    with tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                        receiver.requests.append(_request(connection))
                        answer(connection)
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield receiver
        finally:
            stopped.set()
            thread.join()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b'{"a":1}'):
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data


def saying(*parts: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def test_content_and_headers_arrive_and_the_status_comes_back() -> None:
    with receiving(saying(OK)) as receiver:
        attempt = receiver.send("/hook?a=b")

    assert (attempt.is_done, attempt.result) == (True, "status 204")
    (request,) = receiver.requests
    head, body = request.split(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{receiver.port}".encode() in head
    assert b"webhook-id: m" in head
    assert body == b'{"a":1}'


@pytest.mark.parametrize("status", [300, 400, 404, 410, 500, 503])
def test_other_statuses_are_no_success(status: int) -> None:
    with receiving(
        saying(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    ) as receiver:
        attempt = receiver.send()

    assert (attempt.is_done, attempt.status) == (False, status)


def test_redirect_is_not_followed() -> None:
    with (
        receiving(saying(OK)) as other,
        receiving(
            saying(
                f"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:{other.port}/\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
        ) as receiver,
    ):
        attempt = receiver.send()
        time.sleep(0.2)

    assert (attempt.is_done, attempt.status) == (False, 307)
    assert other.requests == []


def test_receiver_that_trickles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MAX_SECONDS", 0.6)
    left = threading.Event()

    def trickle(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"H")
            if left.wait(0.05):
                return

    with receiving(trickle) as receiver:
        began = time.monotonic()
        attempt = receiver.send()
        took = time.monotonic() - began
        left.set()

    assert (attempt.is_done, attempt.result) == (False, "no answer within 0.6 seconds")
    assert took < 3


def test_endless_answer_is_not_read() -> None:
    """The status is known after the head; nobody waits for gigabytes."""
    n_sent = 0

    def pour(connection: socket.socket) -> None:
        nonlocal n_sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while n_sent < 200_000_000:
            n_sent += connection.send(b"x" * 65_536)

    with receiving(pour) as receiver:
        assert receiver.send().result == "status 200"

    assert n_sent < 50_000_000


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200"])
def test_broken_answers_are_no_success(said: bytes) -> None:
    with receiving(saying(said)) as receiver:
        attempt = receiver.send()

    assert (attempt.is_done, attempt.status, attempt.result) == (
        False,
        None,
        "the connection broke",
    )


def test_nobody_listening_is_no_success() -> None:
    with receiving(saying(OK)) as receiver:
        pass

    assert receiver.send().result == "no connection"


def test_refused_address_is_not_called() -> None:
    with receiving(saying(OK)) as receiver:
        attempt = sending.send(
            url=f"https://127.0.0.1:{receiver.port}/",
            headers={},
            content=b"",
            allowed=[],
            ports=ANY,
        )

    assert attempt.result.startswith("not called: ")
    assert receiver.requests == []


def test_port_that_was_taken_once_and_is_no_longer_is_not_called() -> None:
    with receiving(saying(OK)) as receiver:
        attempt = sending.send(
            url=f"http://127.0.0.1:{receiver.port}/",
            headers={},
            content=b"",
            allowed=LOOPBACK,
            ports=[range(443, 444)],
        )

    assert attempt.result.startswith(f"not called: port {receiver.port} is not one")
    assert receiver.requests == []


def certificate(directory: Path, *, name: str) -> Path:
    """A self-signed certificate for one name, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.mark.parametrize(
    ("is_trusted", "name", "expected"),
    [
        (True, "ci.example.org", "status 204"),
        (True, "another.example", "the TLS handshake failed"),
        (False, "ci.example.org", "the TLS handshake failed"),
    ],
)
def test_certificate_must_be_trusted_and_of_the_name_that_was_given(
    is_trusted: bool, name: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to a numeric address; the certificate is still that of the name."""
    path = certificate(tmp_path, name=name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cafile=str(path) if is_trusted else None)
    monkeypatch.setattr(sending, "_tls", lambda: client)
    monkeypatch.setattr(targets, "resolve", lambda **given: LOOPBACK[0][1])

    with receiving(saying(OK), tls=server) as receiver:
        attempt = receiver.send(scheme="https", host="ci.example.org")

    assert attempt.result == expected
    assert len(receiver.requests) == (1 if expected == "status 204" else 0)
