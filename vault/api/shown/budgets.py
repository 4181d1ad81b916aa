"""What a team has left, as it sees it."""

from typing import Any

from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape
from vault.budget_left import Remaining


def _used(kind: str, *, limit: int, used: int) -> dict[str, Field]:
    """How many of a kind there are, and how many of them are used."""
    return {
        "limit": Field(schemas.integer(minimum=0), limit, f"{kind}_limit"),
        "used": Field(schemas.count(), used, f"{kind}_used"),
    }


WINDOW = Shape(
    "Window",
    {
        "seconds": Field(schemas.integer(minimum=1), 86400, "window_seconds"),
        **_used("window", limit=5, used=2),
    },
)
TOTAL = Shape("Total", _used("total", limit=100, used=12))
CONCURRENT = Shape("Concurrent", _used("concurrent", limit=2, used=0))
ACCEPTED = Shape("Accepted", _used("accepted", limit=10, used=3))
NATS = Shape(
    "Nats",
    {
        "reserved": Field(
            schemas.number(
                "What all answers together may reveal of the labels at most; 1 nat is 1.44 bits.",
                minimum=0,
            ),
            41.2,
            "nats_reserved",
        ),
        "used": Field(
            schemas.number("What they may have revealed so far.", minimum=0), 5.3, "nats_used"
        ),
        "told": Field(
            schemas.number(
                "What the holdout revealed to everybody: publications about it while it was fresh, and "
                "references on the board.",
                minimum=0,
            ),
            4.2,
            "nats_told",
        ),
    },
)


def _accepted(given: Remaining) -> dict[str, Any] | None:
    return None if given.accepted_limit is None else ACCEPTED.show(given)


BUDGET = Shape(
    "Budget",
    {
        "round": Field(schemas.integer(minimum=1), 1, By.CALLER),
        "opens_at": Field(
            schemas.time("When the round opens, or has opened; a planned one may open later."),
            "2026-03-01T00:00:00Z",
            By.CALLER,
        ),
        "summary": Field(
            schemas.text(
                "What is left, as a sentence for people: queries of the round, how many can be used now or "
                "when the next one is free, and improvements that can still be shown. Its words may "
                "change; programs read the figures."
            ),
            "88 of 100 queries are left in this round; 3 of 5 in 24 hours can be used now, 2 at a time.",
            By.CALLER,
        ),
        "window": Field(WINDOW.schema, WINDOW.example, WINDOW.show),
        "total": Field(TOTAL.schema, TOTAL.example, TOTAL.show),
        "concurrent": Field(CONCURRENT.schema, CONCURRENT.example, CONCURRENT.show),
        "next_slot_at": Field(
            schemas.time(
                "When the next query is free, not before the round opens. Null: never in this round, "
                "as all its queries are used, it takes no more, or it closes before one is free.",
                null=True,
            ),
            "2026-03-01T12:00:00Z",
        ),
        "accepted_improvements": Field(
            {
                "oneOf": [ACCEPTED.schema, {"type": "null"}],
                "description": "Of mechanisms that accept a limited number of them.",
            },
            source=_accepted,
        ),
        "nats": Field(NATS.schema, NATS.example, NATS.show),
        "proven_error": Field(
            schemas.number(
                "How far off a score that this team is shown can be at most, up or down, from what the same "
                "file would score on endlessly many new items, if the team uses all its queries. It holds "
                "in 95 of 100 rounds, by how much the team's answers, and all that the holdout revealed to "
                "everybody, can tell of the labels. Answers to other teams are not counted, so it says "
                "nothing of teams that share theirs. Null: none is proven.",
                null=True,
            ),
            0.031,
            By.CALLER,
        ),
        "is_blind": Field(schemas.flag("A blind team is audited and shown no score."), False),
    },
)
