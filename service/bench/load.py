"""A closed loop of HTTP requests from one thread: each connection asks again when it was answered.

Written for measuring, so it costs little: requests are bytes made before, and of an answer only the
status and the length are looked at. It stops by itself, and asks loopback addresses alone.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"


class LoadError(Exception):
    """The server answered otherwise than the measurement needs."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a closed loop measured."""

    n: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.n / self.seconds

    def percentile(self, share: float) -> float:
        """Compute the latency in seconds that so large a share of the answers kept."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection:
    def __init__(self, port: int, request: bytes, status: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request, self._status = request, status
        self._answer = b""
        self._asked_at = 0.0

    def ask(self) -> None:
        self._answer = b""
        self._asked_at = time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> float | None:
        """Return the latency, once the answer is whole."""
        part = self.socket.recv(65536)
        self._answer += part
        if not part:
            raise LoadError("the server closed a connection")
        head, ended, body = self._answer.partition(HEAD_END)
        if not ended:
            return None
        if head[9:12] != self._status:
            raise LoadError(f"the server answered {head[9:12].decode()}: {body[:200]!r}")
        if len(body) < _length(head):
            return None
        return time.perf_counter() - self._asked_at


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if head[9:12] in (b"304", b"204"):
        return 0
    if at < 0:
        raise LoadError("the answer does not say how long it is")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0])


def request(path: str, **headers: str) -> bytes:
    """Write a GET on a connection that stays open; underscores in header names stand for hyphens."""
    fields = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *fields, "", ""]).encode()


def closed_loop(
    *, port: int, requests: Sequence[bytes], status: int, connections: int, seconds: float
) -> Load:
    """Share the requests out over `connections` to this machine's `port`, for so many seconds."""
    expected = str(status).encode()
    latencies: list[float] = []
    with ExitStack() as opened, selectors.DefaultSelector() as selector:
        for i in range(connections):
            each = _Connection(port, requests[i % len(requests)], expected)
            opened.callback(each.socket.close)
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.ask()
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            for key, _ in selector.select(timeout=1):
                latency = key.data.read()
                if latency is not None:
                    latencies.append(latency)
                    key.data.ask()
        elapsed = time.perf_counter() - start
    return Load(n=len(latencies), seconds=elapsed, latencies=latencies)
