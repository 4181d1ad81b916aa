"""Prediction files are parsed in child processes: limited in memory and in time, and replaceable.

Each web process keeps `PARSER_PROCESSES` children, started when first needed. A request takes a slot
before its body is read; when every child is busy and the backlog is full it is turned away at once. A
child that runs out of memory or time is killed, and the file counts as invalid: it costs nothing.

No team stands in the way of the others: it may hold half of the children and, for large files, a third of
the slots; whoever waits is served team by team. A child is handed a file, not its bytes, and one that
keeps much memory after a large file is replaced.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.conf import settings

from vault import panel as panels
from vault.errors import (
    InvalidFileError,
    PackedBodyError,
    ParserBusyError,
    UnpackedSizeError,
    VaultError,
)
from vault.files.canonical import Predictions
from vault.files.memory_files import MemoryFile
from vault.files.parser_frames import receive, send
from vault.files.parser_turns import Room, Turns
from vault.files.parsing import FileSpec
from vault.files.problems import refuse
from vault.models import Panel

# What a child needs to import Arrow while the machine is busy is not held against its first file.
START_SECONDS = 60.0
RETRY_AFTER_SECONDS = 2
# The child's own alarm matters only when its parent is gone, so the parent's limit comes first.
_ALARM_MARGIN = 5.0
_HEADER_BYTES = 1000


T = TypeVar("T")


class _ChildLostError(Exception):
    """The child ended without an answer."""


class _NotReadyError(_ChildLostError):
    """The child ended before it had anything of the file, which is not to blame."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    processes: int
    backlog: int
    memory_mb: int
    seconds: float


class _Child:
    def __init__(self, limits: Limits) -> None:
        self.panels: set[str] = set()
        self.is_spent = False
        self._has_started = False
        self._peer, theirs = socket.socketpair()
        arguments = [str(limits.memory_mb), str(limits.seconds + _ALARM_MARGIN)]
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", "vault.files.parser_child", *arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                env=_environment(),
                # Ctrl-C at the terminal is for the parent; its end closes the socket.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(
        self,
        header: dict[str, Any],
        body: bytes = b"",
        *,
        files: Sequence[MemoryFile] = (),
        seconds: float,
        largest_body: int = 0,
    ) -> tuple[dict[str, Any], bytes]:
        """Exchange one message; after `TimeoutError` or `_ChildLostError` the child is of no more use."""
        deadline = time.monotonic() + seconds + (0.0 if self._has_started else START_SECONDS)
        try:
            descriptors = [each.fileno() for each in files]
            send(self._peer, header, body, files=descriptors, deadline=deadline)
            received = receive(self._peer, deadline=deadline, largest_body=largest_body)
        # An OSError as well, but no lost child: a second try would take as long.
        except TimeoutError:
            raise
        except OSError:
            raise _ChildLostError from None
        if received is None:
            raise _ChildLostError
        answer, content, _ = received
        self._has_started = True
        self.is_spent = bool(answer.get("is_spent"))
        return answer, content

    def kill(self) -> None:
        self._peer.close()
        self._process.kill()
        self._process.wait()


