"""A team's webhooks in the description, and what is sent to them."""

from typing import Any

from vault.api.openapi import headers, parameters, schemas
from vault.api.openapi.operation import BODY_PROBLEMS, JSON, Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from webhooks import subscriptions
from webhooks.api import DEFAULT_GRACE, LONGEST_GRACE
from webhooks.models import WebhookDelivery
from webhooks.targets import LONGEST_URL

TAG = "Webhooks"

_EVENTS = schemas.list_of(schemas.one_of(subscriptions.EVENTS))
_WEBHOOK: dict[str, Schema] = {
    "id": schemas.text(format="uuid"),
    "url": schemas.text("Where messages are sent."),
    "events": _EVENTS,
    "is_active": schemas.flag("False once the receiver has answered 410: it is told nothing more."),
    "created_at": schemas.time(),
    "old_secret_until": schemas.or_null(
        schemas.time("Until then messages are signed with the secret before this one, too.")
    ),
}

SHAPES: dict[str, Schema] = {
    "Webhook": schemas.record(_WEBHOOK),
    "WebhookList": schemas.page_of("Webhook"),
    "NewWebhook": schemas.record(
        {
            "url": schemas.text(
                "An https address of the open internet; no password, no fragment.",
                format="uri",
                # Parts of a host's name have at most 63 characters (RFC 1035, 2.3.4).
                pattern=r"^https?://([[][0-9A-Fa-f:.]+[]]|[^@#?/.:]{1,63}([.][^@#?/.:]{1,63})*[.]?)"
                r"(:[0-9]{1,5})?(/[^#]*)?([?][^#]*)?$",
                maxLength=LONGEST_URL,
            ),
            "events": {
                **_EVENTS,
                "minItems": 1,
                "description": "What it is told of; everything if they are left out.",
            },
        },
        optional=("events",),
        additionalProperties=False,
    ),
    "RegisteredWebhook": schemas.record(
        {
            **_WEBHOOK,
            "secret": schemas.text("Signs its messages: shown now and never again."),
        }
    ),
    "WebhookRotation": schemas.rotation(of="secret", default=DEFAULT_GRACE, longest=LONGEST_GRACE),
    "WebhookDelivery": schemas.record(
        {
            "id": schemas.text("The message's `webhook-id`.", format="uuid"),
            "event": schemas.one_of((*subscriptions.EVENTS, subscriptions.TEST)),
            "occurred_at": schemas.time("When the event was."),
            "status": schemas.one_of(WebhookDelivery.Status.values),
            "n_attempts": schemas.count("How many attempts were made."),
            "next_attempt_at": schemas.or_null(schemas.time()),
            "last_attempt_at": schemas.or_null(schemas.time()),
            "last_result": schemas.or_null(schemas.text("How the last attempt went, in words.")),
        }
    ),
    "WebhookDeliveryList": schemas.page_of("WebhookDelivery"),
}

