"""Results in the description: the team's budget, the board and published audits."""

from typing import Any

from vault.api import forms
from vault.api.openapi import headers, parameters, schemas
from vault.api.openapi.operation import JSON, Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from vault.leaderboard import RankedBy
from vault.statuses import RoundStatus, Verdict

TAG = "Results"

_LIMIT_AND_USED = {"limit": schemas.integer(minimum=0), "used": schemas.count()}
_VERDICT = schemas.or_null(
    schemas.one_of(
        [each for each in Verdict.values if each != Verdict.SUSPECTED], "Of the published audit."
    )
)
_FRESH = schemas.or_null(
    schemas.number("The final's score on labels that nobody had queried, once published.")
)


def _figure(description: str) -> Schema:
    return schemas.or_null(
        schemas.number(f"{description} In the metric's units; null until it is published.")
    )


_AUDIT: dict[str, Schema] = {
    "id": schemas.integer(minimum=1),
    "round": schemas.integer(minimum=1),
    "published_at": schemas.time(),
}

SHAPES: dict[str, Schema] = {
    "Budget": schemas.record(
        {
            "round": schemas.integer(minimum=1),
            "window": schemas.record({"seconds": schemas.integer(minimum=1), **_LIMIT_AND_USED}),
            "total": schemas.record(_LIMIT_AND_USED),
            "concurrent": schemas.record(_LIMIT_AND_USED),
            "next_slot_at": schemas.or_null(
                schemas.time("When the next query is free; null: never in this round.")
            ),
            "accepted_improvements": {
                "oneOf": [schemas.record(_LIMIT_AND_USED), {"type": "null"}],
                "description": "Of mechanisms that accept a limited number of them.",
            },
            "nats": schemas.record(
                {
                    "reserved": schemas.number("What the answers may reveal.", minimum=0),
                    "used": schemas.number("What they may have revealed so far.", minimum=0),
                }
            ),
            "proven_error": schemas.or_null(
                schemas.number("A bound on the error of all answers; null: none is proven.")
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
            "title": schemas.text("What else it calls itself; may be empty."),
            "released": schemas.or_null(
                schemas.number(
                    "In the metric's units: while the round is open or closing, the best value that was "
                    "released of the team's submissions; once it is closed, the own value of its final, "
                    "null if that has none. Digits below 1e-9 of the metric's unit are not shown."
                )
            ),
            "attempts": schemas.count("Charged submissions."),
            "is_reference": schemas.flag("An organizer's, which does not rank."),
            "fresh": _FRESH,
            "fresh_low": _figure("Low end of the 95 % interval of `fresh`."),
            "fresh_high": _figure("High end of the 95 % interval of `fresh`."),
            "fresh_resolution": _figure("The grid that `fresh` was rounded to; 0: not rounded."),
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
                schemas.integer("`rank_before` minus `rank`: positive if the team rose.")
            ),
            "overstatement": _figure(
                "How much better the final looks on the board than on fresh labels, beside the "
                "references: positive if better, whatever the metric's direction."
            ),
            "overstatement_low": _figure("Low end of the interval of `overstatement`."),
            "overstatement_high": _figure("High end of the interval of `overstatement`."),
            "luck": _figure(
                "What of `overstatement` an honest team with as many files can owe to chance."
            ),
            "verdict": _VERDICT,
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
    "AuditSummary": schemas.record(_AUDIT),
    "AuditList": schemas.page_of("AuditSummary"),
    "Audit": schemas.record({**_AUDIT, "document": schemas.reference("AuditDocument")}),
    "AuditDocument": schemas.record(
        {
            "benchmark": schemas.text(),
            "round": schemas.integer(minimum=1),
            "metric": schemas.text(),
            "resolution": schemas.number("The grid that fresh figures are rounded to."),
            "board_verdict": schemas.text("Of the board as a whole."),
            "family_wise_error": schemas.number("The chance of any false accusation."),
            "teams": schemas.list_of(
                schemas.record(
                    {
                        "team": schemas.text(),
                        "is_reference": schemas.flag(),
                        "fresh": _FRESH,
                        "verdict": _VERDICT,
                        "minimum_detectable_effect": schemas.or_null(
                            schemas.number("The least inflation that would have been found.")
                        ),
                    }
                )
            ),
        }
    ),
}

_BUDGET: dict[str, Any] = {
    "round": 1,
    "window": {"seconds": 86400, "limit": 5, "used": 2},
    "total": {"limit": 100, "used": 12},
    "concurrent": {"limit": 2, "used": 0},
    "next_slot_at": "2026-03-01T12:00:00Z",
    "accepted_improvements": None,
    "nats": {"reserved": 41.2, "used": 5.3},
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
_SUMMARY: dict[str, Any] = {"id": 3, "round": 1, "published_at": "2026-04-03T09:00:00Z"}
DOCUMENT: dict[str, Any] = {
    "benchmark": "rain-tomorrow",
    "round": 1,
    "metric": "accuracy",
    "resolution": 0.02,
    "board_verdict": "NO_EVIDENCE",
    "family_wise_error": 0.01,
    "teams": [
        {
            "team": "team-a",
            "is_reference": False,
            "fresh": 0.78,
            "verdict": "NO_EVIDENCE",
            "minimum_detectable_effect": 0.04,
        }
    ],
}

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/budget/", "GET"): Operation(
        id="get_budget",
        tag=TAG,
        summary="What the team has left",
        description="Queries of the window, of the round and at once; accepted improvements and nats.",
        access=Access.READ,
        parameters=(parameters.SLUG, parameters.ROUND),
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
    ("/api/v1/benchmarks/{slug}/audits/", "GET"): Operation(
        id="list_audits",
        tag=TAG,
        summary="List published audits",
        description="By round.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: shown("AuditList", "A page.", example=schemas.page_example(_SUMMARY))},
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/audits/{audit_id}/", "GET"): Operation(
        id="get_audit",
        tag=TAG,
        summary="One published audit",
        description="How much of the round's progress is real.",
        access=Access.PUBLIC,
        parameters=(
            parameters.in_path(
                "audit_id",
                schemas.integer(minimum=1, maximum=schemas.LONGEST_INTEGER),
                "The audit's id.",
                3,
            ),
        ),
        answers={200: shown("Audit", "The audit.", example={**_SUMMARY, "document": DOCUMENT})},
        problems=("not_found",),
    ),
}
