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

from vault.api.problems import ProblemError
from vault.files.content_files import FULL

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]

RETRY_AFTER_SECONDS = 5


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
        """Return all of a body of `length` bytes, to be read from its start; the caller closes it.

        Raises `ProblemError` if it was not received; nothing of it is kept.
        """
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
                raise ProblemError(
                    "storage_full",
                    "there is no room for the body; nothing of it was kept",
                    retry_after=RETRY_AFTER_SECONDS,
                ) from None
            raise
        return body

    def _empty(self) -> IO[bytes]:
        if self.directory is None:
            return io.BytesIO()
        # Its file is made unlinked and with mode 0600: a process that is killed leaves none behind.
        return tempfile.SpooledTemporaryFile(max_size=self.in_memory, dir=str(self.directory))

    async def _fill(self, body: IO[bytes], receive: Receive, *, length: int) -> None:
        pace, clock = self.pace, asyncio.get_running_loop().time
        started = window = clock()
        n_received = n_before = 0
        while n_received < length:
            now = clock()
            if n_received - n_before >= pace.least_bytes:
                window, n_before = now, n_received
            # A window that ends while something is awaited has had too little.
            left = min(window + pace.window_seconds, started + pace.seconds) - now
            try:
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError:
                raise ProblemError(
                    "upload_too_slow",
                    f"the body came too slowly: at least {pace.least_bytes:.0f} bytes in "
                    f"{pace.window_seconds:g} s, and all of it in {pace.seconds:g} s; nothing was charged",
                ) from None
            part = message.get("body", b"")
            n_received += len(part)
            is_last = message["type"] != "http.request" or not message.get("more_body", False)
            if n_received > length or (is_last and n_received < length):
                raise ProblemError("incomplete_body")
            # What goes to a file is written by another thread, for a disk may be slow.
            if self.directory is None or n_received <= self.in_memory:
                body.write(part)
            else:
                await asyncio.to_thread(_write_through, body, part)


def _write_through(body: IO[bytes], part: bytes) -> None:
    """Write through to the disk: a full one says so now, and not when the body is read."""
    body.write(part)
    body.flush()
