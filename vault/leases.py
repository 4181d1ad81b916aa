"""Who works on a submission, and for how long: leases, fencing numbers, and what an attempt counts.

A claim is a compare-and-set in PostgreSQL; its fencing number keeps a late worker from writing.
"""

import datetime as dt
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now

from vault.errors import LabelsUnavailableError, StoredFileError
from vault.models import Submission
from vault.statuses import SubmissionStatus

DATABASE_FAULTS = (OperationalError, InterfaceError, InternalError)
# Of storage, database and keys: no file causes them, so none of them is counted against a submission.
FAULTS = (*DATABASE_FAULTS, OSError, StoredFileError, LabelsUnavailableError)
LONGEST_PAUSE = 60.0  # seconds before the next attempt after a fault
# A worker that cannot say so, because the database is away, says it when it is back within this time.
PATIENCE = 60.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Claim:
    submission_id: uuid.UUID
    fence: int
    n_exceptions: int
    n_faults: int

    @property
    def n_lost_leases(self) -> int:
        return self.fence - 1 - self.n_exceptions - self.n_faults


def claim(*, round_id: int, team_id: int) -> Claim | None:
    """The team's earliest pending submission, unless somebody holds it or its pause is not over."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE vault_submission
            SET status = 'SCORING', fence = fence + 1, retry_at = NULL,
                leased_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = (
                SELECT id FROM vault_submission
                WHERE round_id = %s AND team_id = %s AND status IN ('QUEUED', 'SCORING')
                ORDER BY sequence LIMIT 1
            ) AND (
                (status = 'QUEUED' AND (retry_at IS NULL OR retry_at < clock_timestamp()))
                OR (status = 'SCORING' AND leased_until < clock_timestamp())
            )
            RETURNING id, fence, n_exceptions, n_faults
            """,
            [settings.LEASE_SECONDS, round_id, team_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return Claim(submission_id=row[0], fence=row[1], n_exceptions=row[2], n_faults=row[3])


def put_off(claim: Claim) -> None:
    """After a fault: back to the queue for a while that doubles each time. Nothing is counted."""
    pause = min(2.0 ** min(claim.n_faults, 10), LONGEST_PAUSE)
    _insisting(
        lambda: Submission.objects.filter(
            pk=claim.submission_id, fence=claim.fence, status=SubmissionStatus.SCORING
        ).update(
            status=SubmissionStatus.QUEUED,
            leased_until=None,
            n_faults=F("n_faults") + 1,
            retry_at=Now() + dt.timedelta(seconds=pause),
        )
    )


def give_back(claim: Claim) -> None:
    """After an exception, which counts: back to the queue for the next attempt."""
    Submission.objects.filter(
        pk=claim.submission_id, fence=claim.fence, status=SubmissionStatus.SCORING
    ).update(status=SubmissionStatus.QUEUED, leased_until=None, n_exceptions=claim.n_exceptions + 1)


def _insisting(write: Callable[[], T]) -> T:
    """Write as soon as the database is back. A broken connection must be closed, or it stays so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return write()
        except DATABASE_FAULTS:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
