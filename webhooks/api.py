"""A team's webhooks: list, make, look at one and its deliveries, rotate its secret, test it, remove it.

The secret that signs is shown once, also to a request that is sent again.
"""

import uuid
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault.api import bodies, pages, selectors
from vault.api.answers import json_answer
from vault.api.bodies import Body
from vault.api.idempotency import idempotent
from vault.api.permissions import MayRead, MaySubmit
from webhooks import signing, subscriptions
from webhooks.models import Webhook
from webhooks.shapes import DELIVERY, REGISTERED, WEBHOOK
from webhooks.targets import MAX_URL, TargetRefusedError

NEW = Body(
    name="NewWebhook",
    members={
        "url": bodies.text(
            "An https address of the open internet; no password, no fragment.",
            longest=MAX_URL,
            is_required=True,
            format="uri",
            # Parts of a host's name have at most 63 characters (RFC 1035, 2.3.4).
            pattern=r"^https?://(\[[0-9A-Fa-f:.]+\]|[^@#?/.:]{1,63}([.][^@#?/.:]{1,63})*[.]?)"
            r"(:[0-9]{1,5})?(/[^#]*)?([?][^#]*)?$",
        ),
        "events": bodies.some_of(
            subscriptions.EVENTS,
            "The events that it is notified of; all of them if they are left out.",
            default=sorted(subscriptions.EVENTS),
        ),
    },
    example={name: WEBHOOK.example[name] for name in ("url", "events")},
)
# Receivers may have to be deployed anew before they know the new secret.
ROTATION = bodies.rotation(
    "WebhookRotation", of="secret", default=86_400, longest=604_800, example=3_600
)


class WebhookCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request) -> Response:
        """Newest first."""
        own = Webhook.objects.filter(team=selectors.own_team(request))
        return pages.page(request, own, WEBHOOK.show, ordering="-id")

    @idempotent(is_secret=True)
    def post(self, request: Request) -> HttpResponse:
        members = NEW.read(request)
        try:
            webhook = subscriptions.register(
                team=selectors.own_team(request), now=timezone.now(), **members
            )
        except TargetRefusedError as refusal:
            raise bodies.refused("url", str(refusal)) from None
        return _with_secret(webhook, status=201)


class WebhookDetail(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "DELETE" else MayRead()]

    def get(self, request: Request, webhook_id: uuid.UUID) -> HttpResponse:
        return json_answer(WEBHOOK.show(_found(request, webhook_id)))

    def delete(self, request: Request, webhook_id: uuid.UUID) -> HttpResponse:
        with transaction.atomic():
            subscriptions.remove(webhook=_held(request, webhook_id))
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


class WebhookDeliveries(APIView):
    permission_classes = [MayRead]

    def get(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Newest first."""
        deliveries = _found(request, webhook_id).deliveries.all()
        return pages.page(request, deliveries, DELIVERY.show, ordering="-id")


class WebhookRotation(APIView):
    permission_classes = [MaySubmit]

    @idempotent(is_secret=True)
    def post(self, request: Request, webhook_id: uuid.UUID) -> HttpResponse:
        grace = ROTATION.read(request)["grace_seconds"]
        with transaction.atomic():
            webhook = _held(request, webhook_id)
            subscriptions.rotate_secret(webhook=webhook, grace=grace, now=timezone.now())
        return _with_secret(webhook, status=200)


class WebhookTest(APIView):
    permission_classes = [MaySubmit]

    @idempotent()
    def post(self, request: Request, webhook_id: uuid.UUID) -> HttpResponse:
        bodies.members(request, known=())
        with transaction.atomic():
            delivery = subscriptions.test(webhook=_held(request, webhook_id), now=timezone.now())
        return json_answer(DELIVERY.show(delivery), status=202)


def _found(request: Request, webhook_id: uuid.UUID) -> Webhook:
    return get_object_or_404(Webhook, team=selectors.own_team(request), pk=webhook_id)


def _held(request: Request, webhook_id: uuid.UUID) -> Webhook:
    webhook = subscriptions.held(team=selectors.own_team(request), webhook_id=webhook_id)
    if webhook is None:
        raise Http404
    return webhook


def _with_secret(webhook: Webhook, *, status: int) -> HttpResponse:
    secret = signing.secret(webhook=webhook)
    return json_answer(REGISTERED.show(webhook, secret=secret), status=status)
