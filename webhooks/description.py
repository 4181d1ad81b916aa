"""A team's webhooks in the description, and what is sent to them."""

from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import Access, Operation, answer, page, shown
from vault.api.representations.shape import described
from webhooks.api import NEW, ROTATION
from webhooks.shapes import DELIVERY, REGISTERED, WEBHOOK

TAG = "Webhooks"

SHAPES = described(REGISTERED, NEW, ROTATION, listed=(WEBHOOK, DELIVERY))

_TEST = {**DELIVERY.example, "event": "webhook.test", "status": "WAITING", "n_attempts": 0}
_TEST |= {"next_attempt_at": "2026-03-01T12:00:00Z", "last_attempt_at": None, "last_result": None}
_WEBHOOK_ID = parameters.in_path(
    "webhook_id", schemas.text(format="uuid"), "The webhook's id.", WEBHOOK.example["id"]
)

OPERATIONS = {
    ("/api/v1/webhooks/", "GET"): Operation(
        id="list_webhooks",
        summary="List the team's webhooks",
        description="Newest first; never their secrets.",
        access=Access.READ,
        parameters=parameters.PAGE,
        answers={200: page(WEBHOOK)},
    ),
    ("/api/v1/webhooks/", "POST"): Operation(
        id="create_webhook",
        summary="Make a webhook",
        description="It is notified of what happens from now on, by Standard Webhooks. Redirects are not "
        "followed, and addresses of private or local networks are refused.",
        access=Access.SUBMIT,
        parameters=(parameters.IDEMPOTENCY_KEY,),
        body=NEW.described(),
        answers={201: shown(REGISTERED, "The webhook and its secret.")},
        problems=("invalid_parameter", "webhooks_disabled", "too_many_webhooks"),
    ),
    ("/api/v1/webhooks/{webhook_id}/", "GET"): Operation(
        id="show_webhook",
        summary="Show a webhook",
        description="One of the team's own.",
        access=Access.READ,
        parameters=(_WEBHOOK_ID,),
        answers={200: shown(WEBHOOK, "The webhook.")},
    ),
    ("/api/v1/webhooks/{webhook_id}/", "DELETE"): Operation(
        id="delete_webhook",
        summary="Remove a webhook",
        description="With its deliveries; a message that is on its way may still arrive.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID,),
        answers={204: answer("Removed.")},
    ),
    ("/api/v1/webhooks/{webhook_id}/deliveries/", "GET"): Operation(
        id="list_webhook_deliveries",
        summary="List a webhook's deliveries",
        description="Newest first; those that are over are kept for 30 days.",
        access=Access.READ,
        parameters=(_WEBHOOK_ID, *parameters.PAGE),
        answers={200: page(DELIVERY)},
    ),
    ("/api/v1/webhooks/{webhook_id}/rotate/", "POST"): Operation(
        id="rotate_webhook_secret",
        summary="Give a webhook a new secret",
        description="Until the grace is over messages carry a second signature, by the secret before it.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID, parameters.IDEMPOTENCY_KEY),
        body=ROTATION.described(),
        answers={
            200: shown(
                REGISTERED,
                "The webhook and its new secret.",
                example={**REGISTERED.example, "old_secret_until": "2026-03-02T12:00:00Z"},
            )
        },
        problems=("invalid_parameter", "webhooks_disabled"),
    ),
    ("/api/v1/webhooks/{webhook_id}/test/", "POST"): Operation(
        id="test_webhook",
        summary="Send a test message",
        description="An event `webhook.test`, as soon as the worker comes to it. A second one within "
        "ten seconds is the first one again.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID, parameters.IDEMPOTENCY_KEY),
        answers={202: shown(DELIVERY, "The delivery that will be made.", example=_TEST)},
        problems=("invalid_parameter",),
    ),
}
