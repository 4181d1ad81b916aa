"""Asking for a submission's state, over and over: one indexed query, usually a 304, and waiting on request.

A bot may ask the service to hold its answer back until there is a score (`Prefer: wait=N`, RFC 7240). A
waiting request holds a thread, so only a few wait in each process; the others get the present state at
once, and a `Retry-After` that tells when to come again.
"""

import datetime as dt
import hashlib
import inspect
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import astuple, dataclass

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from vault.api import shown
from vault.models import Submission
from vault.statuses import PENDING

LONGEST_WAIT = 30
LOOK_SECONDS = 0.1
# The ETag names a state; this names how it is shown, so that new code means new ETags.
_FORM = hashlib.sha256(inspect.getsource(shown.submission).encode()).digest()


@dataclass(frozen=True, kw_only=True)
class State:
    """All of a submission that can change after it was received."""

    status: str
    finished_at: dt.datetime | None
    error_code: str
    released: float | None
    outcome: str | None
    is_final: bool

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING


@dataclass(frozen=True, kw_only=True)
class Polled:
    submission_id: uuid.UUID
    submitted_at: dt.datetime
    state: State

    def etag(self) -> str:
        state = repr(astuple(self.state)).encode()
        digest = hashlib.sha256(b"\0".join([_FORM, self.submission_id.bytes, state]))
        return f'"{digest.hexdigest()[:32]}"'


def polled(*, submission_id: uuid.UUID, team_id: int) -> Polled | None:
    """A team's own submission by one query; None if it has no such submission."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT submission.submitted_at, submission.status, submission.finished_at,
                   submission.error_code, answer.value, answer.outcome,
                   EXISTS (SELECT FROM vault_final WHERE submission_id = submission.id)
            FROM vault_submission submission
            LEFT JOIN vault_release answer ON answer.submission_id = submission.id
            WHERE submission.id = %s AND submission.team_id = %s
            """,
            [submission_id, team_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    submitted_at, status, finished_at, error_code, value, outcome, is_final = row
    return Polled(
        submission_id=submission_id,
        submitted_at=submitted_at,
        state=State(
            status=status,
            finished_at=finished_at,
            error_code=error_code,
            released=value,
            outcome=outcome,
            is_final=is_final,
        ),
    )


def of_row(given: Submission) -> Polled:
    """The same of a row that `finding.own_submissions` found."""
    release = getattr(given, "release", None)
    return Polled(
        submission_id=given.pk,
        submitted_at=given.submitted_at,
        state=State(
            status=given.status,
            finished_at=given.finished_at,
            error_code=given.error_code,
            released=None if release is None else release.value,
            outcome=None if release is None else release.outcome,
            is_final=bool(getattr(given, "is_final", False)),
        ),
    )


def preferred_wait(request: HttpRequest) -> int:
    """The seconds of `Prefer: wait=N`, at most LONGEST_WAIT; 0 if there are none. RFC 7240: else ignored."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            text = value.strip().strip('"')
            is_number = text.isdecimal() and text.isascii() and len(text) < 9
            return min(LONGEST_WAIT, int(text)) if is_number else 0
    return 0


class Waiters:
    """The requests of this process that wait for a score."""

    def __init__(self, *, most: int) -> None:
        self._places = threading.BoundedSemaphore(most) if most else None

    def wait(
        self, first: Polled, look: Callable[[], Polled | None], *, seconds: float
    ) -> Polled | None:
        """The submission once it is finished or the time is up; None, at once, if too many wait."""
        if self._places is None or not self._places.acquire(blocking=False):
            return None
        try:
            end = time.monotonic() + seconds
            latest: Polled | None = first
            while latest is not None and latest.state.is_pending and time.monotonic() < end:
                time.sleep(max(0.0, min(LOOK_SECONDS, end - time.monotonic())))
                latest = look()
            return latest
        finally:
            self._places.release()


WAITERS = Waiters(most=settings.WAITERS)