_ID = "0195a4f0-6c2d-7e9f-8a11-223344556677"
_EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "url": "https://ci.example.org/hooks/holdout",
    "events": ["round.published", "submission.finished"],
    "is_active": True,
    "created_at": "2026-03-01T12:00:00Z",
    "old_secret_until": None,
}
_REGISTERED = {**_EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw..."}
_DELIVERY: dict[str, Any] = {
    "id": "0195a4f1-0000-7000-8000-00000000a001",
    "event": "submission.finished",
    "occurred_at": "2026-03-01T12:00:00Z",
    "status": "DELIVERED",
    "n_attempts": 1,
    "next_attempt_at": None,
    "last_attempt_at": "2026-03-01T12:00:01Z",
    "last_result": "status 204",
}
_TEST = {**_DELIVERY, "event": "webhook.test", "status": "WAITING", "n_attempts": 0}
_TEST |= {"next_attempt_at": "2026-03-01T12:00:00Z", "last_attempt_at": None, "last_result": None}
_WEBHOOK_ID = parameters.in_path(
    "webhook_id", schemas.text(format="uuid"), "The webhook's id.", _ID
)

OPERATIONS = {
    ("/api/v1/webhooks/", "GET"): Operation(
        id="list_webhooks",
        tag=TAG,
        summary="List the team's webhooks",
        description="Newest first; never their secrets.",
        access=Access.READ,
        parameters=parameters.PAGE,
        answers={200: shown("WebhookList", "A page.", example=schemas.page_example(_EXAMPLE))},
        problems=parameters.PAGE_PROBLEMS,
    ),
    ("/api/v1/webhooks/", "POST"): Operation(
        id="create_webhook",
        tag=TAG,
        summary="Make a webhook",
        description="It is told of what happens from now on, by Standard Webhooks. Redirects are not "
        "followed, and addresses of private or local networks are refused.",
        access=Access.SUBMIT,
        parameters=(headers.IDEMPOTENCY_KEY,),
        body={
            "required": True,
            "content": {
                JSON: {
                    "schema": schemas.reference("NewWebhook"),
                    "example": {"url": _EXAMPLE["url"], "events": _EXAMPLE["events"]},
                }
            },
        },
        answers={
            201: shown(
                "RegisteredWebhook",
                "The webhook and its secret.",
                example=_REGISTERED,
            )
        },
        problems=(
            *BODY_PROBLEMS,
            *headers.KEY_PROBLEMS,
            *("webhooks_disabled", "too_many_webhooks"),
        ),
    ),
    ("/api/v1/webhooks/{webhook_id}/", "GET"): Operation(
        id="show_webhook",
        tag=TAG,
        summary="Show a webhook",
        description="One of the team's own.",
        access=Access.READ,
        parameters=(_WEBHOOK_ID,),
        answers={200: shown("Webhook", "The webhook.", example=_EXAMPLE)},
        problems=("not_found",),
    ),
    ("/api/v1/webhooks/{webhook_id}/", "DELETE"): Operation(
        id="delete_webhook",
        tag=TAG,
        summary="Remove a webhook",
        description="With its deliveries; a message that is on its way may still arrive.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID,),
        answers={204: answer("Removed.", {}, {})},
        problems=("not_found",),
    ),
    ("/api/v1/webhooks/{webhook_id}/deliveries/", "GET"): Operation(
        id="list_webhook_deliveries",
        tag=TAG,
        summary="List a webhook's deliveries",
        description="Newest first; those that are over are kept for 30 days.",
        access=Access.READ,
        parameters=(_WEBHOOK_ID, *parameters.PAGE),
        answers={
            200: shown("WebhookDeliveryList", "A page.", example=schemas.page_example(_DELIVERY))
        },
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/webhooks/{webhook_id}/rotate/", "POST"): Operation(
        id="rotate_webhook_secret",
        tag=TAG,
        summary="Give a webhook a new secret",
        description="Until the grace is over messages carry a second signature, by the secret before it.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID, headers.IDEMPOTENCY_KEY),
        body={
            "required": False,
            "content": {
                JSON: {
                    "schema": schemas.reference("WebhookRotation"),
                    "example": {"grace_seconds": 3600},
                }
            },
        },
        answers={
            200: shown(
                "RegisteredWebhook",
                "The webhook and its new secret.",
                example={**_REGISTERED, "old_secret_until": "2026-03-02T12:00:00Z"},
            )
        },
        problems=("not_found", *BODY_PROBLEMS, *headers.KEY_PROBLEMS, "webhooks_disabled"),
    ),
    ("/api/v1/webhooks/{webhook_id}/test/", "POST"): Operation(
        id="test_webhook",
        tag=TAG,
        summary="Send a test message",
        description="An event `webhook.test`, as soon as the worker comes to it. A second one within "
        "ten seconds is the first one again.",
        access=Access.SUBMIT,
        parameters=(_WEBHOOK_ID, headers.IDEMPOTENCY_KEY),
        answers={202: shown("WebhookDelivery", "The delivery that will be made.", example=_TEST)},
        problems=("not_found", *BODY_PROBLEMS, *headers.KEY_PROBLEMS),
    ),
}
