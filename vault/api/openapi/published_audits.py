"""Published audits in the description."""

from typing import Any

from django.urls import reverse

from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import Access, Operation, page, shown
from vault.api.openapi.schemas import Schema
from vault.api.shown.boards import FRESH, VERDICT
from vault.api.shown.shape import By, Field, Shape, described
from vault.statuses import PublicationKind

TAG = "Results"

_PAIR: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_INTERVAL = schemas.or_null(_PAIR | {"description": "95 % interval of `fresh`, low and high."})
_SCORES: Schema = {
    "type": ["object", "null"],
    "description": "Of a full publication: by metric and set of labels (`query`, `fresh`) the value and "
    "the low and high end of its 95 % interval. Null in a coarse one.",
}
_DRAWN = schemas.record(
    {
        "groups": schemas.count(
            "Groups that were drawn; null: sealed before they were counted.", null=True
        ),
        "items": schemas.count("Items of these groups."),
    }
)
_DOCUMENT: dict[str, Schema] = {
    "AuditDocument": schemas.record(
        {
            "benchmark": schemas.text(),
            "round": schemas.integer(minimum=1),
            "metric": schemas.text(),
            "greater_is_better": schemas.flag("Of the metric: of a loss lower is better."),
            "unit": schemas.number("The range u of one item's value."),
            "publication": schemas.one_of(
                PublicationKind.values,
                "`coarse`: rounded figures of finals whose release beat the baseline. `full`: figures of "
                "all finals with all metrics, to six digits below the metric's unit; the fresh holdout has "
                "retired.",
            ),
            "fresh_resolution": schemas.number(
                "The grid that fresh figures are rounded to, u / (2 sqrt(n_fresh)); null: a full "
                "publication, which has none, or no figures.",
                null=True,
            ),
            "n_query": schemas.count("Items that answered queries."),
            "n_fresh": schemas.count("Items that nobody had been scored against."),
            "drawn_groups": schemas.or_null(
                schemas.record(
                    {
                        "query": _DRAWN,
                        "fresh": schemas.or_null(_DRAWN),
                        "sentence": schemas.text("The same in words, and what goes by groups."),
                    },
                    description="Of holdouts that were drawn by whole groups of items, such as all of a "
                    "patient; null: items were drawn one by one. `fresh` is null where no holdout decides. "
                    "Left out of audits that were published before it was told.",
                )
            ),
            "shift_gate": schemas.one_of(
                ("quiet", "fired", "not_tested"),
                "Whether models that cannot have adapted score alike on both sets of items. While it has "
                "`fired`, nobody is accused.",
            ),
            "headline": schemas.text(
                "The published verdicts, counted; those of a `SHIFT` and untested teams if there are any."
            ),
            "how_to_read": schemas.text(
                "What an overstatement is, from which figures and with which rounding it is computed, and "
                "what its interval covers."
            ),
            "levels": schemas.record(
                {
                    "family_wise_error": schemas.number(
                        "The chance that a round accuses anybody wrongly, and the level of `p_adjusted`."
                    ),
                    "interval": schemas.number("Confidence of every interval."),
                    "luck": schemas.number("Share of honest draws that stay below `luck`."),
                    "power": schemas.number("With which the least effect would have been found."),
                }
            ),
            "tau": schemas.number(
                "Kendall's tau-b of the ranking on the board and that on new labels, of ranked teams.",
                null=True,
            ),
            "seed_commitment": schemas.sha256(
                "SHA-256 of the seed of every random number of the audit, as text: of its 64 hexadecimal "
                "digits in lower case, in ASCII, not of the bytes that they stand for. The seed was drawn "
                "when the round was planned. No route tells it: organizers and researchers read it with the "
                "audit's runs and reports, and whomever they tell it can check it against this."
            ),
            "references": schemas.list_of(schemas.reference("AuditedReference")),
            "teams": schemas.list_of(schemas.reference("AuditedTeam")),
        },
        optional=("drawn_groups",),
    ),
    "AuditedReference": schemas.record(
        {
            "team": schemas.text(),
            "title": schemas.text(),
            "query": schemas.number("Its score on the query labels.", null=True),
            "fresh": FRESH,
            "fresh_interval": _INTERVAL,
            "scores": _SCORES,
        },
        description="A frozen file of the organizer, which nobody judges; of a reference with several frozen "
        "files the first. `sentence` of a team names the files that it was compared with.",
    ),
    "AuditedTeam": schemas.record(
        {
            "team": schemas.text(),
            "title": schemas.text(
                "What else it calls itself; may be empty, and need not be unique: where two have the same, "
                "a sentence says `title (team)`."
            ),
            "file_named": schemas.one_of(
                ("final", "best_scored"),
                "The file that the verdict names; the best-scored one of a team that withdrew every file, "
                "which has no final. Of that one figures are shown in an accusation alone.",
            ),
            "is_ranked_file": schemas.flag("Whether that file is the one that ranks."),
            "named_submission": schemas.text(
                "The id of that file's submission where the verdict is CONFIRMED.", null=True
            ),
            "fresh": FRESH,
            "fresh_interval": _INTERVAL,
            "no_figure": schemas.text(
                "Why `fresh` is null, unless a stored file was damaged.", null=True
            ),
            "rank_after": schemas.integer(
                "By `fresh`, among the teams that are ranked now; equal figures share a rank.",
                minimum=1,
                null=True,
            ),
            "tier": schemas.integer(
                "Teams that simultaneous paired intervals do not tell from the best of a tier "
                "share it. As the round was published; null for who was unranked then or is now.",
                minimum=1,
                null=True,
            ),
            "is_unranked": schemas.flag(
                "Organizers took the team out of the ranking; ranks, tiers and tau are of the others. It "
                "may change after publication."
            ),
            "unranked_reason": schemas.text("Why, in the organizers' words.", null=True),
            "released": schemas.number("The final's own released value.", null=True),
            "query": schemas.number(
                "The final's score on the query labels, whose holdout retired, to six digits "
                "below the unit.",
                null=True,
            ),
            "named_query": schemas.number("The same of the file named.", null=True),
            "named_fresh": schemas.number(
                "Its figure on new labels, where it is not the final.", null=True
            ),
            "attempts": schemas.count(null=True),
            "verdict": VERDICT,
            "luck": schemas.number(
                "What an honest team with as many files overstates in 19 of 20 draws at most.",
                null=True,
            ),
            "p_adjusted": schemas.text(
                "Adjusted for all files of the round and both kinds of reference: one digit, rounded up "
                "(a full publication: two), `< .0001` or `> .05`. An accusation needs "
                "`family_wise_error` or less, and more besides.",
                null=True,
            ),
            "minimum_detectable_effect": schemas.number(
                "The least overstatement that would have been found with 80 %; null while the gate has "
                "fired, since then nobody is accused.",
                null=True,
            ),
            "scores": _SCORES,
            "test": schemas.one_of(
                ("own_files", "organiser"),
                "What the named file is compared with: the team's own first files, or the references. "
                "Overstatement, luck and p are of this test.",
                null=True,
            ),
            "reference_excess": schemas.number(
                "How much better what it is compared with looks on query labels than on new ones: one file, "
                "or a weighted mean of several. Computed exactly and then rounded by itself, in a coarse "
                "publication to the nearest step of `fresh_resolution`: not the difference of rounded "
                "figures of `references`, from which it may be a step and a unit of the last digit off.",
                null=True,
            ),
            "overstatement": schemas.number(
                "How much better the named file looks on query labels than on new ones, less "
                "`reference_excess`, from the figures shown: `query` less `fresh` less `reference_excess`, "
                "of a loss `fresh` less `query` less `reference_excess` (`named_query` and `named_fresh` "
                "where `file_named` is `best_scored`), rounded to the digits of `fresh`. So in a coarse "
                "publication it may be a step of `fresh_resolution` and two units of the last digit from "
                "the exact one. Of a file that is ahead of what it is compared with, it is the part of the "
                "lead that is missing there.",
                null=True,
            ),
            "overstatement_interval": schemas.or_null(
                _PAIR | {"description": "Covers the sampling of the new labels only."}
            ),
            "sentence": schemas.text(
                "All of it in words, with the files that it was compared with; in a full publication with "
                "their weights, which a coarse one does not tell, since they follow the labels."
            ),
        }
    ),
}

