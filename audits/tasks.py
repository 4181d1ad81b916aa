"""Celery tasks of the audit worker: they read the clock and call the domain. All may run twice."""

import logging

from celery import shared_task
from django.utils import timezone

from audits import heads, prospective, repeats, rounds

logger = logging.getLogger(__name__)


@shared_task(name="audits.tasks.audit_round")
def audit_round(*, round_id: int) -> None:
    rounds.advance(round_id=round_id, clock=timezone.now)


@shared_task(name="audits.tasks.publish_round")
def publish_round(*, round_id: int) -> None:
    rounds.publish(round_id=round_id, clock=timezone.now)


@shared_task(name="audits.tasks.sweep")
def sweep() -> None:
    """Whatever interrupted an audit or a signature, the next sweep takes it up again."""
    # Broad excepts: one step that fails must not keep the others from being done, of other rounds or the
    # signing of heads. What failed is logged, and done again by a later sweep if it can be.
    for round_id in rounds.due():
        try:
            rounds.advance(round_id=round_id, clock=timezone.now)
        except Exception:
            logger.exception("round %d was not audited", round_id)
    for notice_id in repeats.due():
        try:
            repeats.make(notice_id=notice_id, clock=timezone.now)
        except Exception:
            logger.exception("the audit that notice %d asks for was not made", notice_id)
    try:
        rounds.take_up(clock=timezone.now)
    except Exception:
        logger.exception("the conveyor did not go on")
    prospective.sweep(clock=timezone.now)
    # After the rounds: an audit that closes one signs by itself, and this finds what a killed worker left.
    heads.sign_all(clock=timezone.now)
