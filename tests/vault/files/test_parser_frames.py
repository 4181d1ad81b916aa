import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from vault.files.parser_frames import receive, send


@pytest.fixture
def peers() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_receive_returns_what_was_sent(peers: tuple[socket.socket, socket.socket]) -> None:
    """Bodies far larger than the socket's buffer, and an empty one."""
    ours, theirs = peers
    for body in (b"", b"x" * (5 << 20)):
        sender = threading.Thread(target=send, args=(ours, {"act": "é"}, body))
        sender.start()

        assert receive(theirs, deadline=time.monotonic() + 20) == ({"act": "é"}, body, [])
        sender.join()


@pytest.mark.parametrize("length", [0, 5, 12, 15, 20])
def test_receive_returns_none_when_the_peer_ends_within_a_message(
    peers: tuple[socket.socket, socket.socket], length: int
) -> None:
    ours, theirs = peers
    send(ours, {"a": 1}, b"body")
    message = theirs.recv(1000)
    ours.sendall(message[:length])
    ours.close()

    assert length < len(message)
    assert receive(theirs) is None


def test_receive_refuses_more_than_it_was_told_to_expect(
    peers: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = peers
    send(ours, {}, b"12345")
    assert receive(theirs, largest_body=5) == ({}, b"12345", [])
    send(ours, {}, b"123456")
    assert receive(theirs, largest_body=5) is None


def test_receive_refuses_a_body_where_none_may_be(
    peers: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = peers
    send(ours, {}, b"1")

    assert receive(theirs, largest_body=0) is None


def test_a_silent_peer_is_waited_for_until_the_deadline(
    peers: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = peers
    with pytest.raises(TimeoutError):
        receive(theirs, deadline=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        send(ours, {}, b"x" * (50 << 20), deadline=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        receive(theirs, deadline=time.monotonic() - 1)


def test_receive_takes_no_file_where_none_is_asked_for(
    peers: tuple[socket.socket, socket.socket],
) -> None:
    """A child that a file got the better of must not fill its parent's table of open files."""
    ours, theirs = peers
    send(ours, {}, b"", files=[ours.fileno()] * 3)
    n_open = len(os.listdir("/proc/self/fd"))

    assert receive(theirs) == ({}, b"", [])
    assert len(os.listdir("/proc/self/fd")) == n_open
