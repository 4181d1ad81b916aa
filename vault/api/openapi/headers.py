"""Header fields of answers, as components."""

from typing import Any

from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema

REPLAYED = "Idempotency-Replayed"


def _field(description: str, example: Any, schema: Schema | None = None) -> dict[str, Any]:
    return {"description": description, "schema": schema or schemas.text(), "example": example}


COMPONENTS: dict[str, dict[str, Any]] = {
    "ETag": _field(
        "Changes with every change of the answer; a strong validator (RFC 9110).", '"2a7e"'
    ),
    "Location": _field(
        "Where the new thing is.",
        "/api/v1/submissions/0195a4f0-5b1c-7d8e-9f00-112233445566/",
        schemas.text(format="uri-reference"),
    ),
    REPLAYED: _field(
        "This is the answer that the key's first request was given.",
        "true",
        schemas.text(const="true"),
    ),
    "Preference-Applied": _field("The wait that was honored.", "wait=20"),
    "RateLimit": _field(
        "What is left of each policy (draft-ietf-httpapi-ratelimit-headers).",
        '"window";r=12, "total";r=200, "concurrent";r=4',
    ),
    "RateLimit-Policy": _field(
        "The policies that the answer speaks of.",
        '"window";q=20;w=86400, "total";q=300, "concurrent";q=4;qu="concurrent-requests"',
    ),
    "Panel-Version": _field(
        "The version of the panel that the ids are from.", 1, schemas.integer(minimum=1)
    ),
    "Retry-After": _field(
        "Seconds until it is worth asking again (RFC 9110).", 2, schemas.integer(minimum=1)
    ),
    "WWW-Authenticate": _field("How to authenticate (RFC 6750).", "Bearer"),
}


def answered(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
