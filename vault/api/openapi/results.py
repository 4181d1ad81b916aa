"""Results in the description: the team's budget and the board."""

from typing import Any

from vault.api import forms
from vault.api.openapi import headers, parameters, schemas
from vault.api.openapi.operation import JSON, Access, Operation, answer, shown
from vault.api.openapi.published_audits import FRESH, VERDICT
from vault.api.openapi.schemas import Schema
from vault.leaderboard import RankedBy
from vault.statuses import RoundStatus

TAG = "Results"

_LIMIT_AND_USED = {"limit": schemas.integer(minimum=0), "used": schemas.count()}


def _figure(description: str) -> Schema:
    return schemas.or_null(
        schemas.number(f"{description} In the metric's units; null until it is published.")
    )


SHAPES: dict[str, Schema] = {
    "Budget": schemas.record(
        {
            "round": schemas.integer(minimum=1),
            "opens_at": schemas.time(
                "When the round opens, or has opened; a planned one may open later."
            ),
            "summary": schemas.text(
                "What is left, as a sentence for people: queries of the round, how many can be used now or "
                "when the next one is free, and improvements that can still be shown. Its words may change; "
                "programs read the figures."
            ),
            "window": schemas.record({"seconds": schemas.integer(minimum=1), **_LIMIT_AND_USED}),
            "total": schemas.record(_LIMIT_AND_USED),
            "concurrent": schemas.record(_LIMIT_AND_USED),
            "next_slot_at": schemas.or_null(
                schemas.time(
                    "When the next query is free, not before the round opens. Null: never in this round, as "
                    "all its queries are used, it takes no more, or it closes before one is free."
                )
            ),
            "accepted_improvements": {
                "oneOf": [schemas.record(_LIMIT_AND_USED), {"type": "null"}],
                "description": "Of mechanisms that accept a limited number of them.",
            },
            "nats": schemas.record(
                {
                    "reserved": schemas.number(
                        "What all answers together may reveal of the labels at most; 1 nat is 1.44 bits.",
                        minimum=0,
                    ),
                    "used": schemas.number("What they may have revealed so far.", minimum=0),
                    "told": schemas.number(
                        "What the holdout told everybody: publications about it while it was fresh, and "
                        "references on the board.",
                        minimum=0,
                    ),
                }
            ),
            "proven_error": schemas.or_null(
                schemas.number(
                    "A bound on the error of the answers to this team, if it uses all its queries, by what "
                    "they and all that the holdout told everybody can reveal. It holds for this team's own "
                    "answers alone: answers to other teams are not counted, so it says nothing of teams that "
                    "share theirs. Null: none is proven."
                )
            ),
            "is_blind": schemas.flag("A blind team is audited and shown no score."),
        }
    ),
    "BoardRow": schemas.record(
        {
            "rank": schemas.or_null(
                schemas.integer(
                    "By what `ranked_by` names. Shared by values that differ by at most 1e-9 of the "
                    "metric's unit; null for references, for unranked teams and where there is no such "
                    "value.",
                    minimum=1,
                )
            ),
            "team": schemas.text("Its name, which is unique."),
            "title": schemas.text(
                "What else it calls itself; may be empty, and need not be unique."
            ),
            "released": schemas.or_null(
                schemas.number(
                    "In the metric's units: while the round is open or closing, the best value that was "
                    "released of the team's submissions; once it is closed, the own value of its final, "
                    "null if that has none. Digits below 1e-9 of the metric's unit are not shown."
                )
            ),
            "attempts": schemas.count("Charged submissions."),
            "is_reference": schemas.flag("An organizer's, which does not rank."),
            "fresh": FRESH,
            "fresh_low": _figure("Low end of the 95 % interval of `fresh`."),
            "fresh_high": _figure("High end of the 95 % interval of `fresh`."),
            "fresh_resolution": schemas.or_null(
                schemas.number(
                    "The grid that `fresh` was rounded to, in the metric's units. Null: nothing is "
                    "published, or a full publication, which does not round to a grid."
                )
            ),
            "tier": schemas.or_null(
                schemas.integer(
                    "1 is the best. Teams of one tier are not told apart by simultaneous intervals of "
                    "their paired differences.",
                    minimum=1,
                )
            ),
            "rank_before": schemas.or_null(
                schemas.integer(
                    "Of a published round: the rank by `released`, as it was before publication.",
                    minimum=1,
                )
            ),
            "rank_change": schemas.or_null(
                schemas.integer(
                    "How many places the team rose among the teams that have both a released value and a "
                    "fresh figure; negative if it fell. Where all have both it is `rank_before` minus `rank`."
                )
            ),
            "overstatement": _figure(
                "How much better the file that `file_named` names looks on query labels than on fresh ones, "
                "beside what it is compared with: positive if better, whatever the metric's direction."
            ),
            "overstatement_low": _figure("Low end of the interval of `overstatement`."),
            "overstatement_high": _figure("High end of the interval of `overstatement`."),
            "luck": _figure(
                "What of `overstatement` an honest team with as many files can owe to chance."
            ),
            "verdict": VERDICT,
            "file_named": schemas.or_null(
                schemas.one_of(
                    ("final", "best_scored"),
                    "Which file of the team verdict, overstatement and luck are of: the final that ranks, or "
                    "the one that scored best on the query labels (also of a team without a final).",
                )
            ),
            "is_unranked": schemas.flag(
                "Organizers took the team out of the ranking; its row stands last, and others move up."
            ),
            "unranked_reason": schemas.or_null(schemas.text("Why, in the organizers' words.")),
        }
    ),
    "Board": schemas.record(
        {
            "round": schemas.integer(minimum=1),
            "status": schemas.one_of(RoundStatus.values),
            "is_published": schemas.flag(),
            "ranked_by": schemas.one_of(
                list(RankedBy),
                "While the round is open or closing, the best released value of a team; once it is closed, "
                "the released value of its final; once it is published, the final's fresh figure.",
            ),
            "resolution": schemas.number("The smallest difference between two released values."),
            "rows": schemas.list_of(
                schemas.reference("BoardRow"),
                "By rank, then teams without one by name, then references, then unranked teams.",
            ),
        }
    ),
}

