"""A team's own tokens in the description: list, make, rotate, revoke, and the link that shows the first."""

from typing import Any

from vault import tokens
from vault.api.openapi import headers, parameters, schemas
from vault.api.openapi.operation import BODY_PROBLEMS, JSON, Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from vault.api.openapi.service import HTML
from vault.api.tokens import DEFAULT_GRACE, LONGEST_GRACE

TAG = "Tokens"

_SCOPES: Schema = {
    "type": "array",
    "items": schemas.one_of(tokens.SCOPES),
    "minItems": 1,
    "description": "What the token may do; no more than the one that asks.",
}
_LABEL = schemas.text("What it is for.", maxLength=100, pattern=r"^[^\x00-\x1f]*$")
_TOKEN: dict[str, Schema] = {
    "id": schemas.integer(minimum=1),
    "label": schemas.text(),
    "prefix": schemas.text("Its first characters, to tell tokens apart."),
    "scopes": schemas.list_of(schemas.one_of(tokens.SCOPES)),
    "created_at": schemas.time(),
    "expires_at": schemas.or_null(schemas.time()),
    "last_used_at": schemas.or_null(schemas.time("To the minute.")),
    "made_by": schemas.or_null(
        schemas.integer(
            "The token that made it, which it ends with; null if an organizer did.", minimum=1
        )
    ),
    "is_current": schemas.flag("The one that asks."),
}

SHAPES: dict[str, Schema] = {
    "Token": schemas.record(_TOKEN),
    "TokenList": schemas.page_of("Token"),
    "IssuedToken": schemas.record(
        {**_TOKEN, "token": schemas.text("The secret: shown now and never again.")}
    ),
    "RedeemedToken": schemas.record(
        {
            **_TOKEN,
            "token": schemas.text("The secret: shown now and never again."),
            "team": schemas.text("The team that it is for."),
        }
    ),
    "TokenLink": schemas.record(
        {
            "secret": schemas.text(
                "What stands behind the `#` of the link.", maxLength=200, pattern="^[!-~]+$"
            )
        },
        additionalProperties=False,
    ),
    "NewToken": schemas.record(
        {
            "label": _LABEL,
            "scopes": _SCOPES,
            "expires_at": schemas.or_null(schemas.time("To come; at most the end of the asker's.")),
        },
        optional=("label", "scopes", "expires_at"),
        additionalProperties=False,
    ),
    "Rotation": schemas.rotation(of="token", default=DEFAULT_GRACE, longest=LONGEST_GRACE),
}

_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "label": "nightly",
    "prefix": "hv_x4T9bQ",
    "scopes": ["read", "submit"],
    "created_at": "2026-03-01T12:00:00Z",
    "expires_at": None,
    "last_used_at": "2026-03-02T03:00:00Z",
    "made_by": None,
    "is_current": True,
}
_ISSUED = {**_EXAMPLE, "last_used_at": None, "is_current": False, "token": "hv_x4T9bQ..."}
_TOKEN_ID = parameters.in_path(
    "token_id",
    schemas.integer(minimum=1, maximum=schemas.LONGEST_INTEGER),
    "The token's id.",
    7,
)


def _body(name: str, example: Any) -> dict[str, Any]:
    return {
        "required": False,
        "content": {JSON: {"schema": schemas.reference(name), "example": example}},
    }


OPERATIONS = {
    ("/token/", "GET"): Operation(
        id="get_token_link_page",
        tag=TAG,
        summary="Where a one-time link leads",
        description="A page for people: its button uses the link and shows the token. Looking at it uses "
        "nothing, so a program that looks at links in mails uses none up.",
        access=Access.ANYBODY,
        answers={200: answer("The page.", {HTML: {"type": "string"}}, {})},
        common=("malformed_request", "throttled", "internal_error"),
    ),
    ("/api/v1/token-links/redeem/", "POST"): Operation(
        id="redeem_token_link",
        tag=TAG,
        summary="Use a one-time link",
        description="An organizer sends a team a link in place of a token. The token is made now, and shown "
        "once: the link holds no second time, whoever asks.",
        access=Access.ANYBODY,
        body={
            "required": True,
            "content": {
                JSON: {"schema": schemas.reference("TokenLink"), "example": {"secret": "hvl_..."}}
            },
        },
        answers={
            201: shown(
                "RedeemedToken", "The token and its secret.", example={**_ISSUED, "team": "alpha"}
            )
        },
        problems=("not_found", "token_link_refused", "too_many_tokens", *BODY_PROBLEMS),
    ),
    ("/api/v1/tokens/", "GET"): Operation(
        id="list_tokens",
        tag=TAG,
        summary="List the team's tokens",
        description="Those that are neither revoked nor expired, newest first; never their secrets.",
        access=Access.READ,
        parameters=parameters.PAGE,
        answers={200: shown("TokenList", "A page.", example=schemas.page_example(_EXAMPLE))},
        problems=parameters.PAGE_PROBLEMS,
    ),
    ("/api/v1/tokens/", "POST"): Operation(
        id="create_token",
        tag=TAG,
        summary="Make a token",
        description="It may do no more, and lives no longer, than the one that asks.",
        access=Access.SUBMIT,
        parameters=(headers.IDEMPOTENCY_KEY,),
        body=_body("NewToken", {"label": "nightly", "scopes": ["read", "submit"]}),
        answers={201: shown("IssuedToken", "The token and its secret.", example=_ISSUED)},
        problems=(
            *("token_refused", "too_many_tokens", "wrong_status"),
            *BODY_PROBLEMS,
            *headers.KEY_PROBLEMS,
        ),
    ),
    ("/api/v1/tokens/{token_id}/", "DELETE"): Operation(
        id="revoke_token",
        tag=TAG,
        summary="Revoke a token",
        description="It and every token that it made pass nowhere after ten seconds at the latest. A "
        "successor by rotation stays.",
        access=Access.TEAM,
        parameters=(_TOKEN_ID,),
        answers={204: answer("Revoked.", {}, {})},
        problems=("not_found", "forbidden"),
    ),
    ("/api/v1/tokens/{token_id}/rotate/", "POST"): Operation(
        id="rotate_token",
        tag=TAG,
        summary="Rotate a token",
        description="A token rotates itself and every token that was made with it, no other. The successor "
        "has the same scopes and lives no longer than the token and the one that asks; the old one passes "
        "for a grace. What the old one made belongs to the successor from then on.",
        access=Access.TEAM,
        parameters=(_TOKEN_ID, headers.IDEMPOTENCY_KEY),
        body=_body("Rotation", {"grace_seconds": 600}),
        answers={201: shown("IssuedToken", "The successor and its secret.", example=_ISSUED)},
        problems=(
            *("not_found", "forbidden", "token_refused", "too_many_tokens", "wrong_status"),
            *BODY_PROBLEMS,
            *headers.KEY_PROBLEMS,
        ),
    ),
}
