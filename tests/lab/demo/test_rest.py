import json
import threading
from collections.abc import Callable, Mapping
from http.client import IncompleteRead, RemoteDisconnected
from types import SimpleNamespace

import httpx
import numpy as np
import pytest

from lab.demo import rest
from lab.demo.desk import DeskError
from lab.demo.rest import PredictionFile, RestDesk
from lab.demo.wire import Answer, Wire

IDS = ["d1", "d2", "d3"]
FILE = np.array([1, 0, 1], dtype=np.uint8)
POSTED = httpx.Response(202, json={"id": "s1", "status": "QUEUED"})

Handler = Callable[[httpx.Request], httpx.Response]


class HandledWire(Wire):
    """Asks a function instead of a service."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(url="http://vault", token="hv_x", seconds=1.0)
        self._handler = handler

    def ask(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        sent = httpx.Request(method, f"http://vault{path}", content=body, headers=headers)
        given = self._handler(sent)
        fields = {name.lower(): value for name, value in given.headers.items()}
        return Answer(status=given.status_code, headers=fields, body=given.content)


def open_desk(handler: Handler, **options: object) -> RestDesk:
    return RestDesk(wire=HandledWire(handler), slug="weather", ids=IDS, **options)  # type: ignore[arg-type]


def replies(*responses: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    queue, seen = list(responses), []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        reply = queue.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return handle, seen


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "FIRST_POLL_SECONDS", 0.001)
    monkeypatch.setattr(rest, "LAST_POLL_SECONDS", 0.002)


def status(name: str, released: float | None = None, *, seconds: int = 0) -> httpx.Response:
    times = {
        "submitted_at": "2026-03-01T12:00:00Z",
        "finished_at": f"2026-03-01T12:00:{seconds:02d}Z" if name == "SCORED" else None,
    }
    return httpx.Response(200, json={"id": "s1", "status": name, "on_display": released, **times})


def test_prediction_file_writes_one_row_per_item() -> None:
    file = PredictionFile(ids=IDS)

    assert file.body(predictions=FILE) == b"id,label\nd1,1\nd2,0\nd3,1\n"
    assert file.body(predictions=1 - FILE) == b"id,label\nd1,0\nd2,1\nd3,0\n"


def test_prediction_file_refuses_ids_of_different_width() -> None:
    with pytest.raises(ValueError, match="one width"):
        PredictionFile(ids=["d9", "d10"])


def test_submit_posts_the_file_and_answer_waits_for_the_score() -> None:
    handler, seen = replies(POSTED, status("QUEUED"), status("SCORING"), status("SCORED", 0.75))
    desk = open_desk(handler)

    ticket = desk.submit(predictions=FILE)

    assert desk.answer(ticket=ticket) == 0.75
    assert seen[0].url.path == "/api/v1/benchmarks/weather/submissions/"
    assert seen[0].headers["Content-Type"] == "text/csv"
    assert seen[0].content == b"id,label\nd1,1\nd2,0\nd3,1\n"
    assert {request.url.path for request in seen[1:]} == {"/api/v1/submissions/s1/"}


def test_polls_name_the_state_that_they_know() -> None:
    queued = httpx.Response(202, json={"id": "s1"}, headers={"ETag": '"queued"'})
    handler, seen = replies(queued, httpx.Response(304), status("SCORED", 0.5))
    desk = open_desk(handler)

    assert desk.answer(ticket=desk.submit(predictions=FILE)) == 0.5
    assert [each.headers.get("If-None-Match") for each in seen[1:]] == ['"queued"'] * 2


def test_a_file_handed_in_before_is_read_whatever_its_state() -> None:
    scored = httpx.Response(200, json={"id": "s1"}, headers={"ETag": '"scored"'})
    handler, seen = replies(scored, status("SCORED", 0.5))
    desk = open_desk(handler)

    assert desk.answer(ticket=desk.submit(predictions=FILE)) == 0.5
    assert "If-None-Match" not in seen[1].headers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes in pauses alone, each of which is noted."""
    clock = SimpleNamespace(now=0.0, pauses=[])

    def pause(desk: RestDesk, *, seconds: float) -> None:
        clock.pauses.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(RestDesk, "_wait", pause)
    monkeypatch.setattr("lab.demo.rest.time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(rest, "LAST_POLL_SECONDS", 8.0)
    return clock


def test_the_first_poll_comes_when_an_answer_is_usually_there(clock: SimpleNamespace) -> None:
    """The usual time is the service's own: a poll that came late must not make the next one later."""
    queued = [httpx.Response(202, json={"id": "s1"}) for _ in range(9)]
    handler, _ = replies(
        *(each for sent in queued for each in (sent, status("SCORED", 0.5, seconds=4)))
    )
    desk = open_desk(handler)

    for _ in range(8):
        desk.answer(ticket=desk.submit(predictions=FILE))
        clock.now += 20.0
    desk.answer(ticket=desk.submit(predictions=FILE))

    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == pytest.approx(4.0, abs=0.05)


def test_polls_that_came_too_early_are_repeated_later_and_later(clock: SimpleNamespace) -> None:
    early = [httpx.Response(304)] * 3
    handler, _ = replies(*early, status("SCORED", 0.5))
    desk = open_desk(handler)
    desk._usual = 4.0

    desk.answer(ticket="s1")

    assert clock.pauses == [4.0, 1.0, 1.5, 2.25]


def test_what_has_passed_since_a_file_was_sent_is_not_waited_for_again(
    clock: SimpleNamespace,
) -> None:
    handler, _ = replies(POSTED, status("SCORED", 0.5))
    desk = open_desk(handler)
    desk._usual = 4.0

    ticket = desk.submit(predictions=FILE)
    clock.now += 3.0
    desk.answer(ticket=ticket)

    assert clock.pauses == [1.0]


@pytest.mark.parametrize("usual", [0.0, 30.0])
def test_further_polls_have_pauses_that_are_neither_none_nor_too_long(
    clock: SimpleNamespace, usual: float
) -> None:
    handler, _ = replies(*[httpx.Response(304)] * 30, status("SCORED", 0.5))
    desk = open_desk(handler)
    desk._usual = usual

    desk.answer(ticket="s1")

    assert min(clock.pauses[1:]) >= rest.FIRST_POLL_SECONDS
    assert max(clock.pauses[1:]) == rest.LAST_POLL_SECONDS


def test_one_slow_answer_does_not_make_the_next_ones_wait(clock: SimpleNamespace) -> None:
    """What is usual falls by half with every answer that is quick, and no pause is long."""
    queued = [httpx.Response(202, json={"id": "s1"}) for _ in range(9)]
    answers = [status("SCORED", 0.5, seconds=30 if number == 0 else 0) for number in range(9)]
    handler, _ = replies(*(each for pair in zip(queued, answers, strict=True) for each in pair))
    desk = open_desk(handler)

    for _ in range(9):
        desk.answer(ticket=desk.submit(predictions=FILE))

    assert max(clock.pauses) == 8.0
    assert desk._usual < 0.1


def test_answer_is_none_where_nothing_is_released() -> None:
    handler, _ = replies(status("SCORED", None))

    assert open_desk(handler).answer(ticket="s1") is None


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED", "WITHDRAWN"])
def test_answer_raises_when_no_score_will_come(ended: str) -> None:
    handler, _ = replies(status(ended))

    with pytest.raises(DeskError, match=ended):
        open_desk(handler).answer(ticket="s1")


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(502, headers={"Retry-After": "0"}, text="bad gateway"),
        ConnectionRefusedError("refused"),
        RemoteDisconnected("closed"),
        IncompleteRead(b"half"),
        TimeoutError("slow"),
    ],
)
def test_submit_posts_the_same_body_again_after_trouble(
    trouble: httpx.Response | Exception,
) -> None:
    again = httpx.Response(200, json={"id": "s1", "status": "SCORED"})
    handler, seen = replies(trouble, again)

    assert open_desk(handler).submit(predictions=FILE) == "s1"
    assert len(seen) == 2
    assert seen[0].content == seen[1].content


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(429, json={"code": "budget_total_exhausted"}),
        httpx.Response(429, headers={"Retry-After": "86400"}),
        httpx.Response(403, json={"code": "round_closed"}),
        httpx.Response(422, json={"code": "invalid_file"}),
    ],
)
def test_submit_gives_up_when_waiting_cannot_help(refusal: httpx.Response) -> None:
    handler, seen = replies(refusal)

    with pytest.raises(DeskError, match=str(refusal.status_code)):
        open_desk(handler).submit(predictions=FILE)
    assert len(seen) == 1


