"""The published document, declared once: a reference's row, a team's, and what is around them.

`audits.publication` writes by it, the API is described by it, and `audits.leakage` counts by it. A row's
source is a path from an `audits.judged.Judged`; what has none `audits.publication` computes.
"""

import hashlib

from audits import drawn_groups, sentences
from audits.published_fields import (
    PublishedField,
    PublishedShape,
    choice,
    effect,
    every,
    nothing,
    p_value,
    score,
    signed_effect,
    tier,
    verdict,
)
from stats.metrics import METRICS
from stats.team_tests import FAMILY_WISE_ERROR
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.representations import fields
from vault.api.representations.boards import FRESH, VERDICT
from vault.api.representations.shape import Field, Shape
from vault.statuses import PublicationKind

_PAIR: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_INTERVAL = schemas.or_null(_PAIR | {"description": "95 % interval of `fresh`, low and high."})
_SCORES: Schema = {
    "type": ["object", "null"],
    "description": "Of a full publication: by metric and set of labels (`query`, `fresh`) the value and "
    "the low and high end of its 95 % interval. Null in a coarse one.",
}


def whenever_shown(thing: object) -> None:
    """Leave to `audits.standing` what depends on who is ranked now."""


REFERENCE = PublishedShape(
    "AuditedReference",
    {
        "team": nothing.text("reference-a", source="team"),
        "title": nothing.text("", source="finding.team.title"),
        "query": nothing.number_or_null(0.7, "Its score on the query labels."),
        "fresh": score.field(FRESH, 0.696),
        "fresh_interval": score.field(_INTERVAL, [0.672, 0.72]),
        "scores": every.field(_SCORES, None),
    },
    description="A frozen file of the organizer, which nobody judges; of a reference with several frozen "
    "files the first. `sentence` of a team names the files that it was compared with.",
)
TEAM = PublishedShape(
    "AuditedTeam",
    {
        "team": nothing.text("team-a", source="team"),
        "title": nothing.text(
            "Team A",
            "What else it calls itself; may be empty, and need not be unique: where two have the same, "
            "a sentence says `title (team)`.",
            source="finding.team.title",
        ),
        "file_named": choice(2).one_of(
            "final",
            ("final", "best_scored"),
            "The file that the verdict names; the best-scored one of a team that withdrew every file, "
            "which has no final. Of that one figures are shown in an accusation alone.",
        ),
        "is_ranked_file": nothing.flag(True, "Whether that file is the one that ranks."),
        "named_submission": nothing.text_or_null(
            None, "The id of that file's submission where the verdict is CONFIRMED."
        ),
        "fresh": score.field(FRESH, 0.752),
        "fresh_interval": score.field(_INTERVAL, [0.722, 0.782]),
        # Follows from releases and the other members.
        "no_figure": nothing.text_or_null(
            None, "Why `fresh` is null, unless a stored file was damaged."
        ),
        # Follows from rounded figures.
        "rank_after": nothing.place(
            1,
            "By `fresh`, among the teams that are ranked now; equal figures share a rank.",
            source=whenever_shown,
        ),
        "tier": tier.place(
            1,
            "Teams that simultaneous paired intervals do not tell from the best of a tier "
            "share it. As the round was published; null for who was unranked then or is now.",
        ),
        # The organizers' own words, as is the reason.
        "is_unranked": nothing.flag(
            False,
            "Organizers took the team out of the ranking; ranks, tiers and tau are of the others. It "
            "may change after publication.",
            source=whenever_shown,
        ),
        "unranked_reason": nothing.text_or_null(
            None, "Why, in the organizers' words.", source=whenever_shown
        ),
        "released": nothing.number_or_null(
            0.767, "The final's own released value.", source="finding.released"
        ),
        "query": nothing.number_or_null(
            0.767,
            "The final's score on the query labels, whose holdout retired, to six digits "
            "below the unit.",
        ),
        "named_query": nothing.number_or_null(0.767, "The same of the file named."),
        "named_fresh": score.number_or_null(
            None, "Its figure on new labels, where it is not the final."
        ),
        "attempts": nothing.count(6, source="finding.attempts", null=True),
        "verdict": verdict.field(VERDICT, "NO_EVIDENCE"),
        "luck": effect.number_or_null(
            0.016, "What an honest team with as many files overstates in 19 of 20 draws at most."
        ),
        "p_adjusted": p_value.text_or_null(
            "> .05",
            "Adjusted for all files of the round and both kinds of reference: one digit, rounded up "
            "(a full publication: two), `< .0001` or `> .05`. An accusation needs "
            "`family_wise_error` or less, and more besides.",
        ),
        "minimum_detectable_effect": effect.number_or_null(
            0.04,
            "The least overstatement that would have been found with 80 %; null while the gate has "
            "fired, since then nobody is accused.",
        ),
        "scores": every.field(_SCORES, None),
        "test": choice(2).one_of(
            "organiser",
            ("own_files", "organiser"),
            "What the named file is compared with: the team's own first files, or the references. "
            "Overstatement, luck and p are of this test.",
            null=True,
        ),
        # Of either sign, and of two scores.
        "reference_excess": signed_effect.number_or_null(
            0.0,
            "How much better what it is compared with looks on query labels than on new ones: one file, "
            "or a weighted mean of several. Computed exactly and then rounded by itself, in a coarse "
            "publication to the nearest step of `fresh_resolution`: not the difference of rounded "
            "figures of `references`, from which it may be a step and a unit of the last digit off.",
        ),
        # Follows from the figures shown.
        "overstatement": nothing.number_or_null(
            0.015,
            "How much better the named file looks on query labels than on new ones, less "
            "`reference_excess`, from the figures shown: `query` less `fresh` less `reference_excess`, "
            "of a loss `fresh` less `query` less `reference_excess` (`named_query` and `named_fresh` "
            "where `file_named` is `best_scored`), rounded to the digits of `fresh`. So in a coarse "
            "publication it may be a step of `fresh_resolution` and two units of the last digit from "
            "the exact one. Of a file that is ahead of what it is compared with, it is the part of the "
            "lead that is missing there.",
        ),
        "overstatement_interval": effect.field(
            schemas.or_null(_PAIR | {"description": "Covers the sampling of the new labels only."}),
            [-0.005, 0.035],
        ),
        "sentence": nothing.text(
            "On the board .767, on new labels .752. Of its lead over the references .015 [-.005, .035] "
            "is missing there (overstatement). It was compared with reference-a, which looks .000 better on "
            "the query labels than on new ones (reference excess .000). An honest team with 6 files misses "
            "up to .016 in 19 of 20 draws, so the score on new labels is no lower than chance allows. An "
            "overstatement of .040 would have been found with 80 %.",
            "All of it in words, with the files that it was compared with; in a full publication with "
            "their weights, which a coarse one does not tell, since they follow the labels.",
        ),
    },
)


