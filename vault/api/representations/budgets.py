"""What a team has left, as it sees it."""

from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape


def _used(kind: str, *, limit: int, used: int) -> dict[str, Field]:
    """Describe the limit of a kind, and what of it is used."""
    return {
        "limit": fields.integer(limit, source=f"{kind}_limit", minimum=0),
        "used": fields.count(used, source=f"{kind}_used"),
    }


WINDOW = Shape(
    "Window",
    {
        "seconds": fields.integer(86400, source="window_seconds", minimum=1),
        **_used("window", limit=5, used=2),
    },
)
TOTAL = Shape("Total", _used("total", limit=100, used=12))
CONCURRENT = Shape("Concurrent", _used("concurrent", limit=2, used=0))
ACCEPTED = Shape("Accepted", _used("accepted", limit=10, used=3))
LATE = Shape(
    "Late",
    {
        "limit": fields.integer(2, minimum=0),
        "used": fields.count(0),
        "until": fields.time("2026-04-02T00:00:00Z"),
    },
)
NATS = Shape(
    "Nats",
    {
        "reserved": fields.number(
            41.2,
            "What all answers together may reveal of the labels at most; 1 nat is 1.44 bits.",
            source="nats_reserved",
            minimum=0,
        ),
        "used": fields.number(
            5.3, "What they may have revealed so far.", source="nats_used", minimum=0
        ),
        "told": fields.number(
            4.2,
            "What the holdout revealed to everybody: publications about it while it was fresh, and "
            "references on the board.",
            source="nats_told",
            minimum=0,
        ),
        "committed": fields.number(
            210.0,
            "What the holdout told everybody and may tell all teams that are admitted, by all its rounds.",
            source="nats_committed",
            minimum=0,
        ),
        "planned": fields.number(
            310.5,
            "What the round was planned for: nobody is admitted beyond it. null: planned before this was "
            "kept.",
            source="nats_planned",
            minimum=0,
            null=True,
        ),
    },
)


BUDGET = Shape(
    "Budget",
    {
        "round": fields.integer(1, source=By.CALLER, minimum=1),
        "opens_at": fields.time(
            "2026-03-01T00:00:00Z",
            "When the round opens, or has opened; a planned one may open later.",
            source=By.CALLER,
        ),
        "summary": fields.text(
            "88 of 100 queries are left in this round; 3 of 5 in 24 hours can be used now, 2 at a time.",
            "What is left, as a sentence for people: queries of the round, how many can be used now or "
            "when the next one is free, and improvements that can still be shown. Its words may "
            "change; programs read the figures.",
            source=By.CALLER,
        ),
        "window": Field(WINDOW.schema, WINDOW.example, WINDOW.show),
        "total": Field(TOTAL.schema, TOTAL.example, TOTAL.show),
        "concurrent": Field(CONCURRENT.schema, CONCURRENT.example, CONCURRENT.show),
        "next_slot_at": fields.time(
            "2026-03-01T12:00:00Z",
            "When the next query is free, not before the round opens. Null: never in this round, "
            "as all its queries are used, it takes no more, or it closes before one is free.",
            null=True,
        ),
        "accepted_improvements": Field(
            {
                "oneOf": [ACCEPTED.schema, {"type": "null"}],
                "description": "Of mechanisms that accept a limited number of them.",
            },
            None,
            lambda left: None if left.accepted_limit is None else ACCEPTED.show(left),
        ),
        "late": Field(
            {
                "oneOf": [LATE.schema, {"type": "null"}],
                "description": "Queries that the team may use after the round's end, as an organizer "
                "allowed; they are not among those above. Null: none were ever allowed.",
            },
            None,
            lambda left: None if left.late is None else LATE.show(left.late),
        ),
        "nats": Field(NATS.schema, NATS.example, NATS.show),
        "proven_error": fields.number(
            0.031,
            "How far off a score that this team is shown can be at most, up or down, from what the same "
            "file would score on endlessly many new items, if the team uses all its queries. It holds "
            "in 95 of 100 rounds, by how much the team's answers, and all that the holdout revealed to "
            "everybody, can tell of the labels. Answers to other teams are not counted, so it says "
            "nothing of teams that share theirs. Null: none is proven.",
            source=By.CALLER,
            null=True,
        ),
        "is_blind": fields.flag(False, "A blind team is audited and shown no score."),
    },
)
