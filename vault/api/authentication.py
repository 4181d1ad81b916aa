"""`Authorization: Bearer hv_...` and nothing else: the API knows no sessions and no cookies.

A bot that polls shows the same token hundreds of times a minute, so each process remembers the tokens it
has looked up for a few seconds. That is how late a revocation may be noticed; an expiry is noticed at once.
"""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from vault.api import throttles
from vault.models import Team, TeamToken
from vault.teams import tokens

MAX_REMEMBERED = 10_000
# How a token usually comes; other spellings of the scheme are read with more care.
USUAL = "Bearer "


class RecentTokens:
    """Valid tokens by the digest of their text, each for a few seconds after it was looked up."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, TeamToken]] = {}

    def authenticate(self, plain: str, *, now: dt.datetime) -> TeamToken | None:
        token = self._recent(plain, now=now)
        if token is not None:
            return token
        asked_at = self._clock()
        token = tokens.authenticate(plain=plain, now=now)
        if token is not None and settings.TOKEN_CACHE_SECONDS:
            with self._lock:
                if len(self._known) >= MAX_REMEMBERED:
                    self._known.clear()
                self._known[_name(plain)] = (asked_at, token)
        return token

    def known(self, header: str) -> TeamToken | None:
        """Find the token of an `Authorization` header, if it was looked up just now."""
        if not header.startswith(USUAL):
            return None
        return self._recent(header.removeprefix(USUAL), now=timezone.now())

    def _recent(self, plain: str, *, now: dt.datetime) -> TeamToken | None:
        at, token = self._known.get(_name(plain), (0.0, None))
        if token is None or self._clock() - at >= settings.TOKEN_CACHE_SECONDS:
            return None
        return token if token.expires_at is None or token.expires_at > now else None

    def forget(self) -> None:
        """Forget all, for a change that this process has made itself."""
        with self._lock:
            self._known.clear()


def _name(plain: str) -> bytes:
    return hashlib.sha256(plain.encode("utf-8", "replace")).digest()


RECENT = RecentTokens()


class TeamTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Team, TeamToken] | None:
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _, plain = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            throttles.count_unauthenticated(request)
            raise AuthenticationFailed("use 'Authorization: Bearer' with a team's token")
        token = RECENT.authenticate(plain.strip(), now=timezone.now())
        if token is None:
            throttles.count_unauthenticated(request)
            raise AuthenticationFailed("the token is not valid")
        return token.team, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
