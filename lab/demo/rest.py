"""A desk over the REST API, with the manners of a good bot: keep-alive, patience, no double cost."""

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lab.demo.desk import DeskError, Predictions, Ticket
from lab.demo.wire import TROUBLES, Answer, Wire

FIRST_POLL_SECONDS = 0.015
LAST_POLL_SECONDS = 0.5
# The first poll comes when the time is over that answers usually take, as the service says, and the next
# after a quarter of it, then later and later: each poll takes time from the same processors as the scoring.
POLL_STEP, POLL_GROWTH = 0.25, 1.5
# Weight of the latest answer in what is usual.
LATEST = 0.5
MAX_SCORING_SECONDS = 300.0
MAX_RETRIES = 40
MAX_RETRY_SECONDS = 30.0
REQUEST_SECONDS = 30.0
IN_FLIGHT = 4

UNAVAILABLE = (502, 503, 504)
ACCEPTED, NOT_MODIFIED = 202, 304
PENDING = ("QUEUED", "SCORING")


class PredictionFile:
    """Writes the panel's CSV: ids of one width make it a table of bytes with one column to fill."""

    def __init__(self, *, ids: Sequence[str]) -> None:
        rows = [f"{item},0\n".encode("ascii") for item in ids]
        if len({len(row) for row in rows}) != 1:
            raise ValueError("ids must be of one width")
        self._table = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)

    def body(self, *, predictions: Predictions) -> bytes:
        table = self._table.copy()
        table[:, -2] += predictions
        return b"id,label\n" + table.tobytes()


def open_wire(*, url: str, token: str) -> Wire:
    return Wire(url=url, token=token, seconds=REQUEST_SECONDS)


class RestDesk:
    """
    One team's desk; use it from one thread.

    `stopping` ends every wait with an error; `heard` is called when a submission has been answered.
    """

    def __init__(
        self,
        *,
        wire: Wire,
        slug: str,
        ids: Sequence[str],
        in_flight: int = IN_FLIGHT,
        stopping: threading.Event | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._wire = wire
        self._slug = slug
        self._file = PredictionFile(ids=ids)
        self._in_flight = in_flight
        self._stopping = stopping or threading.Event()
        self._heard = heard
        # Of what has no answer yet: when it was handed in, and the ETag of its latest state.
        self._waiting: dict[Ticket, tuple[float, str | None]] = {}
        self._usual = FIRST_POLL_SECONDS

    def submit(self, *, predictions: Predictions) -> Ticket:
        response = self._request(
            "POST",
            f"/api/v1/benchmarks/{self._slug}/submissions/",
            body=self._file.body(predictions=predictions),
            headers={"Content-Type": "text/csv"},
        )
        ticket = str(response.json()["id"])
        # Of a file handed in before, the ETag may be the answer's, which is still to be read.
        etag = response.headers.get("etag") if response.status == ACCEPTED else None
        self._waiting[ticket] = (time.monotonic(), etag)
        return ticket

    def answer(self, *, ticket: Ticket) -> float | None:
        began, etag = self._waiting.pop(ticket, (time.monotonic(), None))
        pause = min(self._usual, LAST_POLL_SECONDS) - (time.monotonic() - began)
        step = max(POLL_STEP * self._usual, FIRST_POLL_SECONDS)
        while time.monotonic() - began < MAX_SCORING_SECONDS:
            self._wait(seconds=max(pause, 0.0))
            pause, step = min(step, LAST_POLL_SECONDS), POLL_GROWTH * step
            known = {} if etag is None else {"If-None-Match": etag}
            response = self._request("GET", f"/api/v1/submissions/{ticket}/", headers=known)
            if response.status == NOT_MODIFIED:
                continue
            etag, submission = response.headers.get("etag"), response.json()
            if submission["status"] == "SCORED":
                self._usual += LATEST * (_seconds_taken(submission) - self._usual)
                self._heard()
                # What stands on display, as the mechanisms in memory answer it.
                shown = submission["on_display"]
                return None if shown is None else float(shown)
            if submission["status"] not in PENDING:
                raise DeskError(f"submission {ticket} ended as {submission['status']}")
        raise DeskError(f"submission {ticket} was not scored in {MAX_SCORING_SECONDS:.0f} s")

    def submit_many(self, *, batch: Sequence[Predictions]) -> list[float | None]:
        answers: list[float | None] = []
        pending: deque[Ticket] = deque()
        for predictions in batch:
            if len(pending) == self._in_flight:
                answers.append(self.answer(ticket=pending.popleft()))
            pending.append(self.submit(predictions=predictions))
        return answers + [self.answer(ticket=ticket) for ticket in pending]

    def declare_final(self, *, ticket: Ticket) -> None:
        self._request("POST", f"/api/v1/submissions/{ticket}/final/")

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send, and repeat if need be: identical predictions are answered for free."""
        trouble = ""
        for attempt in range(MAX_RETRIES):
            pause: float | None
            try:
                answer = self._wire.ask(method, path, body=body, headers=headers or {})
            except TROUBLES as error:
                trouble = f"{type(error).__name__}: {error}"
                pause = min(0.05 * 2**attempt, 2.0)
            else:
                if 200 <= answer.status < 300 or answer.status == NOT_MODIFIED:
                    return answer
                trouble = f"{answer.status}: {answer.body[:500].decode(errors='replace')}"
                pause = _retry_seconds(answer=answer)
            if pause is None or pause > MAX_RETRY_SECONDS:
                break
            self._wait(seconds=pause)
        raise DeskError(f"{method} {path}: {trouble}")

    def _wait(self, *, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise DeskError("the season was stopped")


def _seconds_taken(submission: Mapping[str, Any]) -> float:
    """Return how long the service had it: however late its answer was asked for."""
    received, scored = (
        dt.datetime.fromisoformat(submission[name]) for name in ("submitted_at", "finished_at")
    )
    return (scored - received).total_seconds()


def _retry_seconds(*, answer: Answer) -> float | None:
    """Return when to come back; None if never: a 429 without a date means that the total is used up."""
    after = answer.headers.get("retry-after", "")
    if answer.status in UNAVAILABLE:
        return float(after) if after.isdecimal() else 1.0
    return float(after) if answer.status == 429 and after.isdecimal() else None
