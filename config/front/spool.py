"""One body of a request, received to its end before a thread hears of the request.

A thread that reads a body waits for whoever sends it; here only a coroutine waits. A body must come at a
least rate and within a deadline. It lies in memory, and beyond some size in a file without a name, closed to
other accounts, in a directory of its own; without a directory it never leaves memory.
"""

import asyncio
import io
import logging
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vault.files.content_files import FULL

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]


class SpoolError(Exception):
    """A body was not received; nothing of it is kept."""


class BodyTooSlowError(SpoolError):
    """Too little arrived in the last window, or all of it took too long."""


class BodyCutShortError(SpoolError):
    """The connection ended before all of the body had arrived."""


class SpoolFullError(SpoolError):
    """There is no room for it on the disk."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a body must come: all of it in `seconds`, and so many bytes in each window."""

    seconds: float
    window_seconds: float
    bytes_per_second: float

    @property
    def least_bytes(self) -> float:
        return self.window_seconds * self.bytes_per_second


@dataclass(frozen=True, kw_only=True)
class Spool:
    """Where bodies lie, and how fast they must come."""

    directory: Path | None
    in_memory: int
    pace: Pace

    async def receive(self, receive: Receive, *, length: int) -> IO[bytes]:
        """All of a body of `length` bytes, to be read from its start; the caller closes it."""
        body = self._empty()
        try:
            await self._fill(body, receive, length=length)
            body.seek(0)
        # A client that goes away ends it by a cancellation: nothing of its body may stay.
        except BaseException as error:
            with suppress(OSError):
                body.close()
            if isinstance(error, OSError) and error.errno in FULL:
                logger.error("a body was not received: %s", error.strerror)
                raise SpoolFullError from None
            raise
        return body

    def _empty(self) -> IO[bytes]:
        if self.directory is None:
            return io.BytesIO()
        # Its file is made unlinked and with mode 0600: a process that is killed leaves none behind.
        return tempfile.SpooledTemporaryFile(max_size=self.in_memory, dir=str(self.directory))

    async def _fill(self, body: IO[bytes], receive: Receive, *, length: int) -> None:
        clock = asyncio.get_running_loop().time
        started = window = clock()
        n_received = n_before = 0
        while n_received < length:
            now = clock()
            if n_received - n_before >= self.pace.least_bytes:
                window, n_before = now, n_received
            # A window that ends while something is awaited has had too little.
            left = min(window + self.pace.window_seconds, started + self.pace.seconds) - now
            try:
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError:
                raise BodyTooSlowError from None
            part = message.get("body", b"")
            n_received += len(part)
            is_last = message["type"] != "http.request" or not message.get("more_body", False)
            if n_received > length or (is_last and n_received < length):
                raise BodyCutShortError
            await self._write(body, part, n_received=n_received)

    async def _write(self, body: IO[bytes], part: bytes, *, n_received: int) -> None:
        """Write a chunk; what goes to a file is written by another thread, for a disk may be slow."""
        if self.directory is None or n_received <= self.in_memory:
            body.write(part)
        else:
            await asyncio.to_thread(_write_through, body, part)


def _write_through(body: IO[bytes], part: bytes) -> None:
    """Write through to the disk: a full one says so now, and not when the body is read."""
    body.write(part)
    body.flush()
