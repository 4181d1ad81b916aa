"""A team's webhooks: which addresses are notified of which events.

Without the key of the installation that signs what they are sent, webhooks are switched off.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from vault import locks
from vault.errors import TooManyWebhooksError, WebhooksDisabledError
from vault.models import Team
from webhooks import targets
from webhooks.models import Webhook, WebhookDelivery

SUBMISSION_FINISHED = "submission.finished"
SUBMISSION_RESCORED = "submission.rescored"
ROUND_OPENED = "round.opened"
ROUND_CLOSED = "round.closed"
ROUND_PUBLISHED = "round.published"
ROUND_CANCELLED = "round.cancelled"
# An organizer changed something that was announced: an end, a team's queries, who may be late.
ROUND_CHANGED = "round.changed"
EVENTS = (
    *(SUBMISSION_FINISHED, SUBMISSION_RESCORED),
    *(ROUND_OPENED, ROUND_CLOSED, ROUND_PUBLISHED, ROUND_CANCELLED, ROUND_CHANGED),
)
TEST = "webhook.test"
MAX_WEBHOOKS = 10  # of one team
# A test within so long of the last one is that one: they shall not serve to flood somebody.
TEST_EVERY = dt.timedelta(seconds=10)


def are_on() -> bool:
    return bool(settings.WEBHOOK_KEY)


def register(*, team: Team, url: str, events: Sequence[str], now: dt.datetime) -> Webhook:
    """Register a webhook, which is notified of what happens from now on.

    Raises:
        WebhooksDisabledError: the installation has no key for them.
        TargetRefusedError: the address may not be called.
        TooManyWebhooksError: the team has `MAX_WEBHOOKS`.
    """
    _require_key()
    unknown = sorted(set(events) - set(EVENTS))
    if unknown or not events:
        raise ValueError(f"events are {', '.join(EVENTS)}")
    targets.parse(url=url, allowed=settings.WEBHOOK_ALLOWED_NETWORKS, ports=settings.WEBHOOK_PORTS)
    with transaction.atomic():
        locks.hold_team_webhooks(team_id=team.pk)
        if Webhook.objects.filter(team=team).count() >= MAX_WEBHOOKS:
            raise TooManyWebhooksError(
                f"a team may have {MAX_WEBHOOKS} webhooks", limit=MAX_WEBHOOKS
            )
        return Webhook.objects.create(
            team=team, url=url, events=list(events), created_at=now, noted_until=now
        )


def held(*, team: Team, webhook_id: uuid.UUID) -> Webhook | None:
    """Lock the team's webhook: until the transaction ends nobody else changes it or notes an event for it."""
    return Webhook.objects.filter(team=team, pk=webhook_id).select_for_update().first()


def remove(*, webhook: Webhook) -> None:
    """Remove it with its deliveries; one that is on its way may still arrive. `webhook` is `held`."""
    webhook.delete()


def rotate_secret(*, webhook: Webhook, grace: dt.timedelta, now: dt.datetime) -> None:
    """Give it a new secret; the one before it signs beside it until the grace is over.

    `webhook` was read under `held` in this transaction.

    Raises:
        WebhooksDisabledError: the installation has no key for them.
    """
    _require_key()
    webhook.secret_version += 1
    webhook.old_secret_until = now + grace
    webhook.save(update_fields=("secret_version", "old_secret_until"))


def test(*, webhook: Webhook, now: dt.datetime) -> WebhookDelivery:
    """Make a delivery of `webhook.test`: the one of the last seconds, or a new one. `webhook` is `held`."""
    last = webhook.deliveries.filter(event=TEST).order_by("-id").first()
    is_waiting = last is not None and last.status == WebhookDelivery.Status.WAITING
    if last is not None and (is_waiting or last.occurred_at > now - TEST_EVERY):
        return last
    return WebhookDelivery.objects.create(
        webhook=webhook, event=TEST, subject=str(uuid.uuid4()), occurred_at=now, next_attempt_at=now
    )


def _require_key() -> None:
    if not are_on():
        raise WebhooksDisabledError("this installation sends no webhooks")
