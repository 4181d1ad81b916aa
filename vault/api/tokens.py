"""A team's own tokens: list them, make one, rotate one, revoke one.

No token can make one that may do more, or lives longer, than it does itself, and what it made is revoked
with it: what an organiser has limited stays limited. A token rotates itself and what was made with it;
any token of the team revokes one that may do no more, so that a lost one can be ended at once. A new
token's text is shown once, also to a request that is sent again.
"""

import datetime as dt
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault import tokens
from vault.api import bodies, finding, pages
from vault.api.answers import json_answer
from vault.api.authentication import RECENT
from vault.api.idempotency import idempotent
from vault.api.permissions import HasToken, MayRead, MaySubmit
from vault.api.shown.tokens import ISSUED, TOKEN
from vault.models import TeamToken

LONGEST_GRACE = 86_400
DEFAULT_GRACE = 3_600


class TokenCollection(APIView):
    def get_permissions(self) -> list[Any]:
        return [MaySubmit() if self.request.method == "POST" else MayRead()]

    def get(self, request: Request) -> Response:
        """Newest first; those that are over are not listed."""
        own = tokens.live(team=finding.own_team(request), now=timezone.now())

        def show(token: TeamToken) -> dict[str, Any]:
            return TOKEN.show(token, is_current=token.pk == _current(request).pk)

        return pages.page(request, own, show, ordering="-id")

    @idempotent(is_secret=True)
    def post(self, request: Request) -> HttpResponse:
        given = bodies.members(request, known=("label", "scopes", "expires_at"))
        token, plain = tokens.issue_from(
            parent=_current(request),
            label=bodies.text(given, "label", longest=100),
            scopes=_scopes(given, default=_current(request).scopes),
            expires_at=_time(given, "expires_at"),
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
        grace = bodies.grace(request, default=DEFAULT_GRACE, longest=LONGEST_GRACE)
        token, plain = tokens.rotate(
            token=_found(request, token_id), by=_current(request), grace=grace, now=timezone.now()
        )
        RECENT.forget()
        return _issued(token, plain)


def _current(request: Request) -> TeamToken:
    assert isinstance(request.auth, TeamToken)  # the view's permission demands one
    return request.auth


def _found(request: Request, token_id: int) -> TeamToken:
    """A live token of one's own team that may do no more than the one that asks."""
    live = tokens.live(team=finding.own_team(request), now=timezone.now())
    token = live.filter(pk=token_id).first()
    if token is None:
        raise Http404
    if not set(token.scopes) <= set(_current(request).scopes):
        raise PermissionDenied("the token may do more than yours")
    return token


def _issued(token: TeamToken, plain: str) -> HttpResponse:
    return json_answer(ISSUED.show(token, is_current=False, token=plain), status=201)


def _scopes(given: dict[str, Any], *, default: list[str]) -> list[str]:
    scopes = given.get("scopes", default)
    is_list = isinstance(scopes, list) and bool(scopes)
    if not is_list or any(each not in tokens.SCOPES for each in scopes):
        raise bodies.refused("scopes", f"a list of {', '.join(tokens.SCOPES)}")
    return sorted(set(scopes))


def _time(given: dict[str, Any], field: str) -> dt.datetime | None:
    value = given.get(field)
    if value is None:
        return None
    try:
        time = parse_datetime(value) if isinstance(value, str) else None
        # An offset may lead out of the calendar, where a database cannot follow.
        time = None if time is None or time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or time <= timezone.now():
        raise bodies.refused(field, "a time to come, in RFC 3339, with its offset")
    return time
