"""Prediction files are parsed in child processes: limited in memory and in time, and replaceable.

Each web process keeps `PARSER_PROCESSES` children, started when first needed. A request takes a slot
before its body is read; when every child is busy and the backlog is full it is turned away at once. A
child that runs out of memory or time is killed, and the file counts as invalid: it costs nothing.
"""

import atexit
import hashlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings

from vault import panel as panels
from vault import predictions
from vault.canonical import Predictions
from vault.errors import InvalidFileError, ParserBusyError, VaultError
from vault.file_problems import refuse
from vault.models import Benchmark, Panel
from vault.parser_frames import receive, send
from vault.parsing import FileSpec

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


class _Child:
    def __init__(self, limits: Limits) -> None:
        self.panels: set[str] = set()
        self._peer, theirs = socket.socketpair()
        arguments = [str(limits.memory_mb), str(limits.seconds + _ALARM_MARGIN)]
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", "vault.parser_child", *arguments],
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
        self, header: dict[str, Any], body: bytes, *, seconds: float, largest_body: int
    ) -> tuple[dict[str, Any], bytes]:
        """Raises `TimeoutError`, or `_ChildLostError`; either way the child is of no more use."""
        deadline = time.monotonic() + seconds
        try:
            send(self._peer, header, body, deadline=deadline)
            answer = receive(self._peer, deadline=deadline, largest_body=largest_body)
        except TimeoutError:
            raise
        except OSError:
            raise _ChildLostError from None
        if answer is None:
            raise _ChildLostError
        return answer

    def kill(self) -> None:
        self._peer.close()
        self._process.kill()
        self._process.wait()


class ParserPool:
    """The children of one process. Threads share it; each child serves one of them at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots = threading.BoundedSemaphore(limits.processes + limits.backlog)
        # None stands for a child that is still to be started.
        self._children: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(limits.processes):
            self._children.put(None)

    @contextmanager
    def slot(self) -> Iterator[None]:
        if not self._slots.acquire(blocking=False):
            raise ParserBusyError(
                "too many files are being parsed", retry_after=RETRY_AFTER_SECONDS
            )
        try:
            yield
        finally:
            self._slots.release()

    def parse(self, *, body: bytes, content_type: str, spec: FileSpec, panel: Panel) -> Predictions:
        """A child that is gone before it answers may have been killed by anybody: try once more."""
        for _ in range(2):
            try:
                return self._parse_once(body, content_type, spec, panel)
            except _ChildLostError:
                continue
            except TimeoutError:
                refuse(f"the file took longer than {self._limits.seconds:g} s to parse")
        _refuse_for_memory()

    def close(self) -> None:
        """End the children that are idle; the pool starts others if it is used again."""
        idle = []
        with suppress(queue.Empty):
            while True:
                idle.append(self._children.get_nowait())
        for child in idle:
            if child is not None:
                child.kill()
            self._children.put(None)

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child for one exchange. It goes back only if the exchange ended as it should."""
        child = self._children.get()
        kept = None
        try:
            child = child or _Child(self._limits)
            yield child
            kept = child
        finally:
            if child is not None and kept is None:
                child.kill()
            self._children.put(kept)

    def _parse_once(
        self, body: bytes, content_type: str, spec: FileSpec, panel: Panel
    ) -> Predictions:
        header = {
            "act": "parse",
            "panel": panel.sha256,
            "content_type": content_type,
            "spec": asdict(spec),
        }
        largest = 8 * panel.n_items * max(1, len(spec.classes)) + _HEADER_BYTES
        with self._child() as child:
            answer: dict[str, Any] = {"outcome": "panel wanted"}
            if panel.sha256 in child.panels:
                answer, canonical = child.ask(
                    header, body, seconds=self._limits.seconds, largest_body=largest
                )
            if answer["outcome"] == "panel wanted":
                self._hand_over(child, panel)
                answer, canonical = child.ask(
                    header, body, seconds=self._limits.seconds, largest_body=largest
                )
            if answer["outcome"] == "memory":
                raise _ChildLostError
        if answer["outcome"] == "invalid":
            raise InvalidFileError(answer["message"], **answer["data"])
        return Predictions(canonical=canonical, sha256=hashlib.sha256(canonical).hexdigest())

    def _hand_over(self, child: _Child, panel: Panel) -> None:
        """Give the child the panel's ids. What fails here is our fault, not the file's."""
        header = {"act": "panel", "panel": panel.sha256}
        try:
            answer, _ = child.ask(
                header, panels.file_bytes(panel=panel), seconds=START_SECONDS, largest_body=0
            )
        except (TimeoutError, _ChildLostError):
            raise VaultError("the parser does not start; see its messages in the log") from None
        child.panels.add(panel.sha256)
        if answer["outcome"] != "ready":
            raise VaultError("the parser cannot take the panel")


@contextmanager
def slot() -> Iterator[None]:
    """Room for one file; raises `ParserBusyError`. To be taken before the body is read."""
    with _pool(os.getpid()).slot():
        yield


def parse_bounded(
    *, body: bytes, content_type: str, benchmark: Benchmark, panel: Panel
) -> Predictions:
    """Parse in a child; raises `InvalidFileError`, also for a file that exceeds the limits."""
    spec = predictions.spec(benchmark)
    return _pool(os.getpid()).parse(body=body, content_type=content_type, spec=spec, panel=panel)


_lock = threading.Lock()


def _pool(pid: int) -> ParserPool:
    """A forked process has a pool of its own: children answer to one parent."""
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


def _refuse_for_memory() -> NoReturn:
    refuse("the file takes more memory to parse than it may")


def _environment() -> dict[str, str]:
    """Nothing of ours: neither passwords nor addresses are the parser's business."""
    kept = {
        name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ
    }
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "HOME": str(Path("/")),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