def _level(value: float, description: str) -> Field:
    return fields.number(value, description, source=lambda disclosure: value)


LEVELS = Shape(
    "AuditLevels",
    {
        "family_wise_error": _level(
            FAMILY_WISE_ERROR,
            "The chance that a round accuses anybody wrongly, and the level of `p_adjusted`.",
        ),
        "interval": _level(0.95, "Confidence of every interval."),
        "luck": _level(0.95, "Share of honest draws that stay below `luck`."),
        "power": _level(
            0.8, "With which the smallest effect that is stated would have been found."
        ),
    },
)
# Of an `audits.disclosure.Disclosure`.
DOCUMENT = PublishedShape(
    "AuditDocument",
    {
        "benchmark": nothing.text("rain-tomorrow", source="round.benchmark.slug"),
        "round": nothing.integer(1, source="round.number", minimum=1),
        "metric": nothing.text("accuracy", source="metric"),
        "greater_is_better": nothing.flag(
            True,
            "Of the metric: of a loss lower is better.",
            source=lambda disclosure: METRICS[disclosure.metric].greater_is_better,
        ),
        "unit": nothing.number(1.0, "The range u of one item's value.", source="unit"),
        "publication": nothing.one_of(
            "coarse",
            PublicationKind.values,
            "`coarse`: rounded figures of finals whose release beat the baseline. `full`: figures of "
            "all finals with all metrics, to six digits below the metric's unit; the fresh holdout has "
            "retired.",
            source="round.publication",
        ),
        "fresh_resolution": nothing.number_or_null(
            0.008,
            "The grid that fresh figures are rounded to, u / (2 sqrt(n_fresh)); null: a full "
            "publication, which has none, or no figures.",
            source=lambda disclosure: (
                disclosure.rounding.resolution if disclosure.n_fresh else None
            ),
        ),
        "n_query": nothing.count(
            2000, "Items that answered queries.", source="round.query_holdout.n_items"
        ),
        "n_fresh": nothing.count(
            3906, "Items that nobody had been scored against.", source="n_fresh"
        ),
        # How the holdouts were drawn: of groups, never of labels.
        "drawn_groups": nothing.field(
            schemas.or_null(drawn_groups.COUNTED.schema),
            None,
            lambda disclosure: drawn_groups.counted(round=disclosure.round),
        ),
        "shift_gate": choice(3).one_of(
            "quiet",
            ("quiet", "fired", "not_tested"),
            "Whether models that cannot have adapted score alike on both sets of items. While it has "
            "`fired`, nobody is accused.",
            source="audit.shift_gate",
        ),
        # Follows from the verdicts.
        "headline": nothing.text(
            "0 CONFIRMED, 0 INVALID, 1 without evidence of 1",
            "The published verdicts, counted; those of a `SHIFT` and untested teams if there are any.",
        ),
        "how_to_read": nothing.text(
            "An overstatement is how much better a file looks on the labels that answered queries "
            "(the query labels) than on new labels, beside the references.",
            "What an overstatement is, from which figures and with which rounding it is computed, and "
            "what its interval covers.",
            source=lambda disclosure: sentences.how_to_read(is_exact=disclosure.is_full),
        ),
        "levels": nothing.field(LEVELS.schema, LEVELS.example, LEVELS.show),
        # Follows from releases and rounded figures.
        "tau": nothing.number_or_null(
            None,
            "Kendall's tau-b of the ranking on the board and that on new labels, of ranked teams.",
            source=whenever_shown,
        ),
        "seed_commitment": nothing.sha256(
            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "SHA-256 of the seed of every random number of the audit, as text: of its 64 hexadecimal "
            "digits in lower case, in ASCII, not of the bytes that they stand for. The seed was drawn "
            "when the round was planned. No route tells it: organizers and researchers read it with the "
            "audit's runs and reports, and whomever they tell it can check it against this.",
            source=lambda disclosure: hashlib.sha256(
                disclosure.audit.seed_entropy.encode()
            ).hexdigest(),
        ),
        "references": PublishedField(
            schemas.list_of(REFERENCE.reference()), [REFERENCE.example], tells=REFERENCE
        ),
        "teams": PublishedField(schemas.list_of(TEAM.reference()), [TEAM.example], tells=TEAM),
    },
    # Of audits that were published before it was told.
    optional=("drawn_groups",),
)
