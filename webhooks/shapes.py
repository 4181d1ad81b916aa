"""How the API shows webhooks and their deliveries: plain dictionaries."""

from typing import Any

from vault.api.shown import time
from webhooks.models import Webhook, WebhookDelivery


def webhook(given: Webhook) -> dict[str, Any]:
    """All but the secret, which is not kept."""
    return {
        "id": str(given.pk),
        "url": given.url,
        "events": given.events,
        "is_active": given.is_active,
        "created_at": time(given.created_at),
        "old_secret_until": time(given.old_secret_until),
    }


def delivery(given: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(given.pk),
        "event": given.event,
        "occurred_at": time(given.occurred_at),
        "status": given.status,
        "n_attempts": given.n_attempts,
        "next_attempt_at": time(given.next_attempt_at),
        "last_attempt_at": time(given.last_attempt_at),
        "last_result": given.last_result or None,
    }
