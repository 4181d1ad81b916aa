"""Every code that an error of the API can carry: its status, what it means, and an example.

Errors of the domain are answered with the status of their code here; one whose code is not here is a fault of
the service. `docs/errors.md`, `GET /problems/{code}` and the OpenAPI description are written from this table.
The codes are stable: one that bots know is never renamed, and never answered with another status.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

# In place of Python's own phrases, which change with its version, or say less.
TITLES = {
    401: "Not authenticated",
    413: "Content too large",
    422: "Invalid content",
    500: "Internal error",
    503: "Unavailable",
}


@dataclass(frozen=True, kw_only=True)
class ProblemCode:
    status: int
    meaning: str
    # An example of what people read; its words may change.
    detail: str
    # Examples of the extension members; one that does not apply to a case is left out.
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return TITLES.get(self.status) or HTTPStatus(self.status).phrase.capitalize()

    @property
    def headers(self) -> tuple[str, ...]:
        """List what such an answer has beside its body."""
        if self.status == 401:
            return ("WWW-Authenticate",)
        limits = ("RateLimit", "RateLimit-Policy") if "policy" in self.members else ()
        return (*limits, "Retry-After") if "retry_after" in self.members else limits


_UNCHARGED = "this is not the query budget, and nothing was charged"

CATALOGUE: dict[str, ProblemCode] = {
    "budget_concurrent_exhausted": ProblemCode(
        status=429,
        meaning="Too many of the team's submissions wait for their score. Nothing was charged; "
        "hand in again when one of them has finished. There is no `Retry-After` where the round closes "
        "first.",
        detail="2 submissions wait for their score, and the next query is free when one of them has it",
        members={
            "policy": "concurrent",
            "limit": 2,
            "used": 2,
            "next_slot_at": "2026-03-01T12:00:02Z",
            "retry_after": 2,
        },
    ),
    "budget_total_exhausted": ProblemCode(
        status=429,
        meaning="All queries of this round are used. There is no `Retry-After`: no later request "
        "will succeed in this round, so a program stops at once.",
        detail="All 100 queries of this round are used: no more can be asked in it",
        members={"policy": "total", "limit": 100, "used": 100},
    ),
    "budget_window_exhausted": ProblemCode(
        status=429,
        meaning="The queries of the rolling window are used. Nothing was charged; the next one is "
        "free at `next_slot_at`. Where the round closes before that there is neither `next_slot_at` nor "
        "`Retry-After`: no later request will succeed in this round, so a program stops at once.",
        detail="88 of 100 queries are left in this round; all 5 in 24 hours are used, and the next is free "
        "at 17:30 UTC",
        members={
            "policy": "window",
            "limit": 5,
            "used": 5,
            "window_seconds": 86400,
            "next_slot_at": "2026-03-01T17:30:00Z",
            "retry_after": 19800,
        },
    ),
    "cancel_throttled": ProblemCode(
        status=429,
        meaning="The team's account has cancelled as many submissions as it may in an hour. This one stays "
        "in the queue and is scored, unless it is cancelled at `next_slot_at` or later and still waits then.",
        detail="20 submissions of this account were cancelled in the last hour; this one stays in the queue, "
        "and can be cancelled from 12:30 UTC on",
        members={
            "policy": "cancellations",
            "limit": 20,
            "used": 20,
            "window_seconds": 3600,
            "next_slot_at": "2026-03-01T12:30:00Z",
            "retry_after": 1800,
        },
    ),
    "content_too_large": ProblemCode(
        status=413,
        meaning="The body is larger than this installation reads, or what gzip packed unpacks to more: "
        "`limit` is the same for both. Nothing was charged.",
        detail="A body may have 67108864 bytes",
        members={"limit": 67108864},
    ),
    "forbidden": ProblemCode(
        status=403,
        meaning="The token is valid, but lacks the scope that this operation needs.",
        detail="The token needs the scope 'submit'",
    ),
    "idempotency_key_in_use": ProblemCode(
        status=409,
        meaning="A request with this `Idempotency-Key` is in progress. Send it again when that one is done: "
        "then its answer is given again.",
        detail="A request with this key is in progress; ask again when it is done",
        members={"retry_after": 1},
    ),
    "idempotency_key_reused": ProblemCode(
        status=422,
        meaning="This `Idempotency-Key` was used for another request: another method, address, query or "
        "content. Nothing was done or charged; take a fresh key.",
        detail="This key was used for another request; nothing was done or charged",
    ),
    "incomplete_body": ProblemCode(
        status=400,
        meaning="The connection ended before all of the body had arrived. Nothing was charged; "
        "send it again.",
        detail="The body is shorter than its Content-Length",
    ),
    "internal_error": ProblemCode(
        status=500,
        meaning="Something failed in the service. It is logged there, and the answer says nothing of "
        "it. The request may be repeated: equal predictions are charged once.",
        detail="Something failed here; it is logged.",
    ),
    "invalid_file": ProblemCode(
        status=422,
        meaning="The file breaks a rule. The first ten problems are named by row and column, all are "
        "counted. Nothing was charged.",
        detail="The file is not valid: row 3, column id: id 'item-0001' occurs before, in row 2 (2 problems "
        "in all)",
        members={
            "n_problems": 2,
            "problems": [
                {"row": 3, "column": "id", "problem": "id 'item-0001' occurs before, in row 2"},
                {"row": None, "column": "id", "problem": "id 'item-0002' is missing"},
            ],
        },
    ),
    "invalid_idempotency_key": ProblemCode(
        status=400,
        meaning="The `Idempotency-Key` is not a string of 1 to 255 printable ASCII characters.",
        detail="Idempotency-Key is a string of 1 to 255 printable ASCII characters, in quotes",
    ),
    "invalid_envelope": ProblemCode(
        status=422,
        meaning="A batch of labels is not such an envelope as the audit worker could open; `field` names the "
        "member. Nothing was kept.",
        detail="It is sealed for another holdout",
        members={"field": "holdout"},
    ),
    "labels_not_awaited": ProblemCode(
        status=409,
        meaning="The holdout takes no labels now: the finals that they would measure are not locked, or all "
        "labels are there.",
        detail="Labels are taken once the finals that they measure are locked",
    ),
    "invalid_parameter": ProblemCode(
        status=422,
        meaning="A parameter of the query or a member of the body does not fit; `field` names it.",
        detail="model_name: at most 200 characters",
        members={"field": "model_name"},
    ),
    "invalid_token": ProblemCode(
        status=401,
        meaning="The token is unknown, revoked or expired, or the header is no `Authorization: "
        "Bearer`. Public operations answer it too: a program learns that its token is dead.",
        detail="The token is not valid",
    ),
    "length_required": ProblemCode(
        status=411,
        meaning="The request has no `Content-Length`. Chunked bodies are not read.",
        detail="Send Content-Length; no chunked bodies",
    ),
    "malformed_request": ProblemCode(
        status=400,
        meaning="The request cannot be read: broken JSON, a broken multipart or gzip body, or a `Host` that "
        "this service does not answer for.",
        detail="The request is malformed.",
    ),
    "method_not_allowed": ProblemCode(
        status=405,
        meaning="There is such an address, but not with this method; `Allow` lists those it has.",
        detail='Method "PUT" not allowed.',
    ),
    "no_open_round": ProblemCode(
        status=403,
        meaning="The benchmark has no open round; `opens_at` says when a planned one opens.",
        detail="No round is open",
        members={"opens_at": "2026-03-02T00:00:00Z"},
    ),
    "not_acceptable": ProblemCode(
        status=406,
        meaning="What `Accept` or `format` asks for is not offered here.",
        detail="This comes as json or csv",
    ),
    "not_admitted": ProblemCode(
        status=403,
        meaning="The team may not take part in this round; the benchmark's organizers admit teams.",
        detail="The team team-a is not admitted to this round",
    ),
    "not_authenticated": ProblemCode(
        status=401,
        meaning="This operation needs a token: `Authorization: Bearer hv_...`.",
        detail="Authentication credentials were not provided.",
    ),
    "not_found": ProblemCode(
        status=404,
        meaning="There is nothing here, or nothing that this token may see. The file of a cancelled "
        "submission is not kept.",
        detail="Not found.",
    ),
    "parse_throttled": ProblemCode(
        status=429,
        meaning=f"Too many dry runs, rejected and fetched files of one team in a minute: {_UNCHARGED}.",
        detail=f"Too many dry runs, rejected or fetched files; {_UNCHARGED}",
        members={"policy": "parses", "limit": 120, "window_seconds": 60, "retry_after": 1},
    ),
    "parser_busy": ProblemCode(
        status=503,
        meaning="Too many files are being parsed, or too many large ones of this team. Nothing was charged; "
        "send it again after `Retry-After`.",
        detail="Too many files are being parsed",
        members={"retry_after": 2},
    ),
    "precondition_failed": ProblemCode(
        status=412,
        meaning="`If-Match` names another state than the present one. Nothing was done; look at it without "
        "that header.",
        detail="The state is another one than If-Match names; nothing was done",
    ),
    "round_closed": ProblemCode(
        status=403,
        meaning="From `closes_at` on, or from `closed_at` where an organizer closed it earlier, the round "
        "takes no more submissions, finals and withdrawals. An upload that began before must have arrived "
        "whole by then. References are refused so by a planned round whose end has passed: it does not open "
        "any more.",
        detail="The round is closed",
        members={"closes_at": "2026-03-01T00:00:00Z", "closed_at": "2026-03-01T00:00:00Z"},
    ),
    "storage_full": ProblemCode(
        status=503,
        meaning="The disk for bodies on their way in, or the one for files, is full. Nothing was charged or "
        "kept; send it again after `Retry-After`. Whoever runs the service must make room.",
        detail="There is no room for the file; nothing of it was kept",
        members={"retry_after": 60},
    ),
    "throttled": ProblemCode(
        status=429,
        meaning=f"Too many HTTP requests in a minute: {_UNCHARGED}.",
        detail=f"Too many HTTP requests; {_UNCHARGED}",
        members={"policy": "requests", "limit": 600, "window_seconds": 60, "retry_after": 3},
    ),
    "token_refused": ProblemCode(
        status=403,
        meaning="A token cannot give a scope that it has not, nor rotate a token that was not made with it, "
        "nor make one that has ended already; `field` names what was asked for.",
        detail="A token cannot give scopes that it has not",
        members={"field": "scopes"},
    ),
    "token_link_refused": ProblemCode(
        status=410,
        meaning="A one-time link shows a token once, and this one does not any more: it was used or has "
        "ended. An organizer makes another.",
        detail="This link has ended: ask the organizer for another",
        members={"used_at": "2026-03-01T12:00:00Z"},
    ),
    "too_many_references": ProblemCode(
        status=409,
        meaning="A reference hands in at most 5 files to a planned round, and all references together at "
        "most 20 to all rounds of one query holdout, whatever became of them. Failed and cancelled files "
        "count. The organizer opens the round by hand with the references that are scored, or plans one on "
        "another query holdout. Only the organizer's references are refused so.",
        detail="The team reference-a can hand in no more: it has handed in 5 files to round 1, and one "
        "reference may hand in 5. Failed and cancelled files count. An organizer can open the round by hand "
        "with the references that are scored, or cancel it and plan one on another query holdout",
        members={"limit": 5},
    ),
    "too_many_tokens": ProblemCode(
        status=409,
        meaning="The team has as many live tokens as it may; revoke one first.",
        detail="A team may have 50 tokens",
        members={"limit": 50},
    ),
    "too_many_uploads": ProblemCode(
        status=429,
        meaning=f"Too many bodies of one team are on their way in at once: {_UNCHARGED}. Send the next when "
        "one has arrived.",
        detail=f"Too many of your uploads are on their way in; {_UNCHARGED}",
        members={"policy": "uploads", "limit": 8, "retry_after": 5},
    ),
    "too_many_webhooks": ProblemCode(
        status=409,
        meaning="The team has as many webhooks as it may; remove one first.",
        detail="A team may have 10 webhooks",
        members={"limit": 10},
    ),
    "unavailable": ProblemCode(
        status=503,
        meaning="The database does not answer. Send the request again after `Retry-After`: equal "
        "predictions are charged once.",
        detail="The database does not answer",
        members={"retry_after": 5},
    ),
    "unsupported_media_type": ProblemCode(
        status=415,
        meaning="The body comes in a form or encoding that is not read here. `Accept-Encoding` lists the "
        "encodings that are.",
        detail="Send text/csv, application/vnd.apache.parquet or multipart/form-data with one field "
        "'file'",
    ),
    "upload_too_slow": ProblemCode(
        status=408,
        meaning="The body came more slowly than this installation waits for, or stopped. Nothing was "
        "charged, and the connection is closed; send it again.",
        detail="The body came too slowly: at least 10240 bytes in 10 s, and all of it in 600 s; nothing was "
        "charged",
    ),
    "uploads_busy": ProblemCode(
        status=503,
        meaning="Too many bodies of all teams are on their way in. Nothing was charged; send it again after "
        "`Retry-After`.",
        detail="Too many bodies are on their way in; nothing was charged",
        members={"retry_after": 5},
    ),
    "validation_score_needed": ProblemCode(
        status=422,
        meaning="The round's mechanism compares with the team's own validation score: give the "
        "parameter that `field` names.",
        detail="The mechanism thresholdout compares with your own validation score: give validation_score",
        members={"field": "validation_score"},
    ),
    "webhooks_disabled": ProblemCode(
        status=403,
        meaning="This installation sends no webhooks; poll instead.",
        detail="This installation sends no webhooks",
    ),
    "wrong_status": ProblemCode(
        status=409,
        meaning="The submission is not in a status that allows this.",
        detail="Only a submission that waits in the queue can be cancelled",
    ),
}


def document(code: str, detail: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Make a problem document (RFC 9457) of a code, what is said of this time, and further members."""
    known = CATALOGUE[code]
    return {
        "type": f"/problems/{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": detail,
        **members,
    }


def example(code: str) -> dict[str, Any]:
    """Make the document that the description shows of a code."""
    return document(code, CATALOGUE[code].detail, CATALOGUE[code].members)
