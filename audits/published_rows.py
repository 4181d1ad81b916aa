"""Rows of a published document, each declared once: a reference's, and a team's.

A source is a path from an `audits.judged.Judged`; what has none `audits.publication` computes.
"""

from functools import partial

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
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.representations.boards import FRESH, VERDICT

_number, _text = partial(schemas.number, null=True), partial(schemas.text, null=True)
_place = partial(schemas.integer, minimum=1, null=True)
_PAIR: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_INTERVAL = schemas.or_null(_PAIR | {"description": "95 % interval of `fresh`, low and high."})
_SCORES: Schema = {
    "type": ["object", "null"],
    "description": "Of a full publication: by metric and set of labels (`query`, `fresh`) the value and "
    "the low and high end of its 95 % interval. Null in a coarse one.",
}


def whenever_shown(given: object) -> None:
    """Leave to `audits.standing` what depends on who is ranked now."""


REFERENCE = PublishedShape(
    "AuditedReference",
    {
        "team": PublishedField(schemas.text(), "reference-a", "team", tells=nothing),
        "title": PublishedField(schemas.text(), "", "finding.team.title", tells=nothing),
        "query": PublishedField(_number("Its score on the query labels."), 0.7, tells=nothing),
        "fresh": PublishedField(FRESH, 0.696, tells=score),
        "fresh_interval": PublishedField(_INTERVAL, [0.672, 0.72], tells=score),
        "scores": PublishedField(_SCORES, None, tells=every),
    },
    description="A frozen file of the organizer, which nobody judges; of a reference with several frozen "
    "files the first. `sentence` of a team names the files that it was compared with.",
)
TEAM = PublishedShape(
    "AuditedTeam",
    {
        "team": PublishedField(schemas.text(), "team-a", "team", tells=nothing),
        "title": PublishedField(
            schemas.text(
                "What else it calls itself; may be empty, and need not be unique: where two have the same, "
                "a sentence says `title (team)`."
            ),
            "Team A",
            "finding.team.title",
            tells=nothing,
        ),
        "file_named": PublishedField(
            schemas.one_of(
                ("final", "best_scored"),
                "The file that the verdict names; the best-scored one of a team that withdrew every file, "
                "which has no final. Of that one figures are shown in an accusation alone.",
            ),
            "final",
            tells=choice(2),
        ),
        "is_ranked_file": PublishedField(
            schemas.flag("Whether that file is the one that ranks."), True, tells=nothing
        ),
        "named_submission": PublishedField(
            _text("The id of that file's submission where the verdict is CONFIRMED."),
            None,
            tells=nothing,
        ),
        "fresh": PublishedField(FRESH, 0.752, tells=score),
        "fresh_interval": PublishedField(_INTERVAL, [0.722, 0.782], tells=score),
        # Follows from releases and the other members.
        "no_figure": PublishedField(
            _text("Why `fresh` is null, unless a stored file was damaged."), None, tells=nothing
        ),
        # Follows from rounded figures.
        "rank_after": PublishedField(
            _place("By `fresh`, among the teams that are ranked now; equal figures share a rank."),
            1,
            whenever_shown,
            tells=nothing,
        ),
        "tier": PublishedField(
            _place(
                "Teams that simultaneous paired intervals do not tell from the best of a tier "
                "share it. As the round was published; null for who was unranked then or is now."
            ),
            1,
            tells=tier,
        ),
        # The organizers' own words, as is the reason.
        "is_unranked": PublishedField(
            schemas.flag(
                "Organizers took the team out of the ranking; ranks, tiers and tau are of the others. It "
                "may change after publication."
            ),
            False,
            whenever_shown,
            tells=nothing,
        ),
        "unranked_reason": PublishedField(
            _text("Why, in the organizers' words."), None, whenever_shown, tells=nothing
        ),
        "released": PublishedField(
            _number("The final's own released value."), 0.767, "finding.released", tells=nothing
        ),
        "query": PublishedField(
            _number(
                "The final's score on the query labels, whose holdout retired, to six digits "
                "below the unit."
            ),
            0.767,
            tells=nothing,
        ),
        "named_query": PublishedField(_number("The same of the file named."), 0.767, tells=nothing),
        "named_fresh": PublishedField(
            _number("Its figure on new labels, where it is not the final."), None, tells=score
        ),
        "attempts": PublishedField(schemas.count(null=True), 6, "finding.attempts", tells=nothing),
        "verdict": PublishedField(VERDICT, "NO_EVIDENCE", tells=verdict),
        "luck": PublishedField(
            _number("What an honest team with as many files overstates in 19 of 20 draws at most."),
            0.016,
            tells=effect,
        ),
        "p_adjusted": PublishedField(
            _text(
                "Adjusted for all files of the round and both kinds of reference: one digit, rounded up "
                "(a full publication: two), `< .0001` or `> .05`. An accusation needs "
                "`family_wise_error` or less, and more besides."
            ),
            "> .05",
            tells=p_value,
        ),
        "minimum_detectable_effect": PublishedField(
            _number(
                "The least overstatement that would have been found with 80 %; null while the gate has "
                "fired, since then nobody is accused."
            ),
            0.04,
            tells=effect,
        ),
        "scores": PublishedField(_SCORES, None, tells=every),
        "test": PublishedField(
            schemas.one_of(
                ("own_files", "organiser"),
                "What the named file is compared with: the team's own first files, or the references. "
                "Overstatement, luck and p are of this test.",
                null=True,
            ),
            "organiser",
            tells=choice(2),
        ),
        # Of either sign, and of two scores.
        "reference_excess": PublishedField(
            _number(
                "How much better what it is compared with looks on query labels than on new ones: one file, "
                "or a weighted mean of several. Computed exactly and then rounded by itself, in a coarse "
                "publication to the nearest step of `fresh_resolution`: not the difference of rounded "
                "figures of `references`, from which it may be a step and a unit of the last digit off."
            ),
            0.0,
            tells=signed_effect,
        ),
        # Follows from the figures shown.
        "overstatement": PublishedField(
            _number(
                "How much better the named file looks on query labels than on new ones, less "
                "`reference_excess`, from the figures shown: `query` less `fresh` less `reference_excess`, "
                "of a loss `fresh` less `query` less `reference_excess` (`named_query` and `named_fresh` "
                "where `file_named` is `best_scored`), rounded to the digits of `fresh`. So in a coarse "
                "publication it may be a step of `fresh_resolution` and two units of the last digit from "
                "the exact one. Of a file that is ahead of what it is compared with, it is the part of the "
                "lead that is missing there."
            ),
            0.015,
            tells=nothing,
        ),
        "overstatement_interval": PublishedField(
            schemas.or_null(_PAIR | {"description": "Covers the sampling of the new labels only."}),
            [-0.005, 0.035],
            tells=effect,
        ),
        "sentence": PublishedField(
            schemas.text(
                "All of it in words, with the files that it was compared with; in a full publication with "
                "their weights, which a coarse one does not tell, since they follow the labels."
            ),
            "On the board .767, on new labels .752. Of its lead over the references .015 [-.005, .035] "
            "is missing there (overstatement). It was compared with reference-a, which looks .000 better on "
            "the query labels than on new ones (reference excess .000). An honest team with 6 files misses "
            "up to .016 in 19 of 20 draws, so the score on new labels is no lower than chance allows. An "
            "overstatement of .040 would have been found with 80 %.",
            tells=nothing,
        ),
    },
)