class ParserPool:
    """The children of one process. Threads share it; each child serves one of them at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        slots = limits.processes + limits.backlog
        self._room = Room(n_places=slots, most_of_team=max(2, slots // 3))
        self._turns = Turns(n_places=limits.processes, most_of_team=max(1, limits.processes // 2))
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, *, team_id: int | None = None) -> Iterator[None]:
        """Room for one file; raises `ParserBusyError`. To be taken before the body is read.

        `team_id` counts it against the team's share: for files that may take long.
        """
        if full := self._room.enter(team_id):
            raise ParserBusyError(full, retry_after=RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            self._room.leave(team_id)

    def parse(
        self,
        *,
        body: bytes | MemoryFile,
        content_type: str,
        spec: FileSpec,
        panel: Panel,
        team_id: int | None = None,
    ) -> Predictions:
        """Parse in a child; raises `InvalidFileError`, also for a file that exceeds the limits."""
        with nullcontext(body) if isinstance(body, MemoryFile) else MemoryFile(body) as file:
            try:
                return self._twice(
                    lambda child: self._parsed(child, file, content_type, spec, panel), team_id
                )
            except _NotReadyError:
                raise ParserBusyError(
                    "The parsers are being restarted", retry_after=RETRY_AFTER_SECONDS
                ) from None
            except _ChildLostError:
                refuse("the file takes more memory to parse than it may")
            except TimeoutError:
                refuse(f"the file took longer than {self._limits.seconds:g} s to parse")

    def unpack(self, packed: MemoryFile, *, limit: int, team_id: int | None = None) -> MemoryFile:
        """Unpack a gzip body in a child, to a file that is the caller's to close.

        Raises `PackedBodyError`, and `UnpackedSizeError` beyond `limit` bytes.
        """
        if not packed.size:
            raise PackedBodyError("the body is empty")
        try:
            return self._twice(lambda child: self._unpacked(child, packed, limit), team_id)
        except (_ChildLostError, TimeoutError):
            raise PackedBodyError(
                f"the gzip body takes more than {self._limits.seconds:g} s or too much memory to unpack"
            ) from None

    def _twice(self, act: Callable[[_Child], T], team_id: int | None) -> T:
        """Act again if the child is gone before it answers: anybody may have killed it."""
        try:
            with self._child(team_id) as child:
                return act(child)
        except _ChildLostError:
            with self._child(team_id) as child:
                return act(child)

    def close(self) -> None:
        """End the children that are idle; the pool starts others if it is used again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    @contextmanager
    def _child(self, team_id: int | None) -> Iterator[_Child]:
        """Take a child for one exchange. It goes back only if the exchange ended as it should."""
        with self._turns.turn(team_id):
            with self._lock:
                child = self._idle.pop() if self._idle else None
            child = child or _Child(self._limits)
            try:
                yield child
            # An answer, too, if it is that the file is wrong.
            except (InvalidFileError, PackedBodyError, UnpackedSizeError):
                self._put_back(child)
                raise
            # Its answer may still come, and would be taken for that to the next file.
            except BaseException:
                child.kill()
                raise
            self._put_back(child)

    def _put_back(self, child: _Child) -> None:
        if child.is_spent:
            child.kill()
            # At once, so that nobody waits for its start.
            child = _Child(self._limits)
        with self._lock:
            self._idle.append(child)

    def _parsed(
        self, child: _Child, body: MemoryFile, content_type: str, spec: FileSpec, panel: Panel
    ) -> Predictions:
        header = {
            "act": "parse",
            "panel": panel.sha256,
            "content_type": content_type,
            "size": body.size,
            "spec": asdict(spec),
        }
        # A file that got the better of its child shall not fill this process: more than this is not read.
        largest = 8 * panel.n_items * len(spec.value_columns) + _HEADER_BYTES
        if panel.sha256 not in child.panels:
            self._hand_over(child, panel)
        ask = partial(
            child.ask, header, files=[body], seconds=self._limits.seconds, largest_body=largest
        )
        answer, canonical = ask()
        # A child keeps few panels, and may have dropped one that it was handed.
        if answer["outcome"] == "panel wanted":
            self._hand_over(child, panel)
            answer, canonical = ask()
        if answer["outcome"] == "memory":
            raise _ChildLostError
        if answer["outcome"] == "invalid":
            raise InvalidFileError(answer["message"], **answer["data"])
        return Predictions(canonical=canonical)

    def _unpacked(self, child: _Child, packed: MemoryFile, limit: int) -> MemoryFile:
        header = {"act": "unpack", "size": packed.size, "limit": limit}
        unpacked = MemoryFile()
        try:
            unpacked.resize(limit)
            answer, _ = child.ask(header, files=[packed, unpacked], seconds=self._limits.seconds)
            if answer["outcome"] == "memory":
                raise _ChildLostError
            if answer["outcome"] == "too large":
                raise UnpackedSizeError(answer["message"], limit=limit)
            if answer["outcome"] == "damaged":
                raise PackedBodyError(answer["message"])
            unpacked.resize(int(answer["size"]))
            unpacked.seal()
        # Whatever ended it, nobody else would close it.
        except BaseException:
            unpacked.close()
            raise
        return unpacked

    def _hand_over(self, child: _Child, panel: Panel) -> None:
        """Give the child the panel's ids. What fails here is our fault, not the file's."""
        header = {"act": "panel", "panel": panel.sha256}
        try:
            answer, _ = child.ask(header, panels.file_bytes(panel=panel), seconds=START_SECONDS)
        except _ChildLostError:
            raise _NotReadyError from None
        except TimeoutError:
            raise VaultError("the parser does not start; see its messages in the log") from None
        child.panels.add(panel.sha256)
        if answer["outcome"] != "ready":
            raise VaultError("the parser cannot take the panel")


_lock = threading.Lock()


def pool() -> ParserPool:
    """Give this process its pool: a forked one makes its own, since children answer to one parent."""
    with _lock:
        return _new_pool(os.getpid())


@lru_cache(maxsize=1)
def _new_pool(pid: int) -> ParserPool:
    made = ParserPool(
        Limits(
            processes=settings.PARSER_PROCESSES,
            backlog=settings.PARSER_BACKLOG,
            memory_mb=settings.PARSER_MEMORY_MB,
            seconds=settings.PARSER_SECONDS,
        )
    )
    atexit.register(made.close)
    return made


def _environment() -> dict[str, str]:
    """Leave out all of ours: neither passwords nor addresses are the parser's business."""
    return {
        **{
            name: os.environ[name]
            for name in ("LD_LIBRARY_PATH", "PYTHONPATH")
            if name in os.environ
        },
        "LC_ALL": "C.UTF-8",
        "HOME": "/",
        # The C library gives large blocks back when they are freed, and the rest when it is told to.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
