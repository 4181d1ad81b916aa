"""`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): the limits as bots read them.

The query budget has three policies: `window`, `total` and `concurrent`; `cancellations` keeps an account from
handing in and cancelling for ever. The throttles (`requests`, `parses`) protect the process.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase

from vault import errors
from vault.budget_left import Queries


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One policy and what is left of it."""

    name: str
    quota: int
    remaining: int
    window_seconds: int | None = None
    unit: str = ""
    # Seconds until there is more.
    more_in: int | None = None

    def policy(self) -> str:
        window = "" if self.window_seconds is None else f";w={self.window_seconds}"
        unit = f';qu="{self.unit}"' if self.unit else ""
        return f'"{self.name}";q={self.quota}{unit}{window}'

    def state(self) -> str:
        more = "" if self.more_in is None else f";t={self.more_in}"
        return f'"{self.name}";r={max(0, self.remaining)}{more}'

    def members(self) -> dict[str, Any]:
        """List the members of the problem that says that nothing is left of it."""
        members = {
            "limit": self.quota,
            "policy": self.name,
            "window_seconds": self.window_seconds,
            "retry_after": self.more_in,
        }
        return {name: value for name, value in members.items() if value is not None}


# Which limit of the budget an error speaks of.
POLICIES: dict[type[errors.VaultError], str] = {
    errors.WindowExhaustedError: "window",
    errors.TotalExhaustedError: "total",
    errors.ConcurrencyError: "concurrent",
    errors.CancelThrottledError: "cancellations",
}
CONCURRENT = "concurrent-requests"


def of_budget(left: Queries, *, now: dt.datetime) -> list[Limit]:
    more_in = None
    if left.window_used >= left.window_limit and left.next_slot_at is not None:
        more_in = math.ceil(max(0.0, (left.next_slot_at - now).total_seconds()))
    return [
        Limit(
            name="window",
            quota=left.window_limit,
            remaining=max(0, left.window_limit - left.window_used),
            window_seconds=left.window_seconds,
            more_in=more_in,
        ),
        Limit(
            name="total",
            quota=left.total_limit,
            remaining=max(0, left.total_limit - left.total_used),
        ),
        Limit(
            name="concurrent",
            quota=left.concurrent_limit,
            remaining=left.concurrent_limit - left.concurrent_used,
            unit=CONCURRENT,
        ),
    ]


def of_error(error: errors.BudgetError) -> Limit:
    """Give the one limit that refused."""
    name = POLICIES[type(error)]
    return Limit(
        name=name,
        quota=error.data["limit"],
        remaining=0,
        window_seconds=error.data.get("window_seconds"),
        unit=CONCURRENT if name == "concurrent" else "",
        more_in=error.data["retry_after"],
    )


def set_fields(response: HttpResponseBase, limits: Sequence[Limit]) -> None:
    response["RateLimit-Policy"] = ", ".join(each.policy() for each in limits)
    response["RateLimit"] = ", ".join(each.state() for each in limits)
