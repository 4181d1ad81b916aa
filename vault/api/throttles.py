"""Two throttles of this process, neither of which is the query budget.

Requests: so many a minute for each token, and for each address that shows no valid one. Parses: so many dry
runs, rejected files and files fetched a minute for each team, which are the dearest things that cost no
query. Both protect the process, not the labels: they are counted in memory, and a restart resets them.
"""

import ipaddress
import math
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from vault.api.limits import Limit
from vault.api.problems import ProblemError
from vault.models import LabelProvider, Team, TeamToken

WINDOW_SECONDS = 60.0
MAX_CALLERS = 20_000


class Flood:
    """A bucket for each caller that holds a minute's requests and leaks steadily: one number a caller.

    The number is when the bucket will be empty (the generic cell rate algorithm).
    """

    def __init__(self, *, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = WINDOW_SECONDS / per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._empty_at: dict[str, float] = {}

    def wait(self, caller: str) -> float:
        """Return the seconds until this caller's request fits; 0 and counted, if it fits now."""
        with self._lock:
            now = self._clock()
            empty_at = max(self._empty_at.get(caller, now), now) + self._interval
            if empty_at - now > WINDOW_SECONDS + self._interval / 2:
                return empty_at - now - WINDOW_SECONDS
            self._empty_at[caller] = empty_at
            if len(self._empty_at) > MAX_CALLERS:
                # Who waits for nothing is forgotten; if nearly all do wait, everybody starts anew.
                waiting = {caller: at for caller, at in self._empty_at.items() if at > now}
                self._empty_at = waiting if len(waiting) < MAX_CALLERS // 2 else {}
            return 0.0

    def is_full(self, caller: str) -> float:
        """Return the seconds until this caller's request would fit, without counting one."""
        with self._lock:
            now = self._clock()
            ahead = max(self._empty_at.get(caller, now), now) + self._interval - now
            return max(0.0, ahead - WINDOW_SECONDS - self._interval / 2)


def admits(token: TeamToken) -> bool:
    """Count a request of this token, if it fits."""
    per_minute = settings.TOKEN_REQUESTS_PER_MINUTE
    return not per_minute or not _flood("requests", per_minute).wait(f"token {token.pk}")


class FloodThrottle(BaseThrottle):
    """Raises rather than returns False, so that the problem can say which limit it was."""

    def allow_request(self, request: Request, view: Any) -> bool:
        token = request.auth
        if isinstance(token, TeamToken):
            _count(f"token {token.pk}", settings.TOKEN_REQUESTS_PER_MINUTE)
        elif isinstance(token, LabelProvider):
            _count(f"labels {token.pk}", settings.TOKEN_REQUESTS_PER_MINUTE)
        else:
            count_unauthenticated(request)
        return True


def count_unauthenticated(request: Request) -> None:
    """Count a request without a valid token by the address that it comes from."""
    _count(network(BaseThrottle().get_ident(request)), settings.ANONYMOUS_REQUESTS_PER_MINUTE)


def network(address: str | None) -> str:
    """Name what is counted as one caller: one customer of IPv6 has a network of 2**64 addresses."""
    try:
        caller = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if caller.version == 4:
        return str(caller)
    return str(ipaddress.ip_network((caller, 64), strict=False))


def check_parses(team: Team) -> None:
    """Refuse a file before its body is read, if this team's last minute was full of parses for nothing."""
    per_minute = settings.PARSES_PER_MINUTE
    if per_minute and (wait := _flood("parses", per_minute).is_full(f"team {team.pk}")):
        raise ProblemError("parse_throttled", limit_of=_limit("parses", per_minute, wait))


def count_parse(team: Team) -> None:
    """Note a dry run, a rejected file, or one that is fetched."""
    if settings.PARSES_PER_MINUTE:
        _flood("parses", settings.PARSES_PER_MINUTE).wait(f"team {team.pk}")


def _count(caller: str, per_minute: int) -> None:
    if per_minute and (wait := _flood("requests", per_minute).wait(caller)):
        raise ProblemError("throttled", limit_of=_limit("requests", per_minute, wait))


def _limit(policy: str, per_minute: int, wait: float) -> Limit:
    return Limit(
        name=policy,
        quota=per_minute,
        remaining=0,
        window_seconds=int(WINDOW_SECONDS),
        more_in=math.ceil(wait),
    )


@lru_cache(maxsize=4)
def _flood(policy: str, per_minute: int) -> Flood:
    return Flood(per_minute=per_minute)
