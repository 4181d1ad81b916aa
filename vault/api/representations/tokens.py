"""A team's own tokens as it sees them."""

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Shape
from vault.teams import tokens

# All but the secret, which is not kept.
TOKEN = Shape(
    "Token",
    {
        "id": fields.integer(7, source="pk", minimum=1),
        "label": fields.text("nightly"),
        "prefix": fields.text("hv_x4T9bQ", "Its first characters, to tell tokens apart."),
        "scopes": fields.list_of(["read", "submit"], schemas.one_of(tokens.SCOPES)),
        "created_at": fields.time("2026-03-01T12:00:00Z"),
        "expires_at": fields.time(null=True),
        "last_used_at": fields.time("2026-03-02T03:00:00Z", "To the minute.", null=True),
        "made_by": fields.integer(
            None,
            "The token that made it, which it ends with; null if an organizer did.",
            source="made_by_id",
            minimum=1,
            null=True,
        ),
        "is_current": fields.flag(True, "The one that asks.", source=By.CALLER),
    },
)
ISSUED = TOKEN.extended(
    "IssuedToken",
    {
        "token": fields.text(
            "hv_x4T9bQ...", "The secret: shown now and never again.", source=By.CALLER
        )
    },
)
REDEEMED = ISSUED.extended(
    "RedeemedToken", {"team": fields.text("alpha", "The team that it is for.", source="team.name")}
)
