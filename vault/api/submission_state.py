"""What of a submission can change, asked for by one prepared statement.

It is asked for more often than everything else together, so it goes to libpq directly: psycopg's cursors
and Django's would take ten times as long as PostgreSQL does.
"""

import datetime as dt
import hashlib
import inspect
import uuid
from typing import NamedTuple
from weakref import WeakSet

import psycopg
from django.db import OperationalError, connection
from psycopg.pq import ExecStatus

from vault.api import provenance, representations
from vault.models import Submission
from vault.references import scores as reference_scores
from vault.statuses import NEVER_OPENED, PENDING

_NAME = b"submission_state"
_LOOK = b"""
    SELECT submission.submitted_at, submission.status, submission.finished_at,
           submission.error_code, answer.value, answer.outcome,
           EXISTS (SELECT FROM vault_final WHERE submission_id = submission.id),
           EXISTS (SELECT FROM vault_team team, vault_round round
                   WHERE team.id = submission.team_id AND team.is_reference
                       AND round.id = submission.round_id AND round.status IN @NEVER_OPENED),
           current.transcript
    FROM vault_submission submission
    JOIN vault_round current ON current.id = submission.round_id
    LEFT JOIN vault_release answer ON answer.submission_id = submission.id
        AND answer.transcript = current.transcript
    WHERE submission.id = $1 AND submission.team_id = $2
""".replace(b"@NEVER_OPENED", str(tuple(map(str, NEVER_OPENED))).encode())
# The ETag names a state; this names how it is shown, so that new code means new ETags.
_FORM = hashlib.sha256(
    "".join(
        map(inspect.getsource, (provenance, representations.shape, representations.submissions))
    ).encode()
).digest()
# The sessions that know the statement.
_prepared: "WeakSet[psycopg.Connection]" = WeakSet()


class Polled(NamedTuple):
    """A submission and all that can change of it after it was received."""

    submission_id: uuid.UUID
    submitted_at: dt.datetime
    status: str
    finished_at: dt.datetime | None
    error_code: str
    # None where it leaves rounded: whoever knows an ETag could try exact scores until one fits it.
    on_display: float | None
    outcome: str | None
    is_final: bool
    is_coarse: bool = False
    # Of the round: with another one the earlier answers are shown, too.
    transcript: int = 1

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    def etag(self) -> str:
        return f'"{hashlib.sha256(_FORM + repr(self).encode()).hexdigest()[:32]}"'


def of_row(submission: Submission) -> Polled:
    """Take the state of a row that `selectors.submissions_of` found, or that was just made."""
    release = submission.release
    is_coarse = reference_scores.is_coarse(round=submission.round, team=submission.team)
    return Polled(
        submission_id=submission.pk,
        submitted_at=submission.submitted_at,
        status=str(submission.status),
        finished_at=submission.finished_at,
        error_code=submission.error_code,
        on_display=None if release is None or is_coarse else release.value,
        outcome=None if release is None else release.outcome,
        is_final=bool(getattr(submission, "is_final", False)),
        is_coarse=is_coarse,
        transcript=submission.round.transcript,
    )


def polled(*, submission_id: uuid.UUID, team_id: int) -> Polled | None:
    """Look up a team's own submission; None if it has no such submission."""
    parameters = [str(submission_id).encode(), str(team_id).encode()]
    try:
        row = _asked(parameters)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        # A session that died while it was idle is replaced, once.
        connection.close()
        row = _asked(parameters)
    if row is None:
        return None
    submitted_at, status, finished_at, error_code, value, outcome, is_final, *of_round = row
    is_coarse, transcript = of_round
    assert submitted_at is not None
    assert status is not None
    return Polled(
        submission_id=submission_id,
        submitted_at=_time(submitted_at),
        status=status,
        finished_at=None if finished_at is None else _time(finished_at),
        error_code=error_code or "",
        on_display=None if value is None or is_coarse == "t" else float(value),
        outcome=outcome,
        is_final=is_final == "t",
        is_coarse=is_coarse == "t",
        transcript=int(transcript or 1),
    )


def _time(text: str) -> dt.datetime:
    """Read a time as PostgreSQL writes it in its ISO style, in which Django's sessions are."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _asked(parameters: list[bytes]) -> list[str | None] | None:
    """Ask for the first row in text form. libpq leaves the interpreter to other threads while it waits."""
    connection.ensure_connection()
    session = connection.connection
    with connection.wrap_database_errors:
        if session not in _prepared:
            _check(session.pgconn.prepare(_NAME, _LOOK).status)
            _prepared.add(session)
        answer = session.pgconn.exec_prepared(_NAME, parameters)
        _check(answer.status)
    if not answer.ntuples:
        return None
    values = (answer.get_value(0, column) for column in range(answer.nfields))
    return [None if value is None else value.decode() for value in values]


def _check(status: int) -> None:
    if status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise psycopg.OperationalError("the state of a submission could not be read")