_TEAM: dict[str, Any] = {
    "team": "team-a",
    "title": "Team A",
    "file_named": "final",
    "is_ranked_file": True,
    "named_submission": None,
    "fresh": 0.752,
    "fresh_interval": [0.722, 0.782],
    "no_figure": None,
    "rank_after": 1,
    "tier": 1,
    "is_unranked": False,
    "unranked_reason": None,
    "released": 0.767,
    "query": 0.767,
    "named_query": 0.767,
    "named_fresh": None,
    "attempts": 6,
    "verdict": "NO_EVIDENCE",
    "test": "organiser",
    "reference_excess": 0.0,
    "luck": 0.016,
    "p_adjusted": "> .05",
    "minimum_detectable_effect": 0.04,
    "scores": None,
    "overstatement": 0.015,
    "overstatement_interval": [-0.005, 0.035],
    "sentence": "On the board .767, on new labels .752. Of its lead over the references .015 [-.005, .035] "
    "is missing there (overstatement). It was compared with reference-a, which looks .000 better on the "
    "query labels than on new ones (reference excess .000). An honest team with 6 files misses up to .016 "
    "in 19 of 20 draws, so the score on new labels is no lower than chance allows. An overstatement of .040 "
    "would have been found with 80 %.",
}
DOCUMENT: dict[str, Any] = {
    "benchmark": "rain-tomorrow",
    "round": 1,
    "metric": "accuracy",
    "greater_is_better": True,
    "unit": 1.0,
    "publication": "coarse",
    "fresh_resolution": 0.008,
    "n_query": 2000,
    "n_fresh": 3906,
    "drawn_groups": None,
    "shift_gate": "quiet",
    "headline": "0 CONFIRMED, 0 INVALID, 1 without evidence of 1",
    "how_to_read": "An overstatement is how much better a file looks on the labels that answered queries "
    "(the query labels) than on new labels, beside the references.",
    "levels": {"family_wise_error": 0.01, "interval": 0.95, "luck": 0.95, "power": 0.8},
    "tau": None,
    "seed_commitment": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "references": [
        {
            "team": "reference-a",
            "title": "",
            "query": 0.7,
            "fresh": 0.696,
            "fresh_interval": [0.672, 0.72],
            "scores": None,
        }
    ],
    "teams": [_TEAM],
}


