"""Rounds as anyone may see them: their times, their mechanism and what may be asked in them."""

from stats.mechanisms import MECHANISMS
from vault import leaderboard
from vault.api.openapi import schemas
from vault.api.shown.shape import Field, Shape
from vault.models import Round
from vault.statuses import PublicationKind, RoundStatus

COMMITMENT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _resolution(given: Round) -> float:
    return leaderboard.resolution(round=given)


POLICY = Shape(
    "BudgetPolicy",
    {
        "window_seconds": Field(
            schemas.integer("The length of the rolling window.", minimum=1), 86400
        ),
        "window_limit": Field(schemas.integer("Queries in a window.", minimum=1), 5),
        "total_limit": Field(schemas.integer("Queries in the round.", minimum=1), 100),
        "concurrent_limit": Field(schemas.integer("Queries that wait at once.", minimum=1), 2),
    },
)
ROUND = Shape(
    "Round",
    {
        "number": Field(schemas.integer(minimum=1), 1),
        "status": Field(schemas.one_of(RoundStatus.values), "OPEN"),
        "opens_at": Field(
            schemas.time(
                "As announced: from then on teams hand in. A round may be OPEN before that, and takes no "
                "file of a team."
            ),
            "2026-03-01T00:00:00Z",
        ),
        "closes_at": Field(schemas.time("As announced."), "2026-04-01T00:00:00Z"),
        "closed_at": Field(
            schemas.time(
                "From when on it took nothing: `closes_at`, or earlier if an organizer closed it before.",
                null=True,
            ),
            None,
            "stopped_at",
        ),
        "published_at": Field(schemas.time("When its results were published.", null=True)),
        "cancelled_at": Field(
            schemas.time(
                "When it was cancelled: planned, it never opened, and it has no board.", null=True
            )
        ),
        "cancelled_reason": Field(schemas.text("Why, in the organizers' words.", null=True)),
        "mechanism": Field(schemas.one_of(MECHANISMS, "How scores become answers."), "ladder"),
        "parameters": Field({"type": "object", "description": "Of the mechanism."}, {"eta": 0.01}),
        "resolution": Field(
            schemas.number(
                "The smallest difference between two values on the board, in the metric's units."
            ),
            0.01,
            _resolution,
        ),
        "publication": Field(
            schemas.one_of(
                PublicationKind.values,
                "What will be published of the fresh holdout: `coarse` figures, after which it answers the "
                "next round, or `full` ones, after which it retires.",
            ),
            "coarse",
        ),
        "panel_version": Field(schemas.integer(minimum=1), 1, "panel.version"),
        "n_query": Field(
            schemas.count("Items of the query holdout."), 2000, "query_holdout.n_items"
        ),
        "query_commitment": Field(
            schemas.sha256("Of the query holdout's labels."), COMMITMENT, "query_holdout.commitment"
        ),
        "budget": Field(POLICY.reference(), POLICY.example, POLICY.show),
    },
)
