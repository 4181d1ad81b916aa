"""Signed heads of journals and the keys to verify them with, as anyone may keep them."""

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape

# The example of RFC 8032, 7.1, TEST 2.
KEY = "deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170"
PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
    "-----END PUBLIC KEY-----\n"
)

SIGNED_HEAD = Shape(
    "SignedHead",
    {
        "benchmark": fields.text(
            "rain-tomorrow",
            "Its name when this was signed; `@installation` of the chain that is about none.",
            source="slug",
        ),
        "number": fields.integer(812, "How many entries the journal had.", minimum=1),
        "hash": fields.sha256(
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "Of the last of them, and so of all.",
        ),
        "signed_at": fields.time(
            "2026-04-03T09:00:00Z", "In whole seconds, by the service's clock."
        ),
        "key": fields.sha256(KEY, "The id of the key that signed it.", source="key_id"),
        "signature": fields.text(
            "A" * 86 + "==",
            "Ed25519 (RFC 8032), in base64, of six lines of ASCII, each with its line feed: "
            "`holdout-vault journal head 1`, then `benchmark`, `number`, `hash`, `signed_at` and `key`, "
            "as they stand here.",
        ),
    },
    description="How long a chain of the journal was, and its last hash, under the service's signature.",
)
SIGNING_KEY = Shape(
    "SigningKey",
    {
        "id": fields.sha256(
            KEY, "SHA-256 of the public key as SubjectPublicKeyInfo in DER.", source="kid"
        ),
        "generation": fields.integer(1, "The highest signs; all verify.", minimum=1),
        "algorithm": Field(
            {**schemas.text("How it signs."), "const": "Ed25519"}, "Ed25519", By.CALLER
        ),
        "public_key": fields.text(PUBLIC_KEY, "SubjectPublicKeyInfo in PEM."),
        "created_at": fields.time("2026-02-01T09:00:00Z", "When the service registered it."),
    },
    description="A key of this service that signs the heads of journals.",
)
