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
