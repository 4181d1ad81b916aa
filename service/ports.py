"""The ports of the embedded service: nobody else's, and the same ones at the next start.

The HTTP server shares its port with whoever binds it in the same way (SO_REUSEPORT: so its workers do), and
takes no socket from outside. So a port is looked at before the start by a bind that shares nothing. Two
services that start at the same time keep out of each other's way by a name among the machine's abstract
sockets: it is seen by all accounts that see the port, leaves no file behind, and is gone with the process
that holds it.
"""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from service.home import EmbeddedServerError

HOST = "127.0.0.1"
KEPT = "ports.json"
MAX_TRIES = 100


@dataclass(frozen=True, kw_only=True)
class Door:
    """Something that listens: what people call it, its option of `run.py`, and its usual port."""

    name: str
    option: str
    port: int


API = Door(name="API", option="--port", port=8000)
ADMIN = Door(name="admin", option="--admin-port", port=8001)


class PortTakenError(Exception):
    """Somebody else has the port; the message says who."""


@contextmanager
def held(*, home: Path, door: Door, asked: int | None, say: Callable[[str], None]) -> Iterator[int]:
    """Keep a port for a door from other services for as long as the block runs.

    The one that was asked for; else that of the last start, else the usual one: addresses that were given
    out, such as one-time links, go on leading here. When all of these are taken another is chosen and said
    aloud. What it becomes is written down for the next start. 0 asks for any, for this start alone.
    """
    kept = _kept(home)
    last = kept.pop(door.name, None)
    tries = [last, door.port] if asked is None else [asked, last]
    wanted, *others = [each for each in tries if each is not None]
    lock, port, why = _hold_one_of(wanted, *others, 0)
    choose = f"type {door.option} NUMBER to choose one"
    with lock:
        if port != wanted and wanted != 0:
            say(
                f"port {wanted} is taken by {why}: the {door.name} is on port {port}, "
                f"at the next start, too; {choose}"
            )
        elif asked is None and port != door.port:
            say(f"the {door.name} is on port {port} as at the last start; {choose}")
        if asked != 0:
            chosen = {} if port == door.port else {door.name: port}
            (home / KEPT).write_text(json.dumps(kept | chosen))
        yield port


def free_port() -> int:
    """Return a port that nobody had a moment ago."""
    lock, port = _hold(0)
    lock.close()
    return port


def _hold_one_of(*ports: int) -> tuple[socket.socket, int, str]:
    """Take the first that is free; say why it is not the first of all."""
    why = ""
    for port in ports:
        try:
            return *_hold(port), why
        except PortTakenError as error:
            why = why or str(error)
    raise EmbeddedServerError(f"no port on {HOST} is free")


def _hold(port: int) -> tuple[socket.socket, int]:
    """Lock a port that is free; 0 is any."""
    for _ in range(MAX_TRIES):
        candidate = port or _probe(0)
        try:
            lock = _lock(candidate)
            try:
                return lock, _probe(candidate)
            # Whatever ended it: a lock that nobody closes keeps the port from everybody.
            except BaseException:
                lock.close()
                raise
        except PortTakenError:
            if port:
                raise
    raise PortTakenError("every port is taken")


def _lock(port: int) -> socket.socket:
    lock = socket.socket(socket.AF_UNIX)
    # Elsewhere the server does not share its port, so that the second one is refused it.
    if sys.platform == "linux":
        try:
            lock.bind(f"\0holdout-vault/{HOST}:{port}")
        except OSError:
            lock.close()
            raise PortTakenError("another Holdout Vault") from None
    return lock


def _probe(port: int) -> int:
    """Bind and listen as somebody who shares with nobody; give the port's number."""
    with socket.socket() as probe:
        # Connections of an earlier start that are still being closed do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            raise EmbeddedServerError(
                f"port {port} is closed to this account: choose one from 1024 to 65535"
            ) from None
        except OSError:
            raise PortTakenError("another program") from None
        return int(probe.getsockname()[1])


def _kept(home: Path) -> dict[str, int]:
    with suppress(OSError, ValueError):
        kept = json.loads((home / KEPT).read_text())
        if isinstance(kept, dict):
            return {
                name: port
                for name, port in kept.items()
                if isinstance(port, int) and 0 < port < 2**16
            }
    return {}
