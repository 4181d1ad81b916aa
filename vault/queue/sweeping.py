"""The sweeper: rings for every submission that waits without a worker, and forgets what is over."""

import datetime as dt
import uuid

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from vault.models import IdempotentAnswer, Submission
from vault.queue import bell
from vault.statuses import SubmissionStatus

# A submission that has just been received has just been rung for.
GRACE_SECONDS = 2
# Answers of one team: far more than its pipelines ask for in a day, and no way to fill the disk.
MAX_KEPT = 10_000


def ring_for_the_waiting() -> int:
    """Ring once for each team whose earliest pending submission nobody holds; how many there were."""
    # The earliest of each team alone: no other can be claimed, so a ring for it would be in vain.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM (
                SELECT DISTINCT ON (round_id, team_id) id, status, leased_until, retry_at,
                    submitted_at
                FROM vault_submission WHERE status IN ('QUEUED', 'SCORING')
                ORDER BY round_id, team_id, sequence
            ) earliest
            WHERE (status = 'QUEUED' AND submitted_at < now() - make_interval(secs => %s)
                    AND (retry_at IS NULL OR retry_at < clock_timestamp()))
                OR leased_until < clock_timestamp()
            """,
            [GRACE_SECONDS],
        )
        return _ring([row[0] for row in cursor.fetchall()])


def ring_for_the_lost() -> int:
    """Ring once for each submission whose lease has ended or whose retry is due; how many there were.

    Asked every few seconds, so not for what simply waits its turn: a busy worker has been rung for it.
    """
    lost = Submission.objects.filter(
        Q(status=SubmissionStatus.SCORING, leased_until__lt=Now())
        | Q(status=SubmissionStatus.QUEUED, retry_at__lt=Now())
    )
    return _ring(list(lost.values_list("pk", flat=True)))


def _ring(waiting: list[uuid.UUID]) -> int:
    for submission_id in waiting:
        # The list is full: the next sweep rings for the rest.
        if not bell.ring(submission_id=submission_id):
            break
    return len(waiting)


def forget_answers(*, now: dt.datetime) -> int:
    """Delete the answers that were kept for repeated requests until now; how many.

    Of a team that floods its keys, also what is older than its newest `MAX_KEPT`.
    """
    n_expired: int = IdempotentAnswer.objects.filter(expires_at__lt=now).delete()[0]
    # In the database: a flood is not read into this process first.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM vault_idempotentanswer WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (PARTITION BY team_id ORDER BY id DESC) AS place
                    FROM vault_idempotentanswer
                ) placed
                WHERE place > %s
            )
            """,
            [MAX_KEPT],
        )
        n_crowded: int = cursor.rowcount
    return n_expired + n_crowded
