"""A team's webhooks: which addresses are told of which events, and the secret that signs for each.

Secrets are derived from one key of the installation and the webhook's id, so that none is stored. Without
that key webhooks are switched off.
"""

import base64
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from vault import locks, webhook_targets
from vault.errors import TooManyWebhooksError, WebhooksDisabledError
from vault.models import Team, Webhook, WebhookDelivery

SUBMISSION_FINISHED = "submission.finished"
ROUND_OPENED = "round.opened"
ROUND_CLOSED = "round.closed"
ROUND_PUBLISHED = "round.published"
EVENTS = (SUBMISSION_FINISHED, ROUND_OPENED, ROUND_CLOSED, ROUND_PUBLISHED)
TEST = "webhook.test"
MOST = 10  # of one team
# What scanners for lost secrets look for.
PREFIX = "whsec_"
# A test within so long of the last one is that one: they shall not serve to flood somebody.
TEST_EVERY = dt.timedelta(seconds=10)


def are_on() -> bool:
    return bool(settings.WEBHOOK_KEY)


def register(*, team: Team, url: str, events: Sequence[str], now: dt.datetime) -> Webhook:
    """A webhook that is told of what happens from now on.

    Raises:
        WebhooksDisabledError: the installation has no key for them.
        TargetRefusedError: the address may not be called.
        TooManyWebhooksError: the team has `MOST`.
    """
    if not are_on():
        raise WebhooksDisabledError("this installation sends no webhooks")
    unknown = sorted(set(events) - set(EVENTS))
    if unknown or not events:
        raise ValueError(f"events are {', '.join(EVENTS)}")
    webhook_targets.parse(url=url, allowed=settings.WEBHOOK_ALLOWED_NETWORKS)
    with transaction.atomic():
        locks.hold_team_webhooks(team_id=team.pk)
        if Webhook.objects.filter(team=team).count() >= MOST:
            raise TooManyWebhooksError(f"a team may have {MOST} webhooks", limit=MOST)
        return Webhook.objects.create(
            team=team, url=url, events=list(events), created_at=now, noted_until=now
        )


def remove(*, webhook: Webhook) -> None:
    """With its deliveries; one that is on its way may still arrive."""
    webhook.delete()


def test(*, webhook: Webhook, now: dt.datetime) -> WebhookDelivery:
    """A delivery of the event `webhook.test`: the one of the last seconds, or a new one."""
    with transaction.atomic():
        locks.hold_team_webhooks(team_id=webhook.team_id)
        last = webhook.deliveries.filter(event=TEST).order_by("-id").first()
        is_waiting = last is not None and last.status == WebhookDelivery.Status.WAITING
        if last is not None and (is_waiting or last.occurred_at > now - TEST_EVERY):
            return last
        return WebhookDelivery.objects.create(
            webhook=webhook,
            event=TEST,
            subject=str(uuid.uuid4()),
            occurred_at=now,
            next_attempt_at=now,
        )


def secret(*, webhook: Webhook) -> str:
    """As receivers configure it: `whsec_` and the key in base64 (Standard Webhooks)."""
    return PREFIX + base64.b64encode(_signing_key(webhook.pk)).decode()


def signature(*, webhook_id: uuid.UUID, message_id: str, timestamp: int, content: bytes) -> str:
    """Of `webhook-signature`: version 1, HMAC-SHA256 of id, time and content (Standard Webhooks)."""
    signed = f"{message_id}.{timestamp}.".encode() + content
    digest = hmac.digest(_signing_key(webhook_id), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _signing_key(webhook_id: uuid.UUID) -> bytes:
    named = b"holdout vault webhook " + webhook_id.bytes
    return hmac.digest(settings.WEBHOOK_KEY.encode(), named, hashlib.sha256)