def _board(given: Any) -> str:
    """Of a publication."""
    return f"{reverse('leaderboard', args=[given.benchmark.slug])}?round={given.round.number}"


# Of a publication; the document is shown as it was written, with its teams where they stand now.
SUMMARY = Shape(
    "AuditSummary",
    {
        "id": Field(schemas.integer(minimum=1), 3, "pk"),
        "round": Field(schemas.integer(minimum=1), 1, "round.number"),
        "published_at": Field(schemas.time(), "2026-04-03T09:00:00Z"),
        "url": Field(
            schemas.text("The address of the whole document."),
            "/api/v1/audits/3/",
            lambda given: reverse("audit", args=[given.pk]),
        ),
        "leaderboard": Field(
            schemas.text("The address of the round's board, which shows the same figures."),
            "/api/v1/benchmarks/rain-tomorrow/leaderboard/?round=1",
            _board,
        ),
    },
)
AUDIT = SUMMARY.extended(
    "Audit", {"document": Field(schemas.reference("AuditDocument"), DOCUMENT, By.CALLER)}
)
SHAPES = described(AUDIT, SUMMARY) | {"AuditList": schemas.page_of("AuditSummary")} | _DOCUMENT

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/audits/", "GET"): Operation(
        id="list_audits",
        tag=TAG,
        summary="List published audits",
        description="By round, each with the address of its document.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: page(SUMMARY, name="AuditList")},
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/audits/{audit_id}/", "GET"): Operation(
        id="get_audit",
        tag=TAG,
        summary="One published audit",
        description="How much of the round's progress is real: one figure on new labels for each final, "
        "its overstatement beside what luck explains, and a sentence. The board shows the same figures.",
        access=Access.PUBLIC,
        parameters=(
            parameters.in_path(
                "audit_id",
                schemas.integer(minimum=1, maximum=schemas.MAX_INTEGER),
                "The audit's id.",
                3,
            ),
        ),
        answers={200: shown(AUDIT, "The audit.")},
        problems=("not_found",),
    ),
}
