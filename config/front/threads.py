"""The threads of a web process: each runs the WSGI application on requests that have arrived whole."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any, NoReturn, TypeVar
from urllib.parse import unquote_to_bytes

T = TypeVar("T")
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class UnreadBody:
    """The body of a request that is refused without it; whoever reads it after all is told that it is cut."""

    def read(self, size: int = -1) -> NoReturn:
        raise OSError("this body was not received")

    readline = read


class Threads:
    """So many threads, and one apart for the probes: load must not look like death."""

    def __init__(self, *, application: Application, n: int, probes: tuple[str, ...] = ()) -> None:
        self._application = application
        self._probes = probes
        self._workers = ThreadPoolExecutor(n, thread_name_prefix="web")
        self._prober = ThreadPoolExecutor(1, thread_name_prefix="probe")

    async def answer(self, environ: Environ) -> Answer:
        """Return what the application answers to a request whose body has arrived."""
        pool = self._prober if environ["PATH_INFO"] in self._probes else self._workers
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, _answer, self._application, environ)

    async def run(self, act: Callable[[Environ], T], environ: Environ) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, act, environ)


def _answer(application: Application, environ: Environ) -> Answer:
    """Collect all of it, so that a client that reads slowly holds no thread."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        begun.append((status, headers))

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        # Django ends the request here, in the thread that holds its database session.
        if hasattr(parts, "close"):
            parts.close()
    status, headers = begun[-1]
    return Answer(status=int(status.partition(" ")[0]), headers=headers, body=body)


def environ_of(scope: dict[str, Any]) -> Environ:
    """Write the request as WSGI has it, without its body.

    A name with an underscore would look like another header here (`X_Forwarded_For`), so it is left out.
    """
    server, client = scope.get("server") or ("", ""), scope.get("client") or ("", "")
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        between = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{between}{value}" if key in environ else value
    return environ


def with_body(environ: Environ, body: IO[bytes] | UnreadBody) -> Environ:
    return {**environ, "wsgi.input": body}
