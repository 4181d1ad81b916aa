"""Default-deny: a view that names no permission answers nobody."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from vault.api import throttles
from vault.models import TeamToken
from vault.teams import tokens


class DenyAll(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return False


def _token(request: Request) -> TeamToken | None:
    """Give the caller's token. Who has none is refused before the throttle is asked, so is counted here."""
    if isinstance(request.auth, TeamToken):
        return request.auth
    throttles.count_unauthenticated(request)
    return None


class HasToken(BasePermission):
    """A team of any scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return _token(request) is not None


class _Scope(BasePermission):
    scope: str

    def has_permission(self, request: Request, view: Any) -> bool:
        token = _token(request)
        return token is not None and self.scope in token.scopes


class MayRead(_Scope):
    scope = tokens.READ
    message = "the token needs the scope 'read'"


class MaySubmit(_Scope):
    scope = tokens.SUBMIT
    message = "the token needs the scope 'submit'"
