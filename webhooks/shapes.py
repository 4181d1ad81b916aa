"""How the API shows webhooks and their deliveries, declared once: JSON, schema and example."""

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Shape
from webhooks import subscriptions
from webhooks.models import WebhookDelivery

# All but the secret, which is not kept.
WEBHOOK = Shape(
    "Webhook",
    {
        "id": fields.text("0195a4f0-6c2d-7e9f-8a11-223344556677", source="pk", format="uuid"),
        "url": fields.text("https://ci.example.org/hooks/holdout", "Where messages are sent."),
        "events": fields.list_of(
            ["round.published", "submission.finished"], schemas.one_of(subscriptions.EVENTS)
        ),
        "is_active": fields.flag(
            True, "False once the receiver has answered 410: it is sent nothing more."
        ),
        "created_at": fields.time("2026-03-01T12:00:00Z"),
        "old_secret_until": fields.time(
            None, "Until then messages are signed with the secret before this one, too.", null=True
        ),
    },
)
REGISTERED = WEBHOOK.extended(
    "RegisteredWebhook",
    {
        "secret": fields.text(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw...",
            "Signs its messages: shown now and never again.",
            source=By.CALLER,
        )
    },
)
DELIVERY = Shape(
    "WebhookDelivery",
    {
        "id": fields.text(
            "0195a4f1-0000-7000-8000-00000000a001",
            "The message's `webhook-id`.",
            source="pk",
            format="uuid",
        ),
        "event": fields.one_of("submission.finished", (*subscriptions.EVENTS, subscriptions.TEST)),
        "occurred_at": fields.time("2026-03-01T12:00:00Z", "When the event was."),
        "status": fields.one_of("DELIVERED", WebhookDelivery.Status.values),
        "n_attempts": fields.count(1, "How many attempts were made."),
        "next_attempt_at": fields.time(null=True),
        "last_attempt_at": fields.time("2026-03-01T12:00:01Z", null=True),
        "last_result": fields.text("status 204", "How the last attempt went, in words.", null=True),
    },
)
