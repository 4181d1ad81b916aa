"""`Authorization: Bearer hv_...` and nothing else: the API knows no sessions and no cookies."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from vault import tokens
from vault.api import throttles
from vault.models import Team, TeamToken


class TeamTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Team, TeamToken] | None:
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _, plain = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("use 'Authorization: Bearer' with a team's token")
        token = tokens.authenticate(plain=plain.strip(), now=timezone.now())
        if token is None:
            throttles.count_stranger(request)
            raise AuthenticationFailed("the token is not valid")
        return token.team, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
