"""Parameters that several operations share, with their exact limits."""

from collections.abc import Mapping
from typing import Any

from vault.api import selectors
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.pages import MAX_PAGE_SIZE, PAGE_SIZE


def in_path(name: str, schema: Schema, description: str, example: Any) -> dict[str, Any]:
    return {**_parameter("path", name, schema, description, example), "required": True}


def in_query(
    name: str, schema: Schema, description: str, example: Any | None = None
) -> dict[str, Any]:
    return _parameter("query", name, schema, description, example)


def _parameter(
    place: str, name: str, schema: Schema, description: str, example: Any | None
) -> dict[str, Any]:
    parameter = {"name": name, "in": place, "description": description, "schema": schema}
    return parameter if example is None else {**parameter, "example": example}


def form(offered: Mapping[str, str]) -> dict[str, Any]:
    """Describe `?format=`, of the forms that a view offers by name; the first is what comes unasked."""
    unasked = next(iter(offered))
    return in_query(
        "format",
        schemas.one_of(offered),
        f"Goes before `Accept`; without either it is `{unasked}`.",
    )


SLUG = in_path(
    "slug",
    schemas.text(pattern="^[-a-zA-Z0-9_]+$", maxLength=50),
    "The benchmark's short name.",
    "rain-tomorrow",
)
SUBMISSION_ID = in_path(
    "submission_id",
    schemas.text(format="uuid"),
    "The submission's id.",
    "0195a4f0-5b1c-7d8e-9f00-112233445566",
)
BATCH = in_path(
    "batch",
    schemas.text(format="uuid"),
    "The draw's batch, which its holdouts carry.",
    "0195a4f0-7d22-4a01-8c11-aabbccddeeff",
)
HOLDOUT_ID = in_path(
    "holdout_id",
    schemas.text(format="uuid"),
    "The holdout's id.",
    "0195a4f0-5b1c-7d8e-9f00-112233445566",
)
ROUND = in_query(
    "round",
    schemas.integer(minimum=0, maximum=selectors.MAX_NUMBER),
    "The number of a round of this benchmark; without it the latest that has opened.",
)
BUDGET_ROUND = {
    **ROUND,
    "description": "The number of a round of this benchmark; without it the one that is open, else the next "
    "that the team is admitted to, else the latest that has opened.",
}
PANEL_ROUND = {**ROUND, "description": "The number of a round of this benchmark."}
PAGE: tuple[dict[str, Any], ...] = (
    in_query(
        "cursor", schemas.text(minLength=1), "Where the page begins: from `next` or `previous`."
    ),
    in_query(
        "page_size",
        schemas.integer(minimum=1, maximum=MAX_PAGE_SIZE),
        f"The most entries of a page; {PAGE_SIZE} if it is left out.",
        50,
    ),
)
IF_NONE_MATCH = _parameter(
    "header",
    "If-None-Match",
    schemas.text(),
    "An `ETag` of an earlier answer; 304 if nothing has changed since.",
    '"2a7e"',
)
IF_MATCH = _parameter(
    "header",
    "If-Match",
    schemas.text(),
    "The `ETag` of the state that is meant; 412, and nothing is done, if it is another one now.",
    '"2a7e"',
)
IDEMPOTENCY_KEY = _parameter(
    "header",
    "Idempotency-Key",
    schemas.text(
        pattern=r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\--:<-\[\]-~]{1,255})$', maxLength=600
    ),
    "A string of RFC 9651, or the same without quotes: the same request under the same key is done once, and "
    "answered again with `Idempotency-Replayed: true`.",
    '"run-17"',
)
PREFER = _parameter(
    "header",
    "Prefer",
    schemas.text(),
    "`wait=N` (RFC 7240): hold the answer back for at most N seconds while it waits. What cannot be honored "
    "is ignored, as where too many wait, of all teams or of your own.",
    "wait=20",
)
