"""Submissions in the description: hand in, try out, look, cancel, withdraw, declare final."""

from typing import Any

from vault.api import forms, provenance
from vault.api.openapi import headers, parameters, prediction_files, schemas
from vault.api.openapi.operation import ON_THE_WAY, Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from vault.models import Release
from vault.statuses import SubmissionStatus

TAG = "Submissions"

SHAPES: dict[str, Schema] = {
    "Submission": schemas.record(
        {
            "id": schemas.text(format="uuid"),
            "benchmark": schemas.text("The benchmark's short name."),
            "round": schemas.integer("The number of its round.", minimum=1),
            "sequence": schemas.integer(
                "Its place among the team's submissions of the round.", minimum=1
            ),
            "status": schemas.one_of(SubmissionStatus.values),
            "sha256": schemas.sha256(
                "Of the predictions in canonical form, whatever file they came in."
            ),
            "submitted_at": schemas.time(),
            "finished_at": schemas.or_null(schemas.time()),
            "released": schemas.or_null(
                schemas.number(
                    "The submission's own value, in the metric's units. Null while it has none: until it "
                    "is scored, where it did not improve, and where nothing may be shown."
                )
            ),
            "on_display": schemas.or_null(
                schemas.number(
                    "The value that the answer shows: the submission's own or, where the mechanism shows "
                    "improvements alone and this is none, the team's earlier one. It says nothing of this "
                    "submission if `released` is null."
                )
            ),
            "outcome": schemas.or_null(
                schemas.one_of(Release.Outcome.values, "What the answer says.")
            ),
            "error_code": schemas.or_null(schemas.text("Why it failed.")),
            "is_final": schemas.flag("The team's final of its round."),
            "model_name": schemas.text(),
            "commit": schemas.text(),
            "ci_run_url": schemas.text(),
            "validation_score": schemas.or_null(schemas.number("The team's own.")),
            "latency_p95_ms": schemas.or_null(schemas.number("As the team says.", minimum=0)),
            "cost_per_1000": schemas.or_null(schemas.number("As the team says.", minimum=0)),
            "idempotency_key": schemas.or_null(schemas.text("Of the request that made it.")),
        }
    ),
    "SubmissionList": schemas.page_of("Submission"),
    "Validation": schemas.record(
        {
            "is_valid": {"type": "boolean", "const": True},
            "panel_version": schemas.integer(minimum=1),
            "n_items": schemas.count("Items that the file answers."),
            "sha256": schemas.sha256("Of the predictions in canonical form."),
        }
    ),
}

_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_QUEUED: dict[str, Any] = {
    "id": "0195a4f0-5b1c-7d8e-9f00-112233445566",
    "benchmark": "rain-tomorrow",
    "round": 1,
    "sequence": 12,
    "status": "QUEUED",
    "sha256": _SHA256,
    "submitted_at": "2026-03-01T12:00:00Z",
    "finished_at": None,
    "released": None,
    "on_display": None,
    "outcome": None,
    "error_code": None,
    "is_final": False,
    "model_name": "gradient boosting",
    "commit": "2f6c1d9",
    "ci_run_url": "https://ci.example/runs/17",
    "validation_score": 0.81,
    "latency_p95_ms": 38.0,
    "cost_per_1000": 0.12,
    "idempotency_key": "run-17",
}
_SCORED = {
    **_QUEUED,
    "status": "SCORED",
    "finished_at": "2026-03-01T12:00:02Z",
    "released": 0.79,
    "on_display": 0.79,
    "outcome": "improved",
}


def _text(name: str) -> Schema:
    form = provenance.TEXTS[name]
    return schemas.text(pattern=f"^{form.pattern}$", maxLength=form.longest)


def _number(name: str) -> Schema:
    form = provenance.NUMBERS[name]
    return schemas.number(minimum=form.low, maximum=form.high)


PROVENANCE = (
    parameters.in_query(
        "model_name",
        _text("model_name"),
        "What the team calls its model.",
        "gradient boosting",
    ),
    parameters.in_query(
        "commit",
        _text("commit"),
        "The commit that made the file.",
        "2f6c1d9",
    ),
    parameters.in_query(
        "ci_run_url",
        _text("ci_run_url"),
        "The pipeline run that made the file.",
        "https://ci.example/runs/17",
    ),
    parameters.in_query(
        "validation_score",
        _number("validation_score"),
        "The team's own validation score, in the metric's units. Some mechanisms need it.",
        0.81,
    ),
    parameters.in_query(
        "latency_p95_ms",
        _number("latency_p95_ms"),
        "Milliseconds of the slowest twentieth of the model's answers, as the team measured them.",
        38.0,
    ),
    parameters.in_query(
        "cost_per_1000",
        _number("cost_per_1000"),
        "What a thousand answers of the model cost, in the team's currency.",
        0.12,
    ),
)

