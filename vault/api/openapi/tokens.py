"""A team's own tokens in the description: list, make, rotate, revoke, and the link that shows the first."""

from vault.api.negotiation import HTML
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import COMMON_OF_ONE_FORM, Access, Operation, answer, page, shown
from vault.api.representations.shape import described
from vault.api.representations.tokens import ISSUED, REDEEMED, TOKEN
from vault.api.token_links import LINK
from vault.api.tokens import NEW, ROTATION

TAG = "Tokens"

SHAPES = described(ISSUED, REDEEMED, LINK, NEW, ROTATION, listed=(TOKEN,))
_AT_FIRST = {"last_used_at": None, "is_current": False}
_ISSUED = ISSUED.example | _AT_FIRST
_TOKEN_ID = parameters.in_path(
    "token_id", schemas.integer(minimum=1, maximum=schemas.MAX_INTEGER), "The token's id.", 7
)


OPERATIONS = {
    ("/token/", "GET"): Operation(
        id="get_token_link_page",
        summary="Where a one-time link leads",
        description="A page for people: its button uses the link and shows the token. Looking at it uses "
        "nothing, so a program that looks at links in mails uses none up.",
        access=Access.ANYBODY,
        answers={200: answer("The page.", {HTML: {"schema": {"type": "string"}}})},
        common=COMMON_OF_ONE_FORM,
    ),
    ("/api/v1/token-links/redeem/", "POST"): Operation(
        id="redeem_token_link",
        summary="Use a one-time link",
        description="An organizer sends a team a link in place of a token. The token is made now, and shown "
        "once: the link holds no second time, whoever asks.",
        access=Access.ANYBODY,
        body=LINK.described(),
        answers={
            201: shown(REDEEMED, "The token and its secret.", example=REDEEMED.example | _AT_FIRST)
        },
        problems=("not_found", "token_link_refused", "too_many_tokens", "invalid_parameter"),
    ),
    ("/api/v1/tokens/", "GET"): Operation(
        id="list_tokens",
        summary="List the team's tokens",
        description="Those that are neither revoked nor expired, newest first; never their secrets.",
        access=Access.READ,
        parameters=parameters.PAGE,
        answers={200: page(TOKEN)},
    ),
    ("/api/v1/tokens/", "POST"): Operation(
        id="create_token",
        summary="Make a token",
        description="It may do no more, and lives no longer, than the one that asks.",
        access=Access.SUBMIT,
        parameters=(parameters.IDEMPOTENCY_KEY,),
        body=NEW.described(),
        answers={201: shown(ISSUED, "The token and its secret.", example=_ISSUED)},
        problems=("token_refused", "too_many_tokens", "wrong_status", "invalid_parameter"),
    ),
    ("/api/v1/tokens/{token_id}/", "DELETE"): Operation(
        id="revoke_token",
        summary="Revoke a token",
        description="It and every token that it made pass nowhere after ten seconds at the latest. A "
        "successor by rotation stays.",
        access=Access.TEAM,
        parameters=(_TOKEN_ID,),
        answers={204: answer("Revoked.")},
        problems=("forbidden",),
    ),
    ("/api/v1/tokens/{token_id}/rotate/", "POST"): Operation(
        id="rotate_token",
        summary="Rotate a token",
        description="A token rotates itself and every token that was made with it, no other. The successor "
        "has the same scopes and lives no longer than the token and the one that asks; the old one passes "
        "for a grace. What the old one made belongs to the successor from then on.",
        access=Access.TEAM,
        parameters=(_TOKEN_ID, parameters.IDEMPOTENCY_KEY),
        body=ROTATION.described(),
        answers={201: shown(ISSUED, "The successor and its secret.", example=_ISSUED)},
        problems=(
            *("forbidden", "token_refused", "too_many_tokens", "wrong_status"),
            "invalid_parameter",
        ),
    ),
}
