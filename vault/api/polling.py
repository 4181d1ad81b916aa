"""Asking for a submission's state, over and over: one indexed query, usually a 304, and waiting on request.

A bot may ask the service to hold its answer back until there is a score (`Prefer: wait=N`, RFC 7240). A
waiting request holds a thread, so only a few wait in each process, and of them no more than half are of
one team; the others get the present state at once, and a `Retry-After` that tells when to come again.
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone

from vault.api import authentication, throttles
from vault.api.pace import PACE
from vault.api.submission_state import Polled, polled
from vault.teams import tokens

MAX_WAIT = 30
LOOK_SECONDS = 0.1


def preferred_wait(request: HttpRequest) -> int:
    """Read the seconds of `Prefer: wait=N`, at most MAX_WAIT; 0 without, or if it is none (RFC 7240)."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            text = value.strip().strip('"')
            is_number = text.isdecimal() and text.isascii() and len(text) < 9
            return min(MAX_WAIT, int(text)) if is_number else 0
    return 0


def unchanged(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase | None:
    """Answer the most usual poll with its 304, without the machinery that other requests need.

    None for whatever is not usual: the view answers that, and any error. Usual is a GET with a token
    that this process has just looked up, which may read, and with the ETag that the submission has.
    Who would wait where nobody can wait is answered alike.
    """
    sent = request.META  # `request.headers` would read all of them anew for each request
    etag = sent.get("HTTP_IF_NONE_MATCH")
    if request.method != "GET" or etag is None or "HTTP_IF_MATCH" in sent:
        return None
    token = authentication.RECENT.known(sent.get("HTTP_AUTHORIZATION", ""))
    if token is None or tokens.READ not in token.scopes:
        return None
    if "HTTP_PREFER" in sent and WAITERS.has_room(team_id=token.team_id):
        return None
    if not throttles.admits(token):
        return None
    try:
        latest = polled(submission_id=submission_id, team_id=token.team_id)
    except OperationalError:
        return None
    if latest is None or latest.etag() != etag:
        return None
    response = HttpResponseNotModified()
    set_fields(response, latest, etag=etag)
    return response


def set_fields(response: HttpResponseBase, latest: Polled, *, etag: str) -> None:
    """Set the fields of an answer to a poll."""
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Authorization, Prefer"
    pace(response, latest)


def pace(response: HttpResponseBase, latest: Polled) -> None:
    """Say when to come again, while there is something to come for."""
    if latest.is_pending:
        wait = PACE.retry_after(submitted_at=latest.submitted_at, now=timezone.now())
        response["Retry-After"] = str(wait)


class Waiters:
    """The requests of this process that wait for a score; a team has at most half of their places."""

    def __init__(self, *, most: int) -> None:
        self._lock = threading.Lock()
        self._free = most
        self._most_of_one = max(1, most // 2)
        # By team; it holds those alone that wait.
        self._waiting: Counter[int] = Counter()

    def has_room(self, *, team_id: int) -> bool:
        """Tell whether one more of the team could wait; another may be quicker."""
        return self._free > 0 and self._waiting[team_id] < self._most_of_one

    def wait(
        self, first: Polled, look: Callable[[], Polled | None], *, seconds: float, team_id: int
    ) -> Polled | None:
        """Wait until the submission is finished or the time is up; None, at once, if too many wait."""
        with self._lock:
            if not self.has_room(team_id=team_id):
                return None
            self._free -= 1
            self._waiting[team_id] += 1
        try:
            end = time.monotonic() + seconds
            latest: Polled | None = first
            while latest is not None and latest.is_pending and time.monotonic() < end:
                time.sleep(max(0.0, min(LOOK_SECONDS, end - time.monotonic())))
                latest = look()
            return latest
        finally:
            with self._lock:
                self._free += 1
                self._waiting[team_id] -= 1
                if not self._waiting[team_id]:
                    del self._waiting[team_id]


WAITERS = Waiters(most=settings.WAITERS)
