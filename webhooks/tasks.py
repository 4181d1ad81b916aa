"""The Celery task of the webhooks' worker: it reads the clock and calls the dispatcher. It may run twice."""

from celery import shared_task
from django.utils import timezone

from webhooks import dispatch


@shared_task(name="webhooks.tasks.send")
def send() -> None:
    dispatch.run(clock=timezone.now)
