"""What the parser's pool and its children say to each other: a JSON header and a body, length first.

Files go along as descriptors, so that nobody copies them. Only children take any.
"""

import json
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

_LENGTHS = struct.Struct("!IQ")
_PIECE = 1 << 20
_MAX_HEADER = 1 << 20


def send(
    peer: socket.socket,
    header: dict[str, Any],
    body: bytes,
    *,
    files: Sequence[int] = (),
    deadline: float | None = None,
) -> None:
    """Raise `TimeoutError` at the deadline of the monotonic clock, `OSError` if the peer is gone."""
    encoded = json.dumps(header).encode()
    start = _LENGTHS.pack(len(encoded), len(body)) + encoded
    _set_deadline(peer, deadline)
    n_sent = socket.send_fds(peer, [start], list(files)) if files else 0
    peer.sendall(start[n_sent:])
    _set_deadline(peer, deadline)
    peer.sendall(body)


def receive(
    peer: socket.socket,
    *,
    deadline: float | None = None,
    largest_body: int | None = None,
    max_files: int = 0,
) -> tuple[dict[str, Any], bytes, list[int]] | None:
    """Return header, body, and the descriptors that came along: the caller's to close.

    None when the peer is gone, even in the middle of a message, or says too much.
    """
    _set_deadline(peer, deadline)
    start, files, _, _ = socket.recv_fds(peer, _LENGTHS.size, max_files)
    more = _exactly(peer, _LENGTHS.size - len(start), deadline) if start else None
    if more is None:
        return None
    header_length, body_length = _LENGTHS.unpack(start + more)
    if header_length > _MAX_HEADER or (largest_body is not None and body_length > largest_body):
        return None
    header = _exactly(peer, header_length, deadline)
    body = _exactly(peer, body_length, deadline)
    if header is None or body is None:
        return None
    return json.loads(header), bytes(body), files


def _exactly(peer: socket.socket, length: int, deadline: float | None) -> bytearray | None:
    content = bytearray(length)
    view, position = memoryview(content), 0
    while position < length:
        _set_deadline(peer, deadline)
        received = peer.recv_into(view[position : position + _PIECE])
        if received == 0:
            return None
        position += received
    return content


def _set_deadline(peer: socket.socket, deadline: float | None) -> None:
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError
    peer.settimeout(left)