_POLLED = headers.answered("ETag", "Retry-After", "Preference-Applied")
_RECEIVED = headers.answered("Location", "ETag", "Retry-After", "RateLimit", "RateLimit-Policy")
_ACT_PROBLEMS = (
    *("length_required", "content_too_large", "unsupported_media_type", "incomplete_body"),
    *ON_THE_WAY,
    *headers.KEY_PROBLEMS,
)

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/submissions/", "GET"): Operation(
        id="list_submissions",
        tag=TAG,
        summary="List the team's submissions",
        description="One's own, newest first: finds what a lost network hid.",
        access=Access.READ,
        parameters=(
            parameters.SLUG,
            parameters.in_query(
                "key",
                schemas.text(pattern="^[ -~]+$", minLength=1, maxLength=255),
                "Only the one that was handed in under this `Idempotency-Key`.",
                "run-17",
            ),
            parameters.in_query(
                "status", schemas.one_of(SubmissionStatus.values), "Only those in this status."
            ),
            parameters.in_query("sha256", schemas.sha256(), "Only those of these predictions."),
            {**parameters.ROUND, "description": "Only those of this round."},
            *parameters.PAGE,
        ),
        answers={200: shown("SubmissionList", "A page.", example=schemas.page_example(_SCORED))},
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/benchmarks/{slug}/submissions/", "POST"): Operation(
        id="submit",
        tag=TAG,
        summary="Hand in predictions",
        description="Charges one query of the round's budget, unless the team has handed in the same "
        "predictions before: then the submission of that time is shown, and nothing is charged. "
        "Refused requests are never charged. What counts for `closes_at` is when the whole file has arrived "
        "and was checked: an upload that is still under way then is refused with `round_closed`.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, *PROVENANCE, headers.IDEMPOTENCY_KEY),
        body=prediction_files.BODY,
        answers={
            202: shown(
                "Submission",
                "Received and charged; it waits for its score.",
                example=_QUEUED,
                headers=_RECEIVED,
            ),
            200: shown(
                "Submission",
                "These predictions were handed in before; nothing was charged.",
                example=_SCORED,
                headers=_RECEIVED,
            ),
        },
        problems=(
            "not_found",
            "not_admitted",
            "no_open_round",
            "round_closed",
            "invalid_parameter",
            "validation_score_needed",
            "budget_window_exhausted",
            "budget_total_exhausted",
            "budget_concurrent_exhausted",
            "parse_throttled",
            *headers.KEY_PROBLEMS,
            *prediction_files.PROBLEMS,
        ),
    ),
    ("/api/v1/benchmarks/{slug}/validate/", "POST"): Operation(
        id="validate",
        tag=TAG,
        summary="Try a file out",
        description="A submission's checks and nothing else: nothing is charged or kept, and nothing "
        "of the labels is told.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, parameters.PANEL_ROUND, headers.IDEMPOTENCY_KEY),
        body=prediction_files.BODY,
        answers={
            200: shown(
                "Validation",
                "The file is valid.",
                example={
                    "is_valid": True,
                    "panel_version": 1,
                    "n_items": 4000,
                    "sha256": _SHA256,
                },
            )
        },
        problems=(
            *("not_found", "parse_throttled"),
            *headers.KEY_PROBLEMS,
            *prediction_files.PROBLEMS,
        ),
    ),
    ("/api/v1/submissions/{submission_id}/", "GET"): Operation(
        id="get_submission",
        tag=TAG,
        summary="One submission",
        description="Its status, and its answer once there is one.",
        access=Access.READ,
        parameters=(parameters.SUBMISSION_ID, headers.IF_NONE_MATCH, headers.PREFER),
        answers={
            304: answer("Nothing has changed.", {}, {}, headers=_POLLED),
            200: shown(
                "Submission",
                "The submission. While it waits, `Retry-After` says when to ask again.",
                example=_SCORED,
                headers=_POLLED,
            ),
        },
        problems=("not_found",),
    ),
    ("/api/v1/submissions/{submission_id}/", "DELETE"): Operation(
        id="cancel_submission",
        tag=TAG,
        summary="Cancel while it waits",
        description="Gives its query back. The submission stays and can be looked at; its file is removed. "
        "An account may cancel 20 submissions an hour.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, headers.IDEMPOTENCY_KEY),
        answers={
            200: shown(
                "Submission",
                "The cancelled submission.",
                example={
                    **_QUEUED,
                    "status": "CANCELLED",
                    "finished_at": "2026-03-01T12:00:01Z",
                },
            )
        },
        problems=("not_found", "wrong_status", "cancel_throttled", *_ACT_PROBLEMS),
    ),
    ("/api/v1/submissions/{submission_id}/file/", "GET"): Operation(
        id="get_submission_file",
        tag=TAG,
        summary="The team's own file",
        description="The predictions as they were taken, in panel order: handed in again, they are the same "
        "submission. Counts as a parse, not as a query. The file of a cancelled submission is not kept.",
        access=Access.READ,
        parameters=(
            parameters.SUBMISSION_ID,
            parameters.in_query(
                "format",
                schemas.one_of(("csv", "parquet")),
                "Goes before `Accept`; without either it is `csv`.",
            ),
        ),
        answers={
            200: answer(
                "The file.",
                {
                    forms.CSV: {"type": "string"},
                    forms.PARQUET: {"type": "string", "format": "binary"},
                },
                {forms.CSV: prediction_files.EXAMPLE},
            )
        },
        problems=("not_found", "parse_throttled"),
    ),
    ("/api/v1/submissions/{submission_id}/final/", "POST"): Operation(
        id="declare_final",
        tag=TAG,
        summary="Declare it the team's final",
        description="A scored submission of an open round becomes the one that the audit judges and, "
        "once the round is closed, that the board ranks; the last declaration before `closes_at` counts. "
        "One that released no value of its own does not rank before publication.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, headers.IDEMPOTENCY_KEY),
        answers={
            200: shown("Submission", "The final.", example={**_SCORED, "is_final": True}),
        },
        problems=("not_found", "wrong_status", "round_closed", *_ACT_PROBLEMS),
    ),
    ("/api/v1/submissions/{submission_id}/withdraw/", "POST"): Operation(
        id="withdraw_submission",
        tag=TAG,
        summary="Withdraw after its score",
        description="It ranks no more. Its query stays charged: its answer was given. Until `closes_at`.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, headers.IDEMPOTENCY_KEY),
        answers={
            200: shown("Submission", "As it is now.", example={**_SCORED, "status": "WITHDRAWN"}),
        },
        problems=("not_found", "wrong_status", "round_closed", *_ACT_PROBLEMS),
    ),
}
