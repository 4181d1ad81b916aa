"""Celery tasks: they read the clock and call the domain. All may run twice and at the same time."""

import logging
import uuid

from celery import shared_task
from django.utils import timezone

from vault import opening, rescoring, rounds, scoring, submissions, transcripts
from vault.queue import broker, sweeping
from vault.sealing import corrections, disclosures, draw_disclosures, received, verification

logger = logging.getLogger(__name__)


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


@shared_task(name=broker.DISCLOSE_TASK)
def disclose_holdout(*, holdout_id: str) -> None:
    """For the audit worker, which alone can open a retired holdout."""
    disclosures.carry_out(holdout_id=uuid.UUID(holdout_id), clock=timezone.now)
    for batch in draw_disclosures.due():
        draw_disclosures.carry_out(batch=batch, clock=timezone.now)


@shared_task(name="vault.tasks.sweep_disclosures")
def sweep_disclosures() -> None:
    """Whatever interrupted a disclosure, the next sweep takes it up again."""
    for holdout_id in disclosures.due():
        try:
            disclosures.carry_out(holdout_id=holdout_id, clock=timezone.now)
        except Exception as error:  # noqa: BLE001
            # One that cannot be opened must not keep the others waiting. The kind of error only: its message
            # could hold a label.
            logger.error("holdout %s was not disclosed: %s", holdout_id, type(error).__name__)
    for batch in draw_disclosures.due():
        try:
            draw_disclosures.carry_out(batch=batch, clock=timezone.now)
        except Exception as error:  # noqa: BLE001
            logger.error("the draw %s was not disclosed: %s", batch, type(error).__name__)


@shared_task(name=broker.VERIFY_TASK)
def verify_envelope(*, batch: str) -> None:
    """For the audit worker, which alone can look inside."""
    verification.carry_out(batch=uuid.UUID(batch), clock=timezone.now)


@shared_task(name="vault.tasks.sweep_envelopes")
def sweep_envelopes() -> None:
    """Whatever interrupted a verification, the next sweep takes it up again."""
    for batch in received.due():
        try:
            verification.carry_out(batch=batch, clock=timezone.now)
        except Exception as error:  # noqa: BLE001
            # The kind of error only: its message could hold a label.
            logger.error("envelope %s was not looked into: %s", batch, type(error).__name__)


@shared_task(name=broker.CORRECT_TASK)
def correct_labels(*, request_id: str) -> None:
    """For the audit worker, which alone can open every holdout of a batch."""
    corrections.carry_out(request_id=uuid.UUID(request_id), clock=timezone.now)


@shared_task(name="vault.tasks.sweep_corrections")
def sweep_corrections() -> None:
    """Whatever interrupted a correction, the next sweep takes it up again."""
    for request_id in corrections.due():
        try:
            corrections.carry_out(request_id=request_id, clock=timezone.now)
        except Exception as error:  # noqa: BLE001
            logger.error("correction %s was not made: %s", request_id, type(error).__name__)


@shared_task(name="vault.tasks.sweep_rescoring")
def sweep_rescoring() -> None:
    """Score again what a correction asks for; whatever interrupted it, the next sweep does the rest."""
    for transcript_id in transcripts.due():
        try:
            rescoring.carry_out(transcript_id=transcript_id, clock=timezone.now)
        except Exception as error:  # noqa: BLE001
            logger.error("transcript %s is put off: %s", transcript_id, type(error).__name__)
