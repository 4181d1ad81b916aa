"""What webhooks say: what the API would answer the team at that moment, signed by Standard Webhooks.

Source: Standard Webhooks 1.0.0 (standardwebhooks.com): headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`.
"""

import datetime as dt
import uuid
from typing import Any

from vault.api import finding, shown
from vault.api.answers import encoded
from vault.api.shown.rounds import ROUND
from vault.models import Round, Team
from webhooks import signing, subscriptions
from webhooks.models import WebhookDelivery


def content(*, delivery: WebhookDelivery) -> bytes | None:
    """Write the body; None if the team may no longer see what it is about."""
    data = _data(delivery)
    if data is None:
        return None
    return encoded(
        {"type": delivery.event, "timestamp": shown.time(delivery.occurred_at), "data": data}
    )


def headers(*, delivery: WebhookDelivery, content: bytes, now: dt.datetime) -> dict[str, str]:
    message_id, timestamp = str(delivery.pk), int(now.timestamp())
    signatures = signing.signatures(
        webhook=delivery.webhook,
        message_id=message_id,
        timestamp=timestamp,
        content=content,
        now=now,
    )
    return {
        "Content-Type": "application/json",
        "User-Agent": "holdout-vault",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures,
    }


def _data(delivery: WebhookDelivery) -> dict[str, Any] | None:
    team = delivery.webhook.team
    if delivery.event == subscriptions.TEST:
        return {"webhook": str(delivery.webhook_id)}
    if delivery.event == subscriptions.SUBMISSION_FINISHED:
        own = finding.submissions_of(team).filter(pk=uuid.UUID(delivery.subject)).first()
        return None if own is None else shown.submission(own)
    return _round(team, number=int(delivery.subject))


def _round(team: Team, *, number: int) -> dict[str, Any] | None:
    visible = finding.benchmarks_of(team)
    round = Round.objects.filter(pk=number, benchmark__in=visible)
    found = round.select_related("benchmark", "query_holdout", "panel").first()
    return None if found is None else {"benchmark": found.benchmark.slug, **ROUND.show(found)}
