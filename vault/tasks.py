"""Celery tasks: they read the clock and call the domain. All may run twice and at the same time."""

import uuid

from celery import shared_task
from django.utils import timezone

from vault import opening, rounds, scoring, submissions
from vault.queue import broker, sweeping


@shared_task(name=broker.SCORE_TASK)
def score_submission(*, submission_id: str) -> None:
    scoring.score_team(submission_id=uuid.UUID(submission_id), clock=timezone.now)


@shared_task(name="vault.tasks.notify")
def notify() -> None:
    sweeping.notify_of_lost()


@shared_task(name="vault.tasks.sweep")
def sweep() -> None:
    sweeping.notify_of_waiting()
    sweeping.delete_expired_answers(now=timezone.now())
    rounds.close_what_is_due(now=timezone.now())
    opening.open_what_is_due(now=timezone.now())
    submissions.cancel_with_their_rounds(now=timezone.now())
