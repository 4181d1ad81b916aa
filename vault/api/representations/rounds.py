"""Rounds as anyone may see them: their times, their mechanism and what may be asked in them."""

from stats.mechanisms import MECHANISMS
from vault import leaderboard
from vault.api.representations import fields
from vault.api.representations.shape import Field, Shape
from vault.statuses import PublicationKind, RoundStatus

COMMITMENT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


POLICY = Shape(
    "BudgetPolicy",
    {
        "window_seconds": fields.integer(86400, "The length of the rolling window.", minimum=1),
        "window_limit": fields.integer(5, "Queries in a window.", minimum=1),
        "total_limit": fields.integer(100, "Queries in the round.", minimum=1),
        "concurrent_limit": fields.integer(2, "Queries that wait at once.", minimum=1),
    },
)
ROUND = Shape(
    "Round",
    {
        "number": fields.integer(1, minimum=1),
        "status": fields.one_of("OPEN", RoundStatus.values),
        "opens_at": fields.time(
            "2026-03-01T00:00:00Z",
            "As announced: from then on teams hand in. A round may be OPEN before that, and takes no "
            "file of a team.",
        ),
        "closes_at": fields.time("2026-04-01T00:00:00Z", "As announced."),
        "closed_at": fields.time(
            None,
            "From when on it took nothing: `closes_at`, or earlier if an organizer closed it before.",
            source="stopped_at",
            null=True,
        ),
        "published_at": fields.time(None, "When its results were published.", null=True),
        "cancelled_at": fields.time(
            None, "When it was cancelled: planned, it never opened, and it has no board.", null=True
        ),
        "cancelled_reason": fields.text(None, "Why, in the organizers' words.", null=True),
        "mechanism": fields.one_of("ladder", MECHANISMS, "How scores become answers."),
        "parameters": Field({"type": "object", "description": "Of the mechanism."}, {"eta": 0.01}),
        "resolution": fields.number(
            0.01,
            "The smallest difference between two values on the board, in the metric's units.",
            source=lambda round: leaderboard.resolution(round=round),
        ),
        "publication": fields.one_of(
            "coarse",
            PublicationKind.values,
            "What will be published of the fresh holdout: `coarse` figures, after which it answers the "
            "next round, or `full` ones, after which it retires.",
        ),
        "transcript": fields.integer(
            1,
            "Which of its answers count: 1, or more where labels were corrected and all of it was scored "
            "again.",
            minimum=1,
        ),
        "panel_version": fields.integer(1, source="panel.version", minimum=1),
        "n_query": fields.count(
            2000, "Items of the query holdout.", source="query_holdout.n_items"
        ),
        "query_commitment": fields.sha256(
            COMMITMENT, "Of the query holdout's labels.", source="query_holdout.commitment"
        ),
        "budget": Field(POLICY.reference(), POLICY.example, POLICY.show),
    },
)
