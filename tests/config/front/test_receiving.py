"""What reaches the application, and what is answered in front of it."""

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse

from config.front.doors import STRANGER, Caller
from config.front.places import Places
from config.front.receiving import Front
from config.front.spool import Pace, Spool
from config.front.threads import Environ, Threads
from tests.config.front.messages import GONE, STALL, receiving
from vault.api import problem_codes, problems
from vault.api.problems import ProblemError

LARGEST = 5000


class Listed:
    """A door at which callers are known by name; `slow` ones need a look."""

    words_refusals = True
    spools_to_disk = True

    def at_once(self, environ: Environ) -> Caller | None:
        return None if environ.get("HTTP_CALLER") == "slow" else self.looked_up(environ)

    def looked_up(self, environ: Environ) -> Caller:
        name = environ.get("HTTP_CALLER")
        return Caller(name=name, largest=LARGEST, is_known=True) if name else STRANGER

    def refusal(self, error: ProblemError) -> HttpResponse:
        return problems.of_transport(error)


class Wordless(Listed):
    words_refusals = False


class Application:
    """Tells what it was asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Environ] = []
        self.n_closed = 0
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ)
        self.threads.add(threading.current_thread().name)
        if environ["PATH_INFO"] == "/wait":
            assert self.gate.wait(60)
        try:
            read = environ["wsgi.input"].read()
        except OSError:
            start("401 Unauthorized", [("Content-Length", "0")])
            return []
        start("200 OK", [("Content-Type", "text/plain")])
        return Parts(self, [b"got ", read])


class Parts:
    def __init__(self, application: Application, parts: list[bytes]) -> None:
        self._application, self._parts = application, parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        self._application.n_closed += 1


class Sent:
    """What the server was given to send."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def __call__(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode().lower(): v.decode() for k, v in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        (message,) = self.messages[1:]
        return bytes(message["body"])

    def code(self) -> str:
        shown = json.loads(self.body)
        example = problem_codes.example(shown["code"])
        assert set(shown) == set(example)
        assert (shown["status"], self.headers["connection"]) == (self.status, "close")
        assert example["status"] == self.status
        return str(shown["code"])


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def made(application: Application, tmp_path: Path) -> Front:
    def places() -> Places:
        return Places(
            most=3,
            most_of_one=2,
            most_bytes=2 * LARGEST,
            most_bytes_of_one=2 * LARGEST,
            patience=0.02,
            most_waiting=8,
        )

    pace = Pace(seconds=3600, window_seconds=0.2, bytes_per_second=1)
    return Front(
        threads=Threads(application=application, n=2, probes=("/healthz",)),
        door=Listed(),
        spool=Spool(directory=tmp_path, in_memory=1000, pace=pace),
        places=places(),
        places_of_strangers=places(),
    )


def scope(path: str = "/", *, method: str = "POST", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "http_version": "1.1",
        "scheme": "http",
        "raw_path": path.encode(),
        "path": path,
        "query_string": b"a=%20b",
        "server": ("127.0.0.1", "8000"),
        "client": ("127.0.0.9", "4711"),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in headers.items()
        ],
    }


def asked(
    made: Front, given: dict[str, Any], pieces: Iterable[bytes | str] = (), every: float = 0.0
) -> Sent:
    sent = Sent()
    asyncio.run(made(given, receiving(pieces, every=every), sent))
    return sent


def test_body_is_whole_before_the_application_is_called(
    made: Front, application: Application
) -> None:
    sent = asked(made, scope(caller="a", content_length="6"), [b"abc", b"def"])

    assert (sent.status, sent.body, application.n_closed) == (200, b"got abcdef", 1)
    assert "connection" not in sent.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST"])
