"""What the server calls: it receives a body first, and hands a complete request to a thread.

A client that sends slowly, or stops, holds a coroutine and no thread. A body that is not wanted is not
received: the request is handed on without it, to be refused in the application's words.

The server closes a connection when the last reference to `receive` is gone. So no frame here, nor in what
is called here, keeps an exception that passes through it, nor a future that is cancelled under it: that is
a cycle, which only the collector ends.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.handlers.wsgi import WSGIRequest

from config.front.doors import Door
from config.front.places import NoPlaceError, NoPlaceOfOneError, Places
from config.front.spool import RETRY_AFTER_SECONDS, Receive, Spool
from config.front.threads import Answer, Environ, Threads, UnreadBody, environ_of, with_body
from vault.api.bodies import MAX_LENGTH_DIGITS
from vault.api.limits import CONCURRENT, Limit
from vault.api.problems import ProblemError

Send = Callable[[dict[str, Any]], Awaitable[None]]

# A connection that is closed while its client still sends is reset, and takes the answer with it.
LINGER_SECONDS = 2.0


@dataclass(kw_only=True)
class Front:
    """An ASGI application around a WSGI application. Known callers and strangers have places apart."""

    threads: Threads
    door: Door
    spool: Spool
    places: Places
    places_of_strangers: Places

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        environ = environ_of(scope)
        length = length_of(environ)
        try:
            _check_content_type(environ)
            answer, is_received = await self._answer(environ, receive, length=length)
        except ProblemError as refusal:
            response, is_received = self.door.refusal(refusal), False
            answer = Answer(
                status=response.status_code,
                headers=list(response.items()),
                body=response.content,
            )
        if not is_received:
            answer.headers.append(("Connection", "close"))
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        if not (is_received or answer.status == 408 or "HTTP_EXPECT" in environ):
            await _linger(receive)

    async def _answer(
        self, environ: Environ, receive: Receive, *, length: int | None
    ) -> tuple[Answer, bool]:
        """Return the answer, and whether the body was received."""
        if length == 0:
            return await self.threads.answer(with_body(environ, io.BytesIO())), True
        caller = self.door.at_once(environ)
        if caller is None:
            caller = await self.threads.run(self.door.looked_up, environ)
        if length is None or length > caller.largest:
            if self.door.words_refusals:
                return await self.threads.answer(with_body(environ, UnreadBody())), False
            if length is None:
                raise ProblemError("length_required")
            detail = f"a body may have {caller.largest} bytes"
            raise ProblemError("content_too_large", detail, limit=caller.largest)
        places = self.places if caller.is_known else self.places_of_strangers
        try:
            async with places.taken(caller.name, n_bytes=length) as arrived:
                with await self.spool.receive(receive, length=length) as body:
                    arrived()
                    return await self.threads.answer(with_body(environ, body)), True
        except NoPlaceError as error:
            raise _no_place(error, places=places) from None


def length_of(environ: Environ) -> int | None:
    """Read the body's length, as announced; 0 if there is none, and None if nobody can tell."""
    text = environ.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if len(text) <= MAX_LENGTH_DIGITS else 10**MAX_LENGTH_DIGITS


def _check_content_type(environ: Environ) -> None:
    """Refuse what Django cannot read: it would fail before any of its handlers words an error."""
    if "CONTENT_TYPE" not in environ:
        return
    try:
        WSGIRequest(with_body(environ, io.BytesIO()))
    except ValueError:
        raise ProblemError("malformed_request", "the Content-Type cannot be read") from None


def _no_place(error: NoPlaceError, *, places: Places) -> ProblemError:
    if not isinstance(error, NoPlaceOfOneError):
        return ProblemError(
            "uploads_busy",
            "too many bodies are on their way in; nothing was charged",
            retry_after=RETRY_AFTER_SECONDS,
        )
    limit = Limit(
        name="uploads",
        quota=places.most_of_one,
        remaining=0,
        unit=CONCURRENT,
        more_in=RETRY_AFTER_SECONDS,
    )
    return ProblemError(
        "too_many_uploads",
        "too many of your uploads are on their way in; this is not the query budget, and nothing was "
        "charged",
        limit_of=limit,
    )


async def _linger(receive: Receive) -> None:
    """Throw away for a while what the client still sends, so that it gets to read the answer."""
    clock = asyncio.get_running_loop().time
    end = clock() + LINGER_SECONDS
    is_more = True
    with suppress(TimeoutError):
        while is_more:
            message = await asyncio.wait_for(receive(), end - clock())
            is_more = message["type"] == "http.request" and message.get("more_body", False)
