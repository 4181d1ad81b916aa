"""A submission as its team sees it, and the verdict of a dry run."""

from typing import Any

from vault import leaderboard, transcripts
from vault.api import provenance
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape
from vault.models import Release, Submission
from vault.references import scores as reference_scores
from vault.statuses import SubmissionStatus

SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


SUPERSEDED = Shape(
    "SupersededAnswer",
    {
        "transcript": fields.integer(1, minimum=1),
        "released": fields.number(None, source=By.CALLER, null=True),
        "on_display": fields.number(None, source=By.CALLER, null=True),
        "outcome": fields.one_of("no_improvement", Release.Outcome.values),
    },
    description="An answer that corrected labels have superseded, as `released`, `on_display` and `outcome` "
    "had it.",
)
SUBMISSION = Shape(
    "Submission",
    {
        "id": fields.text("0195a4f0-5b1c-7d8e-9f00-112233445566", source="pk", format="uuid"),
        "benchmark": fields.text(
            "rain-tomorrow", "The benchmark's short name.", source="round.benchmark.slug"
        ),
        "round": fields.integer(1, "The number of its round.", source="round.number", minimum=1),
        "sequence": fields.integer(
            12, "Its place among the team's submissions of the round.", minimum=1
        ),
        "status": fields.one_of("QUEUED", SubmissionStatus.values),
        "sha256": fields.sha256(
            SHA256, "Of the predictions in canonical form, whatever file they came in."
        ),
        "submitted_at": fields.time("2026-03-01T12:00:00Z"),
        "is_late": fields.flag(
            False, "Handed in after the round's end, as an organizer allowed the team."
        ),
        "finished_at": fields.time(null=True),
        "released": fields.number(
            None,
            "The submission's own value, in the metric's units. Null while it has none: until it "
            "is scored, where it did not improve, and where nothing may be shown. "
            f"{reference_scores.WHY}",
            source=By.CALLER,
            null=True,
        ),
        "on_display": fields.number(
            None,
            "The value that the answer shows: the submission's own or, where the mechanism shows "
            "improvements alone and this is none, the team's earlier one. It says nothing of this "
            "submission if `released` is null. A reference's is rounded as `released` is.",
            source=By.CALLER,
            null=True,
        ),
        "outcome": fields.one_of(
            None, Release.Outcome.values, "What the answer says.", source=By.CALLER, null=True
        ),
        "transcript": fields.integer(
            1,
            "Which of the round's answers this is: 1, or more where labels were corrected and all of the "
            "round was scored again.",
            source="round.transcript",
            minimum=1,
        ),
        "superseded": fields.list_of(
            [],
            SUPERSEDED.reference(),
            "Its answers on labels that were corrected since, the oldest first: they count no more.",
            source=By.CALLER,
        ),
        "error_code": fields.text(
            None,
            "Why it failed: `scoring_failed`, which is all that is told of a competing team's file; "
            "`not_charged`, where no query was reserved for it; `matches_every_label`, where a "
            "reference's file is the label file itself, it seems, and stays one of its five: hand in a "
            "baseline's predictions.",
            null=True,
        ),
        "is_final": fields.flag(False, "The team's final of its round.", source=By.CALLER),
        **{
            name: Field(said.form.shown(said.description), said.example)
            for name, said in provenance.SAID.items()
        },
        "idempotency_key": fields.text("run-17", "Of the request that made it.", null=True),
    },
)
# Of the same submission, once it is scored.
SCORED: dict[str, Any] = {
    **SUBMISSION.example,
    "status": "SCORED",
    "finished_at": "2026-03-01T12:00:02Z",
    "released": 0.79,
    "on_display": 0.79,
    "outcome": "improved",
}

# The verdict on a file: of its panel, and of its predictions' hash.
VALIDATION = Shape(
    "Validation",
    {
        "is_valid": Field({"type": "boolean", "const": True}, True, By.CALLER),
        "panel_version": fields.integer(1, source="version", minimum=1),
        "n_items": fields.count(4000, "Items that the file answers."),
        "sha256": fields.sha256(SHA256, "Of the predictions in canonical form.", source=By.CALLER),
    },
)


def submission(row: Submission) -> dict[str, Any]:
    """Show one that `selectors.submissions_of` found, so that nothing more is asked of the database."""
    release = row.release
    own, on_display = (None, None) if release is None else (release.released, release.value)
    return SUBMISSION.show(
        row,
        released=_shown(row, own),
        on_display=_shown(row, on_display),
        outcome=None if release is None else release.outcome,
        superseded=[
            SUPERSEDED.show(
                each,
                released=_shown(row, each.released),
                on_display=_shown(row, each.value),
            )
            for each in transcripts.superseded(submission=row)
        ],
        is_final=getattr(row, "is_final", False),
    )


def _shown(row: Submission, value: float | None) -> float | None:
    """Write a value of one of its answers as it may leave now."""
    told = reference_scores.told(value=value, round=row.round, team=row.team)
    return leaderboard.shown(value=told, benchmark=row.round.benchmark)