_BUDGET: dict[str, Any] = {
    "round": 1,
    "opens_at": "2026-03-01T00:00:00Z",
    "summary": "88 of 100 queries are left in this round; 3 of 5 in 24 hours can be used now, 2 at a time.",
    "window": {"seconds": 86400, "limit": 5, "used": 2},
    "total": {"limit": 100, "used": 12},
    "concurrent": {"limit": 2, "used": 0},
    "next_slot_at": "2026-03-01T12:00:00Z",
    "accepted_improvements": None,
    "nats": {"reserved": 41.2, "used": 5.3, "told": 4.2},
    "proven_error": 0.031,
    "is_blind": False,
}
_ROW: dict[str, Any] = {
    "rank": 1,
    "team": "team-a",
    "title": "Team A",
    "released": 0.79,
    "attempts": 12,
    "is_reference": False,
    "fresh": 0.77,
    "fresh_low": 0.75,
    "fresh_high": 0.79,
    "fresh_resolution": 0.01,
    "tier": 1,
    "rank_before": 2,
    "rank_change": 1,
    "overstatement": 0.012,
    "overstatement_low": 0.003,
    "overstatement_high": 0.021,
    "luck": 0.016,
    "verdict": "NO_EVIDENCE",
    "file_named": "final",
    "is_unranked": False,
    "unranked_reason": None,
}
_BOARD: dict[str, Any] = {
    "round": 1,
    "status": "PUBLISHED",
    "is_published": True,
    "ranked_by": "fresh",
    "resolution": 0.01,
    "rows": [_ROW],
}
_CELLS = ["" if value is None else str(value) for value in _ROW.values()]
_CSV = f"{','.join(_ROW)}\n{','.join(_CELLS)}\n"
OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/budget/", "GET"): Operation(
        id="get_budget",
        tag=TAG,
        summary="What the team has left",
        description="First a sentence for people, then the figures behind it: queries of the window, of the "
        "round and at once; accepted improvements and nats. A team has its budget from its admission on, "
        "also while the round is planned.",
        access=Access.READ,
        parameters=(parameters.SLUG, parameters.BUDGET_ROUND),
        answers={
            200: shown(
                "Budget",
                "The team's account.",
                example=_BUDGET,
                headers=headers.answered("RateLimit", "RateLimit-Policy"),
            )
        },
        problems=("not_found", "not_admitted"),
    ),
    ("/api/v1/benchmarks/{slug}/leaderboard/", "GET"): Operation(
        id="get_leaderboard",
        tag=TAG,
        summary="The board",
        description="Released answers, never a raw score; a published round ranks by the fresh figures of "
        "its finals. The CSV has the same columns; text in it that begins as a formula would (`=`, `+`, `-`, "
        "`@`) has an apostrophe before it.",
        access=Access.PUBLIC,
        parameters=(
            parameters.SLUG,
            parameters.ROUND,
            parameters.in_query(
                "format",
                schemas.one_of(("json", "csv")),
                "Goes before `Accept`; without either it is `json`.",
            ),
        ),
        answers={
            200: answer(
                "The board.",
                {JSON: schemas.reference("Board"), forms.CSV: {"type": "string"}},
                {JSON: _BOARD, forms.CSV: _CSV},
            )
        },
        problems=("not_found",),
    ),
}
