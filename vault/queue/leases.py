"""Who works on a submission, and for how long: leases, fencing numbers, and what an attempt counts.

A claim is a compare-and-set in PostgreSQL; its fencing number keeps a late worker from writing. A lease is
short and is renewed while its worker works: what a killed worker held is taken up again within seconds.
"""

import datetime as dt
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from vault.errors import LabelsUnavailableError, StoredFileError
from vault.models import Submission
from vault.queue import time_limit
from vault.statuses import SubmissionStatus

DATABASE_FAULTS = (OperationalError, InterfaceError, InternalError)
# Of storage, database and keys: no file causes them, so none of them is counted against a submission.
FAULTS = (*DATABASE_FAULTS, OSError, StoredFileError, LabelsUnavailableError)
MAX_PAUSE = 60.0  # seconds before the next attempt after a fault
# A worker that cannot say so, because the database is away, says it when it is back within this time.
PATIENCE = 60.0


class Claim(NamedTuple):
    """What `claim` returns, in the order of its columns."""

    submission_id: uuid.UUID
    fence: int
    n_exceptions: int
    n_faults: int
    age: dt.timedelta  # since the first claim of this submission

    @property
    def n_lost_leases(self) -> int:
        # Each claim raises the fence by one: what neither failed nor was put off was lost, but for this one.
        return self.fence - 1 - self.n_exceptions - self.n_faults

    @property
    def is_hopeless(self) -> bool:
        """Too many attempts failed, or worker after worker was lost over it.

        The latter is believed after a while: a machine that restarts all the time is not its fault.
        """
        if self.n_exceptions >= settings.MAX_EXCEPTIONS:
            return True
        is_old = self.age.total_seconds() >= settings.LOST_LEASES_COUNT_AFTER
        return is_old and self.n_lost_leases >= settings.MAX_LOST_LEASES


def held(*, submission_id: uuid.UUID, fence: int) -> QuerySet[Submission]:
    """Select the submission while this claim holds it, else nothing: who writes a result updates this."""
    return Submission.objects.filter(pk=submission_id, fence=fence, status=SubmissionStatus.SCORING)


def claim(*, round_id: int, team_id: int) -> Claim | None:
    """Claim the team's earliest pending submission, unless somebody holds it or its pause is not over."""
    # One statement, so that two workers never have one claim. The earliest is found before it is asked
    # whether it is free: asked together, a later one would overtake it. The time is the database's, since
    # those of machines differ; `now()` would be that from before a wait for another worker's lock.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE vault_submission
            SET status = 'SCORING', fence = fence + 1, retry_at = NULL,
                claimed_at = COALESCE(claimed_at, clock_timestamp()),
                leased_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = (
                SELECT id FROM vault_submission
                WHERE round_id = %s AND team_id = %s AND status IN ('QUEUED', 'SCORING')
                ORDER BY sequence LIMIT 1
            ) AND (
                (status = 'QUEUED' AND (retry_at IS NULL OR retry_at < clock_timestamp()))
                OR (status = 'SCORING' AND leased_until < clock_timestamp())
            ) AND NOT EXISTS (
                -- Nothing is released in a cancelled round, so its labels need not be opened.
                SELECT 1 FROM vault_round WHERE id = %s AND status = 'CANCELLED'
            ) AND NOT EXISTS (
                -- What was answered before comes first, on the corrected labels.
                SELECT 1 FROM vault_transcript WHERE round_id = %s AND current_at IS NULL
            ) AND NOT EXISTS (
                -- What a team that it stands for has waiting comes first.
                SELECT 1 FROM vault_teammerge merge
                JOIN vault_teammerge_rounds reached ON reached.teammerge_id = merge.id
                JOIN vault_submission earlier ON earlier.team_id = merge.absorbed_id
                WHERE merge.kept_id = %s AND reached.round_id = %s
                    AND earlier.round_id = reached.round_id
                    AND earlier.status IN ('QUEUED', 'SCORING')
            )
            RETURNING id, fence, n_exceptions, n_faults, clock_timestamp() - claimed_at
            """,
            [settings.LEASE_SECONDS, round_id, team_id, *(round_id, round_id), team_id, round_id],
        )
        row = cursor.fetchone()
    return None if row is None else Claim(*row)


@contextmanager
def kept(claim: Claim) -> Iterator[None]:
    """Renew the lease for as long as the block runs, from a thread with a session of its own."""
    done = threading.Event()
    thread = threading.Thread(target=_renew, args=(claim, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(claim: Claim, done: threading.Event) -> None:
    """Most submissions are scored before the first renewal: then no session is opened.

    What hangs loses its lease when its process should have ended, whatever keeps that from ending.
    """
    ends = time.monotonic() + settings.SCORING_SECONDS + time_limit.GRACE
    try:
        # By thirds: when one renewal fails, the next still comes before the lease ends.
        while not done.wait(settings.LEASE_SECONDS / 3) and time.monotonic() < ends:
            try:
                is_held = held(submission_id=claim.submission_id, fence=claim.fence).update(
                    leased_until=Now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
                )
            except DATABASE_FAULTS:
                connection.close()
                continue
            if not is_held:
                return
    finally:
        connection.close()


def put_off(claim: Claim) -> None:
    """Put it back into the queue after a fault, for a while that doubles each time. Nothing is counted.

    That is written as soon as the database is back.
    """
    # The exponent has a limit of its own: after days of faults the power would overflow.
    pause = min(2.0 ** min(claim.n_faults, 10), MAX_PAUSE)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            held(submission_id=claim.submission_id, fence=claim.fence).update(
                status=SubmissionStatus.QUEUED,
                leased_until=None,
                n_faults=F("n_faults") + 1,
                retry_at=Now() + dt.timedelta(seconds=pause),
            )
            return
        except DATABASE_FAULTS:
            connection.close()  # a broken one would stay so
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def count_exception(claim: Claim) -> int:
    """Count this failed attempt, and return how many there are.

    It counts, too, where another worker has taken over: an attempt that hangs in the database keeps its own
    lease from being renewed, and whoever waits for the row has it before the failure is written.
    """
    pending = Submission.objects.filter(pk=claim.submission_id, status=SubmissionStatus.SCORING)
    pending.update(n_exceptions=F("n_exceptions") + 1)
    return Submission.objects.values_list("n_exceptions", flat=True).get(pk=claim.submission_id)


def give_back(claim: Claim) -> None:
    """Put it back into the queue for the next attempt, unless another worker has taken over."""
    held(submission_id=claim.submission_id, fence=claim.fence).update(
        status=SubmissionStatus.QUEUED, leased_until=None
    )
