"""Header fields: of requests as parameters, of answers as components."""

from typing import Any

from vault.api.openapi import schemas

IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "An `ETag` of an earlier answer; 304 if nothing has changed since.",
    "schema": {"type": "string"},
    "example": '"2a7e"',
}

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A string of RFC 9651, or the same without quotes: the same request under the same key "
    "is done once, and answered again with `Idempotency-Replayed: true`.",
    "schema": schemas.text(
        pattern=r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\--:<-\[\]-~]{1,255})$', maxLength=600
    ),
    "example": '"run-17"',
}
REPLAYED = "Idempotency-Replayed"
KEY_PROBLEMS = ("invalid_idempotency_key", "idempotency_key_in_use", "idempotency_key_reused")
PREFER: dict[str, Any] = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N` (RFC 7240): hold the answer back for at most N seconds while it waits. "
    "What cannot be honored is ignored, as where too many wait, of all teams or of your own.",
    "schema": {"type": "string"},
    "example": "wait=20",
}

COMPONENTS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Changes with every change of the answer; a strong validator (RFC 9110).",
        "schema": {"type": "string"},
        "example": '"2a7e"',
    },
    "Location": {
        "description": "Where the new thing is.",
        "schema": schemas.text(format="uri-reference"),
        "example": "/api/v1/submissions/0195a4f0-5b1c-7d8e-9f00-112233445566/",
    },
    REPLAYED: {
        "description": "This is the answer that the key's first request was given.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Preference-Applied": {
        "description": "The wait that was honored.",
        "schema": {"type": "string"},
        "example": "wait=20",
    },
    "RateLimit": {
        "description": "What is left of each policy (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"window";r=12, "total";r=200, "concurrent";r=4',
    },
    "RateLimit-Policy": {
        "description": "The policies that the answer speaks of.",
        "schema": {"type": "string"},
        "example": '"window";q=20;w=86400, "total";q=300, '
        '"concurrent";q=4;qu="concurrent-requests"',
    },
    "Panel-Version": {
        "description": "The version of the panel that the ids are from.",
        "schema": schemas.integer(minimum=1),
        "example": 1,
    },
    "Retry-After": {
        "description": "Seconds until it is worth asking again (RFC 9110).",
        "schema": schemas.integer(minimum=1),
        "example": 2,
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}


def answered(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
