"""Prediction files are parsed in child processes: limited in memory and in time, and replaceable.

Each web process keeps `PARSER_PROCESSES` children, started when first needed. A request takes a slot
before its body is read; when every child is busy and the backlog is full it is turned away at once. A
child that runs out of memory or time is killed, and the file counts as invalid: it costs nothing.

No team stands in the way of the others: it may hold half of the children and, for large files, a third of
the slots; whoever waits is served team by team. A child is handed a file, not its bytes, and one that
keeps much memory after a large file is replaced.
"""

import atexit
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from vault import panel as panels
from vault import predictions
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
from vault.models import Benchmark, Panel

# What a child needs to import Arrow while the machine is busy is not held against its first file.
START_SECONDS = 60.0
RETRY_AFTER_SECONDS = 2
# The child's own alarm matters only when its parent is gone, so the parent's limit comes first.
_ALARM_MARGIN = 5.0
_HEADER_BYTES = 1000


class _ChildLostError(Exception):
    """The child ended without an answer."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    processes: int
    backlog: int
    memory_mb: int
    seconds: float

    @property
    def slots(self) -> int:
        return self.processes + self.backlog

    @property
    def slots_of_team(self) -> int:
        return max(2, self.slots // 3)

    @property
    def processes_of_team(self) -> int:
        return max(1, self.processes // 2)


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
            answer = receive(self._peer, deadline=deadline, largest_body=largest_body)
        # An OSError as well, but no lost child: a second try would take as long.
        except TimeoutError:
            raise
        except OSError:
            raise _ChildLostError from None
        if answer is None:
            raise _ChildLostError
        self._has_started = True
        self.is_spent = bool(answer[0].get("is_spent"))
        return answer

    def kill(self) -> None:
        self._peer.close()
        self._process.kill()
        self._process.wait()


class ParserPool:
    """The children of one process. Threads share it; each child serves one of them at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = Room(n_places=limits.slots, most_of_team=limits.slots_of_team)
        self._turns = Turns(n_places=limits.processes, most_of_team=limits.processes_of_team)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, *, team_id: int | None = None) -> Iterator[None]:
        full = self._room.enter(team_id)
        if full:
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
        """Parse a file, twice if a child is gone before it answers: anybody may have killed that one."""
        if isinstance(body, bytes):
            with MemoryFile(body) as file:
                return self.parse(
                    body=file, content_type=content_type, spec=spec, panel=panel, team_id=team_id
                )
        for _ in range(2):
            try:
                with self._child(team_id) as child:
                    return self._parsed(child, body, content_type, spec, panel)
            except _ChildLostError:
                continue
            except TimeoutError:
                refuse(f"the file took longer than {self._limits.seconds:g} s to parse")
        refuse("the file takes more memory to parse than it may")

    def unpack(self, packed: MemoryFile, *, limit: int, team_id: int | None = None) -> MemoryFile:
        """Unpack the file that gzip packed; raises `PackedBodyError` or `UnpackedSizeError`."""
        if not packed.size:
            raise PackedBodyError("the body is empty")
        for _ in range(2):
            try:
                with self._child(team_id) as child:
                    return self._unpacked(child, packed, limit)
            except _ChildLostError:
                continue
            except TimeoutError:
                break
        raise PackedBodyError(
            f"the gzip body takes more than {self._limits.seconds:g} s or too much memory to unpack"
        )

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
        self,
        child: _Child,
        body: MemoryFile,
        content_type: str,
        spec: FileSpec,
        panel: Panel,
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
        answer, canonical = dict[str, Any](outcome=""), b""
        for _ in range(2):
            # A child keeps few panels, and may have dropped one that it was handed: then once more.
            if panel.sha256 not in child.panels or answer["outcome"] == "panel wanted":
                self._hand_over(child, panel)
            answer, canonical = child.ask(
                header, files=[body], seconds=self._limits.seconds, largest_body=largest
            )
            if answer["outcome"] != "panel wanted":
                break
        if answer["outcome"] == "memory":
            raise _ChildLostError
        if answer["outcome"] == "invalid":
            raise InvalidFileError(answer["message"], **answer["data"])
        return Predictions(canonical=canonical, sha256=hashlib.sha256(canonical).hexdigest())

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
        except (TimeoutError, _ChildLostError):
            raise VaultError("the parser does not start; see its messages in the log") from None
        child.panels.add(panel.sha256)
        if answer["outcome"] != "ready":
            raise VaultError("the parser cannot take the panel")


@contextmanager
def slot(*, team_id: int | None = None) -> Iterator[None]:
    """Room for one file; raises `ParserBusyError`. To be taken before the body is read.

    `team_id` counts it against the team's share: for files that may take long.
    """
    with _pool(os.getpid()).slot(team_id=team_id):
        yield


def parse_bounded(
    *,
    body: bytes | MemoryFile,
    content_type: str,
    benchmark: Benchmark,
    panel: Panel,
    team_id: int | None = None,
) -> Predictions:
    """Parse in a child; raises `InvalidFileError`, also for a file that exceeds the limits."""
    return _pool(os.getpid()).parse(
        body=body,
        content_type=content_type,
        spec=predictions.spec(benchmark),
        panel=panel,
        team_id=team_id,
    )


def unpack_bounded(*, packed: MemoryFile, limit: int, team_id: int | None = None) -> MemoryFile:
    """Unpack a gzip body in a child, to a file that is the caller's to close.

    Raises `PackedBodyError`, and `UnpackedSizeError` beyond `limit` bytes.
    """
    return _pool(os.getpid()).unpack(packed, limit=limit, team_id=team_id)


_lock = threading.Lock()


def _pool(pid: int) -> ParserPool:
    """Give this process its pool: a forked one makes its own, since children answer to one parent."""
    with _lock:
        return _new_pool(pid)


@lru_cache(maxsize=1)
def _new_pool(pid: int) -> ParserPool:
    pool = ParserPool(
        Limits(
            processes=settings.PARSER_PROCESSES,
            backlog=settings.PARSER_BACKLOG,
            memory_mb=settings.PARSER_MEMORY_MB,
            seconds=settings.PARSER_SECONDS,
        )
    )
    atexit.register(pool.close)
    return pool


def _environment() -> dict[str, str]:
    """Leave out all of ours: neither passwords nor addresses are the parser's business."""
    kept = {
        name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ
    }
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "HOME": str(Path("/")),
        # The C library gives large blocks back when they are freed, and the rest when it is told to.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
