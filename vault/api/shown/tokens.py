"""A team's own tokens as it sees them."""

from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape
from vault.teams import tokens

# All but the secret, which is not kept.
TOKEN = Shape(
    "Token",
    {
        "id": Field(schemas.integer(minimum=1), 7, "pk"),
        "label": Field(schemas.text(), "nightly"),
        "prefix": Field(schemas.text("Its first characters, to tell tokens apart."), "hv_x4T9bQ"),
        "scopes": Field(schemas.list_of(schemas.one_of(tokens.SCOPES)), ["read", "submit"]),
        "created_at": Field(schemas.time(), "2026-03-01T12:00:00Z"),
        "expires_at": Field(schemas.time(null=True)),
        "last_used_at": Field(schemas.time("To the minute.", null=True), "2026-03-02T03:00:00Z"),
        "made_by": Field(
            schemas.integer(
                "The token that made it, which it ends with; null if an organizer did.",
                minimum=1,
                null=True,
            ),
            None,
            "made_by_id",
        ),
        "is_current": Field(schemas.flag("The one that asks."), True, By.CALLER),
    },
)
ISSUED = TOKEN.extended(
    "IssuedToken",
    {
        "token": Field(
            schemas.text("The secret: shown now and never again."), "hv_x4T9bQ...", By.CALLER
        )
    },
)
REDEEMED = ISSUED.extended(
    "RedeemedToken", {"team": Field(schemas.text("The team that it is for."), "alpha", "team.name")}
)
