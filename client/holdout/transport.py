"""Requests that are repeated as the service asks: never sooner than it says, and never for ever."""

import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from holdout.answers import CROWDED_PROXY, problem_of, retry_after
from holdout.errors import (
    AnswerError,
    BudgetExhaustedError,
    NetworkError,
    ProblemError,
    SettingsError,
)

# Refusals that pass by themselves; a full window passes too, but may take a day.
PASSING = {
    "idempotency_key_in_use",
    "throttled",
    "parse_throttled",
    "parser_busy",
    "storage_full",
    "too_many_uploads",
    "upload_too_slow",
    "uploads_busy",
    "unavailable",
    "budget_concurrent_exhausted",
    "budget_window_exhausted",
    # A proxy's, which has no problem document.
    CROWDED_PROXY,
    "http_408",
    "http_502",
    "http_503",
    "http_504",
}
FIRST_BACK_OFF, MAX_BACK_OFF = 0.5, 30.0
# Of what the service asks to wait, so much is added at random, that bots do not come back together.
JITTER = 0.25
MAX_JITTER = 5.0
# Seconds: for a connection, if patience lasts that long, and for the next piece of an answer.
CONNECTING, MIN_CONNECTING, ANSWERING = 10.0, 1.0, 60.0
REFUSING_PROXY = re.compile(r"4\d\d\b")

Body = Callable[[], Iterator[bytes]]


@dataclass(kw_only=True)
class Transport:
    """One service and one team's token. `patience` is how long it may be away or busy, in seconds."""

    http: httpx.Client
    patience: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: random.Random = field(default_factory=random.Random)

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        longest: float | None = None,
        queueing: float | None = None,
        timeout: float = ANSWERING,
    ) -> httpx.Response:
        """
        An answer below 300, or 304; otherwise a `ProblemError`, `NetworkError` or `AnswerError`.

        It is repeated for `patience` seconds and at most `longest`. A full budget is waited for during
        `queueing` seconds, else `patience`; `patience` begins anew when the service has said that it is full.
        """
        patience = self.patience if longest is None else min(longest, self.patience)
        start = self.clock()
        end, end_of_queue = start + patience, start + (patience if queueing is None else queueing)
        attempt = 0
        while True:
            connecting = max(MIN_CONNECTING, min(CONNECTING, end - self.clock()))
            try:
                return self._answered(
                    method,
                    path,
                    params=dict(parameters or {}),
                    headers=dict(headers or {}),
                    content=None if body is None else body(),
                    timeout=httpx.Timeout(timeout, connect=connecting),
                )
            except (NetworkError, ProblemError) as error:
                wait = self._wait_after(error, attempt)
                is_queueing = isinstance(error, BudgetExhaustedError)
                if self.clock() + wait > (end_of_queue if is_queueing else end):
                    raise
            if is_queueing:
                end = self.clock() + wait + patience
            self.sleep(wait)
            attempt += 1

    def _wait_after(self, error: NetworkError | ProblemError, attempt: int) -> float:
        """Return the seconds before the next attempt; raises what no repetition mends."""
        asked = None
        if isinstance(error, ProblemError):
            asked = error.retry_after
            passes = error.code in PASSING
            if isinstance(error, BudgetExhaustedError) and asked is None:
                passes = False
        else:
            passes = error.passes
        if not passes:
            raise error
        # A proxy that says 0 would be asked without a pause.
        return self._spread(asked) if asked else self._back_off(attempt)

    def _answered(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self._sent(method, path, **options)
        if response.status_code < 300 or response.status_code == 304:
            return response
        raise problem_of(response)

    def _sent(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self.http.request(method, path, **options)
        except httpx.DecodingError:
            raise AnswerError("the answer cannot be unpacked") from None
        except httpx.TransportError as failure:
            raise _unreachable(failure) from None
        except UnicodeEncodeError:
            raise SettingsError("what is asked for holds bytes that are no text") from None

    def pause(self, response: httpx.Response, *, left: float) -> None:
        """Wait as long as a pending answer says, with jitter, but not longer than is left."""
        asked = retry_after(response)
        self.sleep(max(0.0, min(self._spread(asked or 1.0), left)))

    def _spread(self, seconds: float) -> float:
        return seconds + self.chance.uniform(0, min(MAX_JITTER, max(0.1, JITTER * seconds)))

    def _back_off(self, attempt: int) -> float:
        """Exponential, with full jitter."""
        longest = min(MAX_BACK_OFF, FIRST_BACK_OFF * 2**attempt)
        return self.chance.uniform(longest / 4, longest)


def connection(url: str) -> httpx.Client:
    """
    Connections to one service, through a proxy of the environment if it is asked over TLS.

    A plain request would carry the token to such a proxy in the clear, and one to this machine leave it.
    """
    try:
        return httpx.Client(trust_env=httpx.URL(url).scheme == "https")
    except (ImportError, ValueError, httpx.InvalidURL):
        raise SettingsError(
            "a proxy of the environment cannot be used: HTTPS_PROXY or ALL_PROXY must be http://HOST:PORT, "
            "and NO_PROXY a list of hosts"
        ) from None


def _unreachable(failure: httpx.TransportError) -> NetworkError:
    """Say it in words; what a proxy or a certificate has against it is no secret, and does not pass."""
    if isinstance(failure, httpx.ProxyError):
        is_refused = REFUSING_PROXY.match(str(failure)) is not None
        return NetworkError(f"the proxy answers {failure}", passes=not is_refused)
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f"its certificate is not trusted: {cause.verify_message}"
            return NetworkError(f"the service cannot be reached ({reason})", passes=False)
        cause = cause.__cause__ or cause.__context__
    return NetworkError(f"the service cannot be reached ({type(failure).__name__})")
