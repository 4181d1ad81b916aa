"""The published document, declared once, around the rows of `audits.published_rows`.

`audits.publication` writes by it, the API is described by it, and `audits.leakage` counts by it.
"""

import hashlib

from audits import drawn_groups, sentences
from audits.published_fields import PublishedField, PublishedShape, choice, nothing
from audits.published_rows import REFERENCE, TEAM, whenever_shown
from stats.metrics import METRICS
from stats.team_tests import FAMILY_WISE_ERROR
from vault.api.openapi import schemas
from vault.api.representations.shape import Field, Shape
from vault.statuses import PublicationKind


def _level(value: float, description: str) -> Field:
    return Field(schemas.number(description), value, lambda given: value)


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
        "benchmark": PublishedField(
            schemas.text(), "rain-tomorrow", "round.benchmark.slug", tells=nothing
        ),
        "round": PublishedField(schemas.integer(minimum=1), 1, "round.number", tells=nothing),
        "metric": PublishedField(schemas.text(), "accuracy", "metric", tells=nothing),
        "greater_is_better": PublishedField(
            schemas.flag("Of the metric: of a loss lower is better."),
            True,
            lambda given: METRICS[given.metric].greater_is_better,
            tells=nothing,
        ),
        "unit": PublishedField(
            schemas.number("The range u of one item's value."), 1.0, "unit", tells=nothing
        ),
        "publication": PublishedField(
            schemas.one_of(
                PublicationKind.values,
                "`coarse`: rounded figures of finals whose release beat the baseline. `full`: figures of "
                "all finals with all metrics, to six digits below the metric's unit; the fresh holdout has "
                "retired.",
            ),
            "coarse",
            "round.publication",
            tells=nothing,
        ),
        "fresh_resolution": PublishedField(
            schemas.number(
                "The grid that fresh figures are rounded to, u / (2 sqrt(n_fresh)); null: a full "
                "publication, which has none, or no figures.",
                null=True,
            ),
            0.008,
            lambda given: given.rounding.resolution if given.n_fresh else None,
            tells=nothing,
        ),
        "n_query": PublishedField(
            schemas.count("Items that answered queries."),
            2000,
            "round.query_holdout.n_items",
            tells=nothing,
        ),
        "n_fresh": PublishedField(
            schemas.count("Items that nobody had been scored against."),
            3906,
            "n_fresh",
            tells=nothing,
        ),
        # How the holdouts were drawn: of groups, never of labels.
        "drawn_groups": PublishedField(
            schemas.or_null(drawn_groups.COUNTED.schema),
            None,
            lambda given: drawn_groups.counted(round=given.round),
            tells=nothing,
        ),
        "shift_gate": PublishedField(
            schemas.one_of(
                ("quiet", "fired", "not_tested"),
                "Whether models that cannot have adapted score alike on both sets of items. While it has "
                "`fired`, nobody is accused.",
            ),
            "quiet",
            "audit.shift_gate",
            tells=choice(3),
        ),
        # Follows from the verdicts.
        "headline": PublishedField(
            schemas.text(
                "The published verdicts, counted; those of a `SHIFT` and untested teams if there are any."
            ),
            "0 CONFIRMED, 0 INVALID, 1 without evidence of 1",
            tells=nothing,
        ),
        "how_to_read": PublishedField(
            schemas.text(
                "What an overstatement is, from which figures and with which rounding it is computed, and "
                "what its interval covers."
            ),
            "An overstatement is how much better a file looks on the labels that answered queries "
            "(the query labels) than on new labels, beside the references.",
            lambda given: sentences.how_to_read(is_exact=given.is_full),
            tells=nothing,
        ),
        "levels": PublishedField(LEVELS.schema, LEVELS.example, LEVELS.show, tells=nothing),
        # Follows from releases and rounded figures.
        "tau": PublishedField(
            schemas.number(
                "Kendall's tau-b of the ranking on the board and that on new labels, of ranked teams.",
                null=True,
            ),
            None,
            whenever_shown,
            tells=nothing,
        ),
        "seed_commitment": PublishedField(
            schemas.sha256(
                "SHA-256 of the seed of every random number of the audit, as text: of its 64 hexadecimal "
                "digits in lower case, in ASCII, not of the bytes that they stand for. The seed was drawn "
                "when the round was planned. No route tells it: organizers and researchers read it with the "
                "audit's runs and reports, and whomever they tell it can check it against this."
            ),
            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            lambda given: hashlib.sha256(given.audit.seed_entropy.encode()).hexdigest(),
            tells=nothing,
        ),
        "references": PublishedField(
            schemas.list_of(REFERENCE.reference()), [REFERENCE.example], tells=REFERENCE
        ),
        "teams": PublishedField(schemas.list_of(TEAM.reference()), [TEAM.example], tells=TEAM),
    },
    # Of audits that were published before it was told.
    optional=("drawn_groups",),
)
