"""What a server tells an ASGI application of a body, piece by piece."""

import asyncio
from collections.abc import Iterable
from typing import Any

from config.front.spool import Receive

# In place of a piece: nothing more comes, or the connection is gone.
STALL, GONE = "stall", "gone"


def receiving(pieces: Iterable[bytes | str], *, every: float = 0.0) -> Receive:
    """Pieces, one each `every` seconds; the last of them ends the body."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(every)
        piece = left.pop(0) if left else GONE
        if piece == STALL:
            await asyncio.sleep(3600)
        if not isinstance(piece, bytes):
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return receive
