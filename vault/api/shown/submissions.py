"""A submission as its team sees it, and the verdict of a dry run."""

from typing import Any

from vault import leaderboard
from vault.api import provenance
from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape
from vault.models import Release, Submission
from vault.references import scores as reference_scores
from vault.statuses import SubmissionStatus

SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


SUBMISSION = Shape(
    "Submission",
    {
        "id": Field(schemas.text(format="uuid"), "0195a4f0-5b1c-7d8e-9f00-112233445566", "pk"),
        "benchmark": Field(
            schemas.text("The benchmark's short name."), "rain-tomorrow", "round.benchmark.slug"
        ),
        "round": Field(schemas.integer("The number of its round.", minimum=1), 1, "round.number"),
        "sequence": Field(
            schemas.integer("Its place among the team's submissions of the round.", minimum=1), 12
        ),
        "status": Field(schemas.one_of(SubmissionStatus.values), "QUEUED"),
        "sha256": Field(
            schemas.sha256("Of the predictions in canonical form, whatever file they came in."),
            SHA256,
        ),
        "submitted_at": Field(schemas.time(), "2026-03-01T12:00:00Z"),
        "finished_at": Field(schemas.time(null=True)),
        "released": Field(
            schemas.number(
                "The submission's own value, in the metric's units. Null while it has none: until it "
                "is scored, where it did not improve, and where nothing may be shown. "
                f"{reference_scores.WHY}",
                null=True,
            ),
            source=By.CALLER,
        ),
        "on_display": Field(
            schemas.number(
                "The value that the answer shows: the submission's own or, where the mechanism shows "
                "improvements alone and this is none, the team's earlier one. It says nothing of this "
                "submission if `released` is null. A reference's is rounded as `released` is.",
                null=True,
            ),
            source=By.CALLER,
        ),
        "outcome": Field(
            schemas.one_of(Release.Outcome.values, "What the answer says.", null=True),
            source=By.CALLER,
        ),
        "error_code": Field(
            schemas.text(
                "Why it failed: `scoring_failed`, which is all that is told of a competing team's file; "
                "`not_charged`, where no query was reserved for it; `matches_every_label`, where a "
                "reference's file is the label file itself, it seems, and stays one of its five: hand in a "
                "baseline's predictions.",
                null=True,
            )
        ),
        "is_final": Field(schemas.flag("The team's final of its round."), False, By.CALLER),
        **{name: Field(said.shown, said.example) for name, said in provenance.SAID.items()},
        "idempotency_key": Field(schemas.text("Of the request that made it.", null=True), "run-17"),
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
        "panel_version": Field(schemas.integer(minimum=1), 1, "version"),
        "n_items": Field(schemas.count("Items that the file answers."), 4000),
        "sha256": Field(schemas.sha256("Of the predictions in canonical form."), SHA256, By.CALLER),
    },
)


def submission(given: Submission) -> dict[str, Any]:
    """One that `finding.own_submissions` found, so that nothing more is asked of the database."""
    release, benchmark = getattr(given, "release", None), given.round.benchmark
    own, on_display = (None, None) if release is None else (release.released, release.value)
    round, team = given.round, given.team
    own, on_display = (
        reference_scores.told(value=value, round=round, team=team) for value in (own, on_display)
    )
    return SUBMISSION.show(
        given,
        released=leaderboard.shown(value=own, benchmark=benchmark),
        on_display=leaderboard.shown(value=on_display, benchmark=benchmark),
        outcome=None if release is None else release.outcome,
        is_final=getattr(given, "is_final", False),
    )
