"""How the API shows webhooks and their deliveries, declared once: JSON, schema and example."""

from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape
from webhooks import subscriptions
from webhooks.models import WebhookDelivery

# All but the secret, which is not kept.
WEBHOOK = Shape(
    "Webhook",
    {
        "id": Field(schemas.text(format="uuid"), "0195a4f0-6c2d-7e9f-8a11-223344556677", "pk"),
        "url": Field(
            schemas.text("Where messages are sent."), "https://ci.example.org/hooks/holdout"
        ),
        "events": Field(
            schemas.list_of(schemas.one_of(subscriptions.EVENTS)),
            ["round.published", "submission.finished"],
        ),
        "is_active": Field(
            schemas.flag("False once the receiver has answered 410: it is sent nothing more."), True
        ),
        "created_at": Field(schemas.time(), "2026-03-01T12:00:00Z"),
        "old_secret_until": Field(
            schemas.time(
                "Until then messages are signed with the secret before this one, too.", null=True
            )
        ),
    },
)
REGISTERED = WEBHOOK.extended(
    "RegisteredWebhook",
    {
        "secret": Field(
            schemas.text("Signs its messages: shown now and never again."),
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw...",
            By.CALLER,
        )
    },
)
DELIVERY = Shape(
    "WebhookDelivery",
    {
        "id": Field(
            schemas.text("The message's `webhook-id`.", format="uuid"),
            "0195a4f1-0000-7000-8000-00000000a001",
            "pk",
        ),
        "event": Field(
            schemas.one_of((*subscriptions.EVENTS, subscriptions.TEST)), "submission.finished"
        ),
        "occurred_at": Field(schemas.time("When the event was."), "2026-03-01T12:00:00Z"),
        "status": Field(schemas.one_of(WebhookDelivery.Status.values), "DELIVERED"),
        "n_attempts": Field(schemas.count("How many attempts were made."), 1),
        "next_attempt_at": Field(schemas.time(null=True)),
        "last_attempt_at": Field(schemas.time(null=True), "2026-03-01T12:00:01Z"),
        "last_result": Field(
            schemas.text("How the last attempt went, in words.", null=True), "status 204"
        ),
    },
)
