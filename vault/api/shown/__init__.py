"""How the API shows things: plain dictionaries, built from releases and public constants alone."""

from typing import Any

from vault import leaderboard
from vault.api.shown.shape import time
from vault.api.shown.submissions import submission
from vault.budget_left import Remaining
from vault.models import (
    Round,
    TeamToken,
)
from vault.statuses import RoundStatus

__all__ = [
    "board",
    "budget",
    "submission",
    "time",
    "token",
]

# Of one row of the board, as JSON and as CSV.
BOARD_COLUMNS = (
    *("rank", "team", "title", "released", "attempts", "is_reference"),
    *("fresh", "fresh_low", "fresh_high", "fresh_resolution", "tier"),
    *("rank_before", "rank_change"),
    *("overstatement", "overstatement_low", "overstatement_high", "luck"),
    *("verdict", "file_named"),
    *("is_unranked", "unranked_reason"),
)


def token(given: TeamToken, *, is_current: bool) -> dict[str, Any]:
    """All but the secret, which is not kept."""
    return {
        "id": given.pk,
        "label": given.label,
        "prefix": given.prefix,
        "scopes": given.scopes,
        "created_at": time(given.created_at),
        "expires_at": time(given.expires_at),
        "last_used_at": time(given.last_used_at),
        "made_by": given.made_by_id,
        "is_current": is_current,
    }


def budget(
    given: Remaining, *, round: Round, proven_error: float | None, summary: str
) -> dict[str, Any]:
    return {
        "round": round.number,
        "summary": summary,
        "window": {
            "seconds": given.window_seconds,
            "limit": given.window_limit,
            "used": given.window_used,
        },
        "total": {"limit": given.total_limit, "used": given.total_used},
        "concurrent": {"limit": given.concurrent_limit, "used": given.concurrent_used},
        "next_slot_at": time(given.next_slot_at),
        "accepted_improvements": None
        if given.accepted_limit is None
        else {"limit": given.accepted_limit, "used": given.accepted_used},
        "nats": {
            "reserved": given.nats_reserved,
            "used": given.nats_used,
            "told": given.nats_told,
        },
        # Null: no guarantee. The holdout is too small for this many answers, or nothing is proven.
        "proven_error": proven_error,
        "is_blind": given.is_blind,
    }


def board(given: Round, rows: list[leaderboard.Row]) -> dict[str, Any]:
    return {
        "round": given.number,
        "status": given.status,
        "is_published": given.status == RoundStatus.PUBLISHED,
        "ranked_by": leaderboard.ranked_by(round=given).value,
        "resolution": leaderboard.resolution(round=given),
        "rows": [{name: getattr(row, name) for name in BOARD_COLUMNS} for row in rows],
    }
