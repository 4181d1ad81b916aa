"""Requests that are repeated as the service asks: never sooner than it says, and never for ever."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from holdout.answers import CROWDED_PROXY, problem_of
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
    "unavailable",
    "budget_concurrent_exhausted",
    "budget_window_exhausted",
    # A proxy's, which has no problem document.
    CROWDED_PROXY,
    "http_502",
    "http_503",
    "http_504",
}
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.5, 30.0
# Of what the service asks to wait, so much is added at random, that bots do not come back together.
JITTER = 0.25
MOST_JITTER = 5.0

Body = Callable[[], Iterator[bytes]]


@dataclass(kw_only=True)
class Transport:
    """One service and one team's token. `patience` is how long a request may be repeated, in seconds."""

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
        patience: float | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """An answer below 300, or 304; otherwise a `ProblemError`, `NetworkError` or `AnswerError`."""
        end = self.clock() + (self.patience if patience is None else patience)
        options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        attempt = 0
        while True:
            error: ProblemError | NetworkError
            wait = self._back_off(attempt)
            try:
                response = self._sent(
                    method,
                    path,
                    params=dict(parameters or {}),
                    headers=dict(headers or {}),
                    content=None if body is None else body(),
                    **options,
                )
            except NetworkError as failure:
                error = failure
            else:
                if response.status_code < 300 or response.status_code == 304:
                    return response
                error = problem_of(response)
                if error.code not in PASSING:
                    raise error
                asked = retry_after(response)
                if asked is None and isinstance(error, BudgetExhaustedError):
                    raise error
                # A proxy that says 0 would be asked without a pause.
                wait = self._spread(asked) if asked else wait
            if self.clock() + wait > end:
                raise error
            self.sleep(wait)
            attempt += 1

    def _sent(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self.http.request(method, path, **options)
        except httpx.DecodingError:
            raise AnswerError("the answer cannot be unpacked") from None
        except httpx.TransportError as failure:
            kind = type(failure).__name__
            raise NetworkError(f"the service cannot be reached ({kind})") from None
        except UnicodeEncodeError:
            raise SettingsError("what is asked for holds bytes that are no text") from None

    def pause(self, response: httpx.Response, *, left: float) -> None:
        """Wait as long as a pending answer says, with jitter, but not longer than is left."""
        asked = retry_after(response)
        self.sleep(max(0.0, min(self._spread(asked or 1.0), left)))

    def _spread(self, seconds: float) -> float:
        return seconds + self.chance.uniform(0, min(MOST_JITTER, max(0.1, JITTER * seconds)))

    def _back_off(self, attempt: int) -> float:
        """Exponential, with full jitter."""
        longest = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2**attempt)
        return self.chance.uniform(longest / 4, longest)


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of `Retry-After`, which may also be a date (a proxy's)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