def test_connection_errors_are_retried_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest, "MAX_RETRIES", 3)
    handler, seen = replies(*[ConnectionRefusedError("refused")] * 9)

    with pytest.raises(DeskError, match="ConnectionRefusedError"):
        open_desk(handler).submit(predictions=FILE)
    assert len(seen) == 3


def test_submit_many_keeps_order_and_never_exceeds_the_flight() -> None:
    flying: set[str] = set()
    most = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal most
        if request.method == "POST":
            ticket = "s" + "".join(row[-1] for row in request.content.decode().split()[1:])
            flying.add(ticket)
            most = max(most, len(flying))
            return httpx.Response(202, json={"id": ticket, "status": "QUEUED"})
        ticket = request.url.path.split("/")[-2]
        flying.discard(ticket)
        return status("SCORED", int(ticket[1:], 2) / 8)

    batch = [np.array([a, b, c], dtype=np.uint8) for a in (0, 1) for b in (0, 1) for c in (0, 1)]

    answers = open_desk(handle, in_flight=3).submit_many(batch=batch)

    assert answers == [number / 8 for number in range(8)]
    assert most == 3


def test_declare_final_names_the_submission() -> None:
    handler, seen = replies(httpx.Response(200, content=json.dumps({})))

    open_desk(handler).declare_final(ticket="s7")

    assert (seen[0].method, seen[0].url.path) == ("POST", "/api/v1/submissions/s7/final/")


def test_stopping_ends_the_wait_for_a_score() -> None:
    stopping = threading.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        stopping.set()
        return status("QUEUED")

    with pytest.raises(DeskError, match="stopped"):
        open_desk(handle, stopping=stopping).answer(ticket="s1")
