"""The board as anyone may see it, and the columns of its rows."""

from typing import Any

from stats.verdict import Verdict
from vault import leaderboard
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.shown.shape import By, Field, Shape
from vault.leaderboard import RankedBy
from vault.models import Round
from vault.statuses import RoundStatus

# Of a board and of a published audit alike.
VERDICT = schemas.one_of(
    [each.value for each in Verdict if each != Verdict.SUSPECTED],
    "Of the published audit. `WITHIN_LUCK` only where an overstatement is shown that the luck beside "
    "it covers.",
    null=True,
)
FRESH = schemas.number(
    "The final's score on labels that nobody had queried, once published.", null=True
)


def _figure(description: str) -> Schema:
    return schemas.number(
        f"{description} In the metric's units; null until it is published.", null=True
    )


def _is_published(given: Round) -> bool:
    return given.status == RoundStatus.PUBLISHED


def _ranked_by(given: Round) -> str:
    return leaderboard.ranked_by(round=given).value


def _resolution(given: Round) -> float:
    return leaderboard.resolution(round=given)


# As JSON and as CSV.
ROW = Shape(
    "BoardRow",
    {
        "rank": Field(
            schemas.integer(
                "By what `ranked_by` names. Shared by values that differ by at most 1e-9 of the "
                "metric's unit; null for references, for unranked teams and where there is no such "
                "value.",
                minimum=1,
                null=True,
            ),
            1,
        ),
        "team": Field(schemas.text("Its name, which is unique."), "team-a"),
        "title": Field(
            schemas.text("What else it calls itself; may be empty, and need not be unique."),
            "Team A",
        ),
        "released": Field(
            schemas.number(
                "In the metric's units: while the round is open or closing, the best value that was "
                "released of the team's submissions; once it is closed, the own value of its final, "
                "null if that has none. Digits below 1e-9 of the metric's unit are not shown.",
                null=True,
            ),
            0.79,
        ),
        "attempts": Field(schemas.count("Charged submissions."), 12),
        "is_reference": Field(schemas.flag("An organizer's, which does not rank."), False),
        "fresh": Field(FRESH, 0.77),
        "fresh_low": Field(_figure("Low end of the 95 % interval of `fresh`."), 0.75),
        "fresh_high": Field(_figure("High end of the 95 % interval of `fresh`."), 0.79),
        "fresh_resolution": Field(
            schemas.number(
                "The grid that `fresh` was rounded to, in the metric's units. Null: nothing is "
                "published, or a full publication, which does not round to a grid.",
                null=True,
            ),
            0.01,
        ),
        "tier": Field(
            schemas.integer(
                "1 is the best. Teams of one tier are not told apart by simultaneous intervals of "
                "their paired differences.",
                minimum=1,
                null=True,
            ),
            1,
        ),
        "rank_before": Field(
            schemas.integer(
                "Of a published round: the rank by `released`, as it was before publication.",
                minimum=1,
                null=True,
            ),
            2,
        ),
        "rank_change": Field(
            schemas.integer(
                "How many places the team rose among the teams that have both a released value and a "
                "fresh figure; negative if it fell. Where all have both it is `rank_before` minus "
                "`rank`.",
                null=True,
            ),
            1,
        ),
        "overstatement": Field(
            _figure(
                "How much better the file that `file_named` names looks on query labels than on fresh ones, "
                "beside what it is compared with: positive if better, whatever the metric's direction. Not "
                "`released` less `fresh`: it is computed from the score on the query labels, from `fresh` "
                "and from `reference_excess`, which the audit's document has. Where `fresh_resolution` is a "
                "step it may be a step and two units of the last digit from the exact one."
            ),
            0.012,
        ),
        "overstatement_low": Field(_figure("Low end of the interval of `overstatement`."), 0.003),
        "overstatement_high": Field(_figure("High end of the interval of `overstatement`."), 0.021),
        "luck": Field(
            _figure("What of `overstatement` an honest team with as many files can owe to chance."),
            0.016,
        ),
        "verdict": Field(VERDICT, "NO_EVIDENCE"),
        "file_named": Field(
            schemas.one_of(
                ("final", "best_scored"),
                "Which file of the team verdict, overstatement and luck are of: the final that "
                "ranks, or the one that scored best on the query labels (also of a team without a "
                "final).",
                null=True,
            ),
            "final",
        ),
        "is_unranked": Field(
            schemas.flag(
                "Organizers took the team out of the ranking; its row stands last, and others move up."
            ),
            False,
        ),
        "unranked_reason": Field(schemas.text("Why, in the organizers' words.", null=True)),
    },
)
BOARD = Shape(
    "Board",
    {
        "round": Field(schemas.integer(minimum=1), 1, "number"),
        "status": Field(schemas.one_of(RoundStatus.values), "PUBLISHED"),
        "is_published": Field(schemas.flag(), True, _is_published),
        "ranked_by": Field(
            schemas.one_of(
                list(RankedBy),
                "While the round is open or closing, the best released value of a team; once it is closed, "
                "the released value of its final; once it is published, the final's fresh figure.",
            ),
            "fresh",
            _ranked_by,
        ),
        "resolution": Field(
            schemas.number("The smallest difference between two released values."),
            0.01,
            _resolution,
        ),
        "rows": Field(
            schemas.list_of(
                ROW.reference(),
                "By rank, then teams without one by name, then references, then unranked teams.",
            ),
            [ROW.example],
            By.CALLER,
        ),
    },
)


def board(given: Round, rows: list[leaderboard.Row]) -> dict[str, Any]:
    return BOARD.show(given, rows=[ROW.show(row) for row in rows])
