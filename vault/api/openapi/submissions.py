"""Submissions in the description: hand in, try out, look, cancel, withdraw, declare final."""

from vault.api import filters, provenance, tables
from vault.api.openapi import parameters, prediction_files
from vault.api.openapi.operation import Access, Operation, answer, page, shown
from vault.api.representations.shape import described
from vault.api.representations.submissions import SCORED, SUBMISSION, SUPERSEDED, VALIDATION

TAG = "Submissions"

SHAPES = described(VALIDATION, SUPERSEDED, listed=(SUBMISSION,))
# The one that most callers want stands before the others.
FILTERS = tuple(
    parameters.in_query(name, each.schema, each.description, each.example)
    for name, each in sorted(filters.FILTERS.items(), key=lambda named: named[0] != "key")
)
PROVENANCE = tuple(
    parameters.in_query(name, said.form.schema(), said.description, said.example)
    for name, said in provenance.SAID.items()
)

_POLLED = ("ETag", "Retry-After", "Preference-Applied")
_RECEIVED = ("Location", "ETag", "Retry-After", "RateLimit", "RateLimit-Policy")

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/submissions/", "GET"): Operation(
        id="list_submissions",
        summary="List the team's submissions",
        description="One's own, newest first: finds what a lost network hid.",
        access=Access.READ,
        parameters=(parameters.SLUG, *FILTERS, *parameters.PAGE),
        answers={200: page(SUBMISSION, example=SCORED)},
    ),
    ("/api/v1/benchmarks/{slug}/submissions/", "POST"): Operation(
        id="submit",
        summary="Hand in predictions",
        description="Charges one query of the round's budget, unless the team has handed in the same "
        "predictions before: then the submission of that time is shown, and nothing is charged. "
        "Refused requests are never charged. An organizer's reference is charged nothing, and hands in "
        "at most 5 files before its round opens. What counts for `closes_at` is when the whole file has "
        "arrived and was checked: an upload that is still under way then is refused with `round_closed`.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, *PROVENANCE, parameters.IDEMPOTENCY_KEY),
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
            *("not_admitted", "no_open_round", "round_closed", "too_many_references"),
            *("invalid_parameter", "validation_score_needed"),
            *("budget_window_exhausted", "budget_total_exhausted", "budget_concurrent_exhausted"),
            *prediction_files.PROBLEMS,
        ),
    ),
    ("/api/v1/benchmarks/{slug}/validate/", "POST"): Operation(
        id="validate",
        summary="Try a file out",
        description="A submission's checks and nothing else: nothing is charged or kept, and nothing "
        "of the labels is revealed.",
        access=Access.SUBMIT,
        parameters=(parameters.SLUG, parameters.PANEL_ROUND, parameters.IDEMPOTENCY_KEY),
        body=prediction_files.BODY,
        answers={200: shown(VALIDATION, "The file is valid.")},
        problems=prediction_files.PROBLEMS,
    ),
    ("/api/v1/submissions/{submission_id}/", "GET"): Operation(
        id="get_submission",
        summary="One submission",
        description="Its status, and its answer once there is one.",
        access=Access.READ,
        parameters=(parameters.SUBMISSION_ID, parameters.IF_NONE_MATCH, parameters.PREFER),
        answers={
            304: answer("Nothing has changed.", headers=_POLLED),
            200: shown(
                SUBMISSION,
                "The submission. While it waits, `Retry-After` says when to ask again.",
                example=SCORED,
                headers=_POLLED,
            ),
        },
    ),
    ("/api/v1/submissions/{submission_id}/", "DELETE"): Operation(
        id="cancel_submission",
        summary="Cancel while it waits",
        description="Gives its query back. The submission stays and can be looked at; its file is removed. "
        "An account may cancel 20 submissions an hour.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, parameters.IF_MATCH, parameters.IDEMPOTENCY_KEY),
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
        problems=("wrong_status", "cancel_throttled"),
    ),
    ("/api/v1/submissions/{submission_id}/file/", "GET"): Operation(
        id="get_submission_file",
        summary="The team's own file",
        description="The predictions as they were taken, in panel order: handed in again, they are the same "
        "submission. Counts as a parse, not as a query. The file of a cancelled submission is not kept.",
        access=Access.READ,
        parameters=(parameters.SUBMISSION_ID, parameters.form(tables.FORMS)),
        answers={200: answer("The file.", prediction_files.sent(prediction_files.EXAMPLE))},
        problems=("parse_throttled",),
    ),
    ("/api/v1/submissions/{submission_id}/final/", "POST"): Operation(
        id="declare_final",
        summary="Declare it the team's final",
        description="A scored submission of an open round becomes the one that the audit judges and, "
        "once the round is closed, that the board ranks; the last declaration before `closes_at` counts. "
        "One that released no value of its own does not rank before publication.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, parameters.IF_MATCH, parameters.IDEMPOTENCY_KEY),
        answers={200: shown(SUBMISSION, "The final.", example={**SCORED, "is_final": True})},
        problems=("wrong_status", "round_closed"),
    ),
    ("/api/v1/submissions/{submission_id}/withdraw/", "POST"): Operation(
        id="withdraw_submission",
        summary="Withdraw after its score",
        description="It ranks no more. Its query stays charged: its answer was given. Until `closes_at`.",
        access=Access.SUBMIT,
        parameters=(parameters.SUBMISSION_ID, parameters.IF_MATCH, parameters.IDEMPOTENCY_KEY),
        answers={
            200: shown(SUBMISSION, "As it is now.", example={**SCORED, "status": "WITHDRAWN"})
        },
        problems=("wrong_status", "round_closed"),
    ),
}
