"""Submissions in the description: hand in, try out, look, cancel, withdraw, declare final."""

from vault.api import filters, forms, provenance
from vault.api.openapi import headers, parameters, prediction_files
from vault.api.openapi.operation import ON_THE_WAY, Access, Operation, answer, page, shown
from vault.api.shown.shape import described
from vault.api.shown.submissions import SCORED, SUBMISSION, VALIDATION
from vault.api.submissions import FILE_FORMS

TAG = "Submissions"

SHAPES = described(VALIDATION, listed=(SUBMISSION,))
PROVENANCE = tuple(
    parameters.in_query(name, said.parameter, said.description, said.example)
    for name, said in provenance.SAID.items()
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
            *filters.described(first="key"),
            *parameters.PAGE,
        ),
        answers={200: page(SUBMISSION, example=SCORED)},
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/benchmarks/{slug}/submissions/", "POST"): Operation(
        id="submit",
        tag=TAG,
        summary="Hand in predictions",
        description="Charges one query of the round's budget, unless the team has handed in the same "
        "predictions before: then the submission of that time is shown, and nothing is charged. "
        "Refused requests are never charged. An organizer's reference is charged nothing, and hands in "
        "at most 5 files before its round opens. What counts for `closes_at` is when the whole file has "
        "arrived and was checked: an upload that is still under way then is refused with `round_closed`.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, *PROVENANCE, headers.IDEMPOTENCY_KEY),
        body=prediction_files.BODY,
        answers={
            202: shown(
                SUBMISSION, "Received and charged; it waits for its score.", headers=_RECEIVED
            ),
            200: shown(
                SUBMISSION,
                "These predictions were handed in before; nothing was charged.",
                example=SCORED,
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
            "too_many_references",
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
        "of the labels is revealed.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, parameters.PANEL_ROUND, headers.IDEMPOTENCY_KEY),
        body=prediction_files.BODY,
        answers={200: shown(VALIDATION, "The file is valid.")},
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
                SUBMISSION,
                "The submission. While it waits, `Retry-After` says when to ask again.",
                example=SCORED,
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
                SUBMISSION,
                "The cancelled submission.",
                example={
                    **SUBMISSION.example,
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
            parameters.form(FILE_FORMS),
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
        answers={200: shown(SUBMISSION, "The final.", example={**SCORED, "is_final": True})},
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
            200: shown(SUBMISSION, "As it is now.", example={**SCORED, "status": "WITHDRAWN"})
        },
        problems=("not_found", "wrong_status", "round_closed", *_ACT_PROBLEMS),
    ),
}
