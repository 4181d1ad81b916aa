"""A team's own tokens: list them, make one, rotate one, revoke one.

No token can make one that may do more, or lives longer, than it does itself, and what it made is revoked
with it: what an organizer has limited stays limited. A token rotates itself and what was made with it; any
token of the team revokes one that may do no more, so that a lost one can be ended at once. A new token's
text is shown once, also to a repeated request.
"""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault.api import bodies, pages, selectors
from vault.api.answers import json_answer
from vault.api.authentication import RECENT
from vault.api.bodies import Body
from vault.api.idempotency import idempotent
from vault.api.permissions import HasToken, MayRead, MaySubmit
from vault.api.representations.tokens import ISSUED, TOKEN
from vault.models import TeamToken
from vault.teams import tokens

NEW = Body(
    name="NewToken",
    members={
        "label": bodies.text("What it is for.", longest=100, pattern=r"^[^\x00-\x1f]*$"),
        "scopes": bodies.some_of(
            tokens.SCOPES, "What the token may do; no more than the one that asks."
        ),
        "expires_at": bodies.time_to_come("To come; at most the end of the asker's."),
    },
    example={"label": "nightly", "scopes": ["read", "submit"]},
)
ROTATION = bodies.rotation("Rotation", of="token", default=3_600, longest=86_400, example=600)


class TokenCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request) -> Response:
        """List them, newest first; those that are over are not listed."""
        own = tokens.live(team=selectors.own_team(request), now=timezone.now())

        def show(token: TeamToken) -> dict[str, Any]:
            return TOKEN.show(token, is_current=token.pk == _current(request).pk)

        return pages.page(request, own, show, ordering="-id")

    @idempotent(is_secret=True)
    def post(self, request: Request) -> HttpResponse:
        asked = NEW.read(request)
        token, plain = tokens.issue_from(
            parent=_current(request),
            label=asked["label"],
            scopes=asked["scopes"] or sorted(set(_current(request).scopes)),
            expires_at=asked["expires_at"],
            now=timezone.now(),
        )
        return _issued(token, plain)


class TokenDetail(APIView):
    permission_classes = [HasToken]

    def delete(self, request: Request, token_id: int) -> HttpResponse:
        tokens.revoke(token=_found(request, token_id), now=timezone.now())
        RECENT.forget()
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


class TokenRotation(APIView):
    permission_classes = [HasToken]

    @idempotent(is_secret=True)
    def post(self, request: Request, token_id: int) -> HttpResponse:
        grace = ROTATION.read(request)["grace_seconds"]
        token, plain = tokens.rotate(
            token=_found(request, token_id), by=_current(request), grace=grace, now=timezone.now()
        )
        RECENT.forget()
        return _issued(token, plain)


def _current(request: Request) -> TeamToken:
    assert isinstance(request.auth, TeamToken)  # the view's permission demands one
    return request.auth


def _found(request: Request, token_id: int) -> TeamToken:
    """Find a live token of one's own team that may do no more than the one that asks."""
    live = tokens.live(team=selectors.own_team(request), now=timezone.now())
    token = get_object_or_404(live, pk=token_id)
    if not set(token.scopes) <= set(_current(request).scopes):
        raise PermissionDenied("the token may do more than yours")
    return token


def _issued(token: TeamToken, plain: str) -> HttpResponse:
    return json_answer(ISSUED.show(token, is_current=False, token=plain), status=201)
