"""What webhooks say: what the API would answer the team then, signed as `signing` has it."""

import datetime as dt
import uuid
from typing import Any

from vault.api import representations, selectors
from vault.api.answers import encoded
from vault.api.representations.rounds import ROUND
from vault.models import Round
from webhooks import signing, subscriptions
from webhooks.models import WebhookDelivery


def content(*, delivery: WebhookDelivery) -> bytes | None:
    """Write the body; None if the team may no longer see what it is about."""
    data = _data(delivery)
    if data is None:
        return None
    time = representations.time(delivery.occurred_at)
    return encoded({"type": delivery.event, "timestamp": time, "data": data})


def headers(*, delivery: WebhookDelivery, content: bytes, now: dt.datetime) -> dict[str, str]:
    message_id, timestamp = str(delivery.pk), int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "holdout-vault",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.signatures(
            webhook=delivery.webhook,
            message_id=message_id,
            timestamp=timestamp,
            content=content,
            now=now,
        ),
    }


def _data(delivery: WebhookDelivery) -> dict[str, Any] | None:
    team = delivery.webhook.team
    if delivery.event == subscriptions.TEST:
        return {"webhook": str(delivery.webhook_id)}
    if delivery.event == subscriptions.SUBMISSION_RESCORED:
        # By the answer, since a submission may be scored again more than once.
        own = selectors.submissions_of(team).filter(releases=int(delivery.subject)).first()
        return None if own is None else representations.submission(own)
    if delivery.event == subscriptions.SUBMISSION_FINISHED:
        own = selectors.submissions_of(team).filter(pk=uuid.UUID(delivery.subject)).first()
        return None if own is None else representations.submission(own)
    visible = Round.objects.filter(benchmark__in=selectors.benchmarks_of(team))
    rounds = visible.select_related("benchmark", "query_holdout", "panel")
    about = "notices" if delivery.event == subscriptions.ROUND_CHANGED else "pk"
    round = rounds.filter(**{about: delivery.subject}).first()
    return None if round is None else {"benchmark": round.benchmark.slug, **ROUND.show(round)}