@pytest.mark.parametrize("headers", [{}, {"content_length": "0"}])
def test_without_a_body_nothing_is_awaited(
    made: Front, application: Application, method: str, headers: dict[str, str]
) -> None:
    sent = asked(made, scope(method=method, **headers), [STALL])

    assert (sent.status, sent.body) == (200, b"got ")
    # The application tells a body of no length from one without a length.
    assert application.asked[0].get("CONTENT_LENGTH") == headers.get("content_length")


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ({"content_length": "6"}, [b"abcdef"]),
        ({"caller": "a", "content_length": str(LARGEST + 1)}, [b"x" * 100]),
        ({"caller": "a", "content_length": "9" * 5000}, [b"x" * 100]),
        ({"caller": "a", "content_length": "1e3"}, [b"x" * 100]),
        ({"caller": "a", "content_length": "\xb2"}, [b"x" * 100]),
        ({"caller": "a", "transfer_encoding": "chunked"}, [b"x" * 100]),
        ({"caller": "a", "transfer_encoding": "chunked", "content_length": "100"}, [b"x" * 100]),
    ],
)
def test_body_that_is_not_wanted_is_refused_without_it(
    made: Front, application: Application, headers: dict[str, str], pieces: list[bytes | str]
) -> None:
    sent = asked(made, scope(**headers), pieces)

    assert (sent.status, sent.headers["connection"]) == (401, "close")
    assert len(application.asked) == 1
    wordless = Front(**{**vars(made), "door": Wordless()})
    sent = asked(wordless, scope(**headers), pieces)
    assert sent.code() in ("length_required", "content_too_large")
    assert len(application.asked) == 1


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([b"ab", STALL], 408, "upload_too_slow"),
        ([STALL], 408, "upload_too_slow"),
        ([b"ab", GONE], 400, "incomplete_body"),
    ],
)
def test_body_that_does_not_arrive_never_reaches_the_application(
    made: Front, application: Application, pieces: list[bytes | str], status: int, code: str
) -> None:
    sent = asked(made, scope(caller="slow", content_length="6"), pieces)

    assert (sent.status, sent.code()) == (status, code)
    assert application.asked == []
    assert not made.places._arriving
    assert not made.places._held


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ({"caller": "a", "content_length": "6"}, [b"abcdef"]),
        ({"caller": "a", "content_length": "6"}, [b"ab", STALL]),
        ({"caller": "slow", "content_length": "6"}, [b"ab", GONE]),
        ({"caller": "full", "content_length": "6"}, [b"ab", STALL]),
        ({"caller": "a", "content_length": "6000"}, [b"ab", STALL]),
    ],
)
@pytest.mark.parametrize("door", [Listed(), Wordless()])
def test_nothing_holds_the_connection_after_the_answer(
    made: Front,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    pieces: list[bytes | str],
    door: Listed,
) -> None:
    """The server closes it when the last reference to it is gone, and the collector may be late."""
    monkeypatch.setattr("config.front.receiving.LINGER_SECONDS", 0.05)
    made.door = door
    made.places._arriving["full"] = 2

    async def act() -> list[object]:
        receive = receiving(pieces)
        held = weakref.ref(receive)
        await made(scope(**headers), receive, Sent())
        del receive
        return [held()]

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(act()) == [None]
    finally:
        gc.enable()


