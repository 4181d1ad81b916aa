"""How many bodies may be on their way in at once, and how many bytes of them may be held: of one, of all.

A place is held while a body arrives; its bytes until the request is answered. Whoever finds no place waits
for a moment, so that a burst of small bodies is no reason to refuse any. One event loop uses it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class NoPlaceError(Exception):
    """All places are taken."""


class NoPlaceOfOneError(NoPlaceError):
    """All places of this caller are taken; others have theirs."""


@dataclass(kw_only=True)
class Places:
    """The places of one process. `patience` is how long a body may wait for one, in seconds."""

    most: int
    most_of_one: int
    most_bytes: int
    most_bytes_of_one: int
    patience: float
    most_waiting: int
    # Of each caller: bodies that arrive, and bytes that are held. They hold those alone that have some.
    _arriving: Counter[str] = field(default_factory=Counter)
    _held: Counter[str] = field(default_factory=Counter)
    _waiting: dict[asyncio.Future[None], str] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, caller: str, *, n_bytes: int) -> AsyncIterator[Callable[[], None]]:
        """Take a place for a body of so many bytes; call what it gives when the body has arrived."""
        await self._wait(caller, n_bytes)
        _add(self._arriving, caller, 1)
        _add(self._held, caller, n_bytes)
        is_arriving = True

        def arrived() -> None:
            nonlocal is_arriving
            if is_arriving:
                is_arriving = False
                _add(self._arriving, caller, -1)
                self._wake()

        try:
            yield arrived
        finally:
            arrived()
            _add(self._held, caller, -n_bytes)
            self._wake()

    async def _wait(self, caller: str, n_bytes: int) -> None:
        """Return at once if there is a place; raise `NoPlaceError` if there is none in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        while (lack := self._lack(caller, n_bytes)) is not None:
            of_one = sum(each == caller for each in self._waiting.values())
            if len(self._waiting) >= self.most_waiting or of_one >= 4 * self.most_of_one:
                raise lack
            turn = loop.create_future()
            self._waiting[turn] = caller
            try:
                await asyncio.wait([turn], timeout=end - loop.time())
            finally:
                del self._waiting[turn]
            if not turn.done():
                raise lack

    def _lack(self, caller: str, n_bytes: int) -> type[NoPlaceError] | None:
        """Say what is missing for one more. Whoever holds nothing may send a body of any size."""
        held = self._held[caller]
        if self._arriving[caller] >= self.most_of_one or (
            held and held + n_bytes > self.most_bytes_of_one
        ):
            return NoPlaceOfOneError
        total = self._held.total()
        if self._arriving.total() >= self.most or (total and total + n_bytes > self.most_bytes):
            return NoPlaceError
        return None

    def _wake(self) -> None:
        """Let those who wait look again, the first first."""
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)


def _add(counts: Counter[str], caller: str, n: int) -> None:
    counts[caller] += n
    if not counts[caller]:
        del counts[caller]
