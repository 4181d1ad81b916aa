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

from vault import tokens
from vault.api import throttles
from vault.models import Team, TeamToken

MOST_REMEMBERED = 10_000


class RecentTokens:
    """Valid tokens by the digest of their text, each for a few seconds after it was looked up."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, TeamToken]] = {}

    def authenticate(self, plain: str, *, now: dt.datetime) -> TeamToken | None:
        seconds = settings.TOKEN_CACHE_SECONDS
        name = hashlib.sha256(plain.encode()).digest()
        at, token = self._known.get(name, (0.0, None))
        if token is not None and self._clock() - at < seconds:
            is_over = token.expires_at is not None and token.expires_at <= now
            return None if is_over else token
        asked_at = self._clock()
        token = tokens.authenticate(plain=plain, now=now)
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            if token is not None and seconds:
                self._known[name] = (asked_at, token)
            else:
                self._known.pop(name, None)
        return token

    def forget(self) -> None:
        """For a change that this process has made itself."""
        with self._lock:
            self._known.clear()


RECENT = RecentTokens()


class TeamTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Team, TeamToken] | None:
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _, plain = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("use 'Authorization: Bearer' with a team's token")
        token = RECENT.authenticate(plain.strip(), now=timezone.now())
        if token is None:
            throttles.count_stranger(request)
            raise AuthenticationFailed("the token is not valid")
        return token.team, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