def test_full_disk_is_answered_with_503(
    made: Front, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("config.front.spool._write_through", full)

    sent = asked(made, scope(caller="a", content_length="4000"), [b"x" * 4000])

    assert (sent.code(), sent.headers["retry-after"]) == ("storage_full", "5")
    assert application.asked == []


def test_stalled_uploads_keep_neither_probes_nor_other_callers(made: Front) -> None:
    """A caller has two places; the third of its uploads is turned away."""
    made.places.most = 4

    async def act() -> list[Sent]:
        answers = [Sent() for _ in range(6)]
        stalled = [
            asyncio.ensure_future(
                made(scope(caller=name, content_length="6"), receiving([b"a", STALL]), answer)
            )
            for name, answer in zip("aaab", answers, strict=False)
        ]
        await asyncio.sleep(0)
        await made(scope("/healthz", method="GET"), receiving([]), answers[4])
        await made(scope(caller="c", content_length="2"), receiving([b"ok"]), answers[5])
        await asyncio.gather(*stalled)
        return answers

    answers = asyncio.run(act())

    assert [each.status for each in answers] == [408, 408, 429, 408, 200, 200]
    assert answers[2].code() == "too_many_uploads"
    assert answers[2].headers["ratelimit-policy"] == '"uploads";q=2;qu="concurrent-requests"'
    assert answers[2].headers["ratelimit"] == '"uploads";r=0;t=5'
    assert answers[2].headers["retry-after"] == "5"


def test_more_uploads_than_the_process_has_places_for_are_told_to_come_again(made: Front) -> None:
    made.places.most = 0

    sent = asked(made, scope(caller="a", content_length="2"), [b"ok"])

    assert (sent.status, sent.code(), sent.headers["retry-after"]) == (503, "uploads_busy", "5")


def test_probe_is_answered_while_all_threads_are_held(
    made: Front, application: Application
) -> None:
    application.gate.clear()

    async def act() -> int:
        held = [
            asyncio.ensure_future(made(scope("/wait", method="GET"), receiving([]), Sent()))
            for _ in range(5)
        ]
        probe = Sent()
        await made(scope("/healthz", method="GET"), receiving([]), probe)
        application.gate.set()
        await asyncio.gather(*held)
        return probe.status

    assert asyncio.run(act()) == 200


def test_what_the_client_still_sends_is_thrown_away_for_a_while(
    made: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection closed in its face would take the answer with it."""
    monkeypatch.setattr("config.front.receiving.LINGER_SECONDS", 0.05)
    n_asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal n_asked
        n_asked += 1
        await asyncio.sleep(0)
        if n_asked == 5:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    sent = Sent()
    asyncio.run(made(scope(content_length="1000000"), receive, sent))
    assert (sent.status, n_asked) == (401, 5)
    # Who waits for a word before sending sends nothing after this one.
    asyncio.run(made(scope(content_length="1000000", expect="100-continue"), receive, Sent()))
    assert n_asked == 5


def test_request_is_as_wsgi_has_it(made: Front, application: Application) -> None:
    given = scope("/a%20b/%c3%a9%zz", method="GET", host="x", cookie="a=1")
    given["headers"] += [
        (b"x-forwarded-for", b"1.2.3.4"),
        (b"x-forwarded-for", b"5.6.7.8"),
        (b"cookie", b"b=2"),
        (b"x_forwarded_proto", b"https"),
        (b"content-type", b"text/csv"),
    ]
    asked(made, given)

    (environ,) = application.asked
    assert environ["PATH_INFO"] == "/a b/\xc3\xa9%zz"
    assert environ["QUERY_STRING"] == "a=%20b"
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("127.0.0.9", "8000")
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.2.3.4,5.6.7.8"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "text/csv"
    assert "HTTP_X_FORWARDED_PROTO" not in environ


@pytest.mark.parametrize(("length", "charset"), [("0", "nope''x"), ("2", "utf-8''%00")])
def test_content_type_that_nobody_can_read_is_a_malformed_request(
    made: Front, application: Application, length: str, charset: str
) -> None:
    wanted = scope(caller="a", content_type=f"a/b; charset*={charset}", content_length=length)
    sent = asked(made, wanted, [b"ok"])

    assert (sent.status, json.loads(sent.body)["code"]) == (400, "malformed_request")
    assert application.asked == []


def test_fault_of_the_application_is_not_taken_for_one_of_the_body(made: Front) -> None:
    def failing(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        raise OSError(28, "No space left on device")

    broken = Front(**{**vars(made), "threads": Threads(application=failing, n=1)})
    with pytest.raises(OSError, match="No space"):
        asked(broken, scope(caller="a", content_length="2"), [b"ok"])
    assert not broken.places._held
