"""The sweeper: notifies workers of every submission that waits without one, and deletes what is over."""

import datetime as dt
import uuid

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from vault.models import IdempotentAnswer, Submission
from vault.queue import broker
from vault.statuses import SubmissionStatus

# A submission that has just been received has just been announced.
GRACE_SECONDS = 2
# Answers of one team: far more than its pipelines ask for in a day, and no way to fill the disk.
MAX_KEPT = 10_000


def notify_of_waiting() -> int:
    """Notify once for each team whose earliest pending submission nobody holds; return how many."""
    # The earliest of each team alone: no other can be claimed, so a message about it would be in vain.
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
        return _notify([row[0] for row in cursor.fetchall()])


def notify_of_lost() -> int:
    """Notify once of each submission whose lease has ended or whose retry is due; return how many.

    Asked every few seconds, so not for what simply waits its turn: a busy worker knows of it.
    """
    lost = Submission.objects.filter(
        Q(status=SubmissionStatus.SCORING, leased_until__lt=Now())
        | Q(status=SubmissionStatus.QUEUED, retry_at__lt=Now())
    )
    return _notify(list(lost.values_list("pk", flat=True)))


def _notify(waiting: list[uuid.UUID]) -> int:
    for submission_id in waiting:
        # The list is full: the next sweep sends the rest.
        if not broker.notify(submission_id=submission_id):
            break
    return len(waiting)


def delete_expired_answers(*, now: dt.datetime) -> int:
    """Delete the answers that were kept for repeated requests until now; return how many.

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
