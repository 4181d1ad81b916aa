"""Rounds as anyone may see them: their times, their mechanism and what may be asked in them."""

from typing import Any

from stats.mechanisms import MECHANISMS
from vault import board_links, leaderboard, notices
from vault.api.openapi import schemas
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
_SAID = {"type": ["object", "null"]}
CHANGE = Shape(
    "RoundChange",
    {
        "kind": fields.one_of("deadline_moved", notices.KINDS),
        "at": fields.time("2026-03-20T09:00:00Z"),
        "reason": fields.text("The storage was down for a day.", "In the organizers' words."),
        "team": fields.text(
            None,
            "The team that it is about, of merged ones the one that goes on. Null: all, or one that is "
            "not on the board yet.",
            null=True,
        ),
        "before": Field(
            {
                **_SAID,
                "description": "`closes_at`, or a team's `queries`; of late ones also `until`; of corrected "
                "labels `label_version`, and `transcript` if all is scored again.",
            },
            {"closes_at": "2026-03-31T00:00:00Z"},
        ),
        "after": Field(
            {
                **_SAID,
                "description": "The same, as it became. Of corrected labels, if all is scored again, also "
                "`counts_since`: from then on the answers of the new `transcript` count. While it is "
                "null the earlier ones count, and new files wait until all is scored. Of merged teams "
                "`absorbed`, the one that ends.",
            },
            {"closes_at": "2026-04-01T00:00:00Z"},
        ),
    },
)
LINK = Shape(
    "BoardLink",
    {
        "round": fields.integer(1, "The round that opened before it.", minimum=1),
        "n_references": fields.integer(3, "References that stand on both boards.", minimum=1),
        "difference": fields.number(
            -0.012,
            "The mean of their scores as displayed, here less there, in the metric's units: so much more the "
            "same file scores on this board.",
        ),
        "standard_error": fields.number(
            0.015,
            "Of the difference, over the query items of both boards, and at most so large. null: the metric "
            "is no mean over items.",
            null=True,
        ),
        "distortion": fields.number(
            0.03,
            "How far rounding and noise of both boards can put the difference off, on top of any number of "
            "standard errors; with noise, in 19 of 20 cases.",
        ),
    },
    description="What a score is worth on the board of the round that opened before, by the references on "
    "both. Told where the query holdouts of both are of different draws.",
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
        "closes_at": fields.time(
            "2026-04-01T00:00:00Z",
            "As announced. An organizer may move it to a later time, and `changes` says so.",
        ),
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
        "unaudited": fields.flag(
            False,
            "No fresh holdout of the query holdout's draw is opened: its audit tests nobody, and every "
            "verdict is NOT_TESTED.",
        ),
        "planned_nats": fields.number(
            310.5,
            "What the query holdout may tell of its labels by the end of the round: all that it told "
            "before, and the answers to as many teams with as many queries as planned. No team is admitted "
            "beyond it. null: planned before this was kept.",
            null=True,
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
        "changes": fields.list_of(
            [CHANGE.example],
            CHANGE.reference(),
            "What organizers changed since it was planned, in order, each with its reason.",
            source=lambda round: [CHANGE.show(each) for each in notices.changes(round=round)],
        ),
        "link": Field(
            schemas.or_null(LINK.reference()),
            None,
            lambda round: _linked(board_links.link(round=round)),
        ),
    },
)


def _linked(link: board_links.Link | None) -> dict[str, Any] | None:
    return None if link is None else LINK.show(link)
