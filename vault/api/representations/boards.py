"""The board as anyone may see it, and the columns of its rows."""

from typing import Any

from stats.verdict import Verdict
from vault import leaderboard
from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape
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


def _figure(example: float, description: str) -> Field:
    described = f"{description} In the metric's units; null until it is published."
    return fields.number(example, described, null=True)


# As JSON and as CSV.
ROW = Shape(
    "BoardRow",
    {
        "rank": fields.integer(
            1,
            "By what `ranked_by` names. Shared by values that differ by at most 1e-9 of the "
            "metric's unit; null for references, for unranked teams and where there is no such "
            "value.",
            minimum=1,
            null=True,
        ),
        "team": fields.text("team-a", "Its name, which is unique."),
        "title": fields.text(
            "Team A", "What else it calls itself; may be empty, and need not be unique."
        ),
        "released": fields.number(
            0.79,
            "In the metric's units: while the round is open or closing, the best value that was "
            "released of the team's submissions; once it is closed, the own value of its final, "
            "null if that has none. Digits below 1e-9 of the metric's unit are not shown.",
            null=True,
        ),
        "attempts": fields.count(12, "Charged submissions."),
        "is_reference": fields.flag(False, "An organizer's, which does not rank."),
        "is_late": fields.flag(
            False, "The team handed in after the round's end, as an organizer allowed it."
        ),
        "fresh": Field(FRESH, 0.77),
        "fresh_low": _figure(0.75, "Low end of the 95 % interval of `fresh`."),
        "fresh_high": _figure(0.79, "High end of the 95 % interval of `fresh`."),
        "fresh_resolution": fields.number(
            0.01,
            "The grid that `fresh` was rounded to, in the metric's units. Null: nothing is "
            "published, or a full publication, which does not round to a grid.",
            null=True,
        ),
        "tier": fields.integer(
            1,
            "1 is the best. Teams of one tier are not told apart by simultaneous intervals of "
            "their paired differences.",
            minimum=1,
            null=True,
        ),
        "rank_before": fields.integer(
            2,
            "Of a published round: the rank by `released`, as it was before publication.",
            minimum=1,
            null=True,
        ),
        "rank_change": fields.integer(
            1,
            "How many places the team rose among the teams that have both a released value and a "
            "fresh figure; negative if it fell. Where all have both it is `rank_before` minus "
            "`rank`.",
            null=True,
        ),
        "overstatement": _figure(
            0.012,
            "How much better the file that `file_named` names looks on query labels than on fresh ones, "
            "beside what it is compared with: positive if better, whatever the metric's direction. Not "
            "`released` less `fresh`: it is computed from the score on the query labels, from `fresh` "
            "and from `reference_excess`, which the audit's document has. Where `fresh_resolution` is a "
            "step it may be a step and two units of the last digit from the exact one.",
        ),
        "overstatement_low": _figure(0.003, "Low end of the interval of `overstatement`."),
        "overstatement_high": _figure(0.021, "High end of the interval of `overstatement`."),
        "luck": _figure(
            0.016, "What of `overstatement` an honest team with as many files can owe to chance."
        ),
        "verdict": Field(VERDICT, "NO_EVIDENCE"),
        "file_named": fields.one_of(
            "final",
            ("final", "best_scored"),
            "Which file of the team verdict, overstatement and luck are of: the final that "
            "ranks, or the one that scored best on the query labels (also of a team without a "
            "final).",
            null=True,
        ),
        "is_unranked": fields.flag(
            False,
            "Organizers took the team out of the ranking; its row stands last, and others move up.",
        ),
        "unranked_reason": fields.text(None, "Why, in the organizers' words.", null=True),
        "absorbed": Field(
            schemas.list_of(
                schemas.text(),
                "The teams that were merged into it for this round, whose answers and attempts are its own. "
                "In CSV one cell, an array in JSON, empty if there are none.",
            ),
            [],
        ),
    },
)
BOARD = Shape(
    "Board",
    {
        "round": fields.integer(1, source="number", minimum=1),
        "status": fields.one_of("PUBLISHED", RoundStatus.values),
        "is_published": fields.flag(
            True, source=lambda round: round.status == RoundStatus.PUBLISHED
        ),
        "unaudited": fields.flag(
            False, "Its audit has no fresh holdout to test anybody on: every verdict is NOT_TESTED."
        ),
        "ranked_by": fields.one_of(
            "fresh",
            list(RankedBy),
            "While the round is open or closing, the best released value of a team; once it is closed, "
            "the released value of its final; once it is published, the final's fresh figure.",
            source=lambda round: leaderboard.ranked_by(round=round).value,
        ),
        "resolution": fields.number(
            0.01,
            "The smallest difference between two released values.",
            source=lambda round: leaderboard.resolution(round=round),
        ),
        "rows": fields.list_of(
            [ROW.example],
            ROW.reference(),
            "By rank, then teams without one by name, then references, then unranked teams.",
            source=By.CALLER,
        ),
    },
)


def board(round: Round, rows: list[leaderboard.Row]) -> dict[str, Any]:
    return BOARD.show(round, rows=[ROW.show(row) for row in rows])
