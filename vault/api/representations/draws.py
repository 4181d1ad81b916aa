"""Draws, their published files, and the public keys for sealing, as anyone may see them."""

from typing import Any

from django.urls import reverse

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import Field, Shape
from vault.models import Benchmark, Draw, Panel

BATCH = "0195a4f0-7d22-4a01-8c11-aabbccddeeff"
SEED = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
DISCLOSED_DRAW = Shape(
    "DisclosedDraw",
    {
        "url": fields.text(
            f"/api/v1/benchmarks/rain-tomorrow/draws/{BATCH}/",
            "Where the file is.",
            format="uri-reference",
            source=lambda file: reverse(
                "disclosed-draw", args=[file.draw.benchmark.slug, file.draw_id]
            ),
        ),
        "sha256": fields.sha256(
            "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f", "Of the file."
        ),
        "size": fields.count(1830, "Of the file, in bytes."),
        "disclosed_at": fields.time("2026-06-01T09:00:00Z", source="at"),
    },
    description="The seed of a draw and the report on it, published with the last of its shards.",
)


def _disclosed_draw(draw: Draw) -> dict[str, Any] | None:
    file = getattr(draw, "disclosed", None)
    return None if file is None else DISCLOSED_DRAW.show(file)


DRAW = Shape(
    "Draw",
    {
        "batch": fields.text(BATCH, format="uuid"),
        "seed_sha256": fields.sha256(
            SEED, "Of the 32 bytes that the draw was made of, published when it was sealed."
        ),
        "holdouts": fields.list_of(
            ["0195a4f0-5b1c-7d8e-9f00-112233445566"],
            schemas.text(format="uuid"),
            "In the order in which the draw served them.",
            source="holdout_ids",
        ),
        "disclosed": Field(schemas.or_null(DISCLOSED_DRAW.reference()), None, _disclosed_draw),
    },
    description="How the items of one label file came into holdouts.",
)

# The content of the file, which a worker wrote: `vault.sealing.draw_disclosures.file_of`.
DRAW_FILE = Shape(
    "DrawFile",
    {
        "format": fields.one_of("holdout-vault-draw/1", ["holdout-vault-draw/1"]),
        "benchmark": fields.text("rain-tomorrow"),
        "batch": fields.text(BATCH, format="uuid"),
        "id_kind": fields.one_of("string", Panel.IdKind.values, "How the ids are sorted."),
        "holdouts": fields.list_of(
            ["0195a4f0-5b1c-7d8e-9f00-112233445566"], schemas.text(format="uuid")
        ),
        "seed": fields.sha256(
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "32 bytes."
        ),
        "seed_sha256": fields.sha256(
            "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
        ),
        "draws_groups": fields.flag(False),
        "stratified": fields.flag(False),
        "classes": fields.list_of(["0", "1"], schemas.text()),
        "exchangeability": Field(
            schemas.record(
                {
                    "shards": schemas.list_of({"type": "object"}),
                    "tests": schemas.list_of({"type": "object"}),
                }
            ),
            {
                "shards": [
                    {
                        "holdout": "0195a4f0-5b1c-7d8e-9f00-112233445566",
                        "n_items": 2000,
                        "n_units": 2000,
                        "classes": {"0": 1540, "1": 460},
                    }
                ],
                "tests": [{"of": "class 1", "p_value": 0.41}],
            },
        ),
    },
    description="The seed of a draw, and whether its shards look as if chance had made them.",
)

# The file for `run.py seal`: `vault.sealing.sealing_sheet.as_json`.
SEALING_KEYS = Shape(
    "SealingKeys",
    {
        "format": fields.one_of("holdout-vault-sealing-keys/1", ["holdout-vault-sealing-keys/1"]),
        "benchmark": fields.text("rain-tomorrow"),
        "task": fields.one_of("binary", Benchmark.Task.values),
        "classes": fields.list_of(["0", "1"], schemas.text()),
        "loss_cap": fields.number(None, null=True),
        "keys": Field(
            schemas.list_of(
                schemas.record(
                    {
                        "purpose": schemas.text(),
                        "kid": schemas.text(),
                        "public_key": schemas.text(),
                    }
                )
            ),
            [
                {
                    "purpose": "audit",
                    "kid": "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
                    "public_key": "00" * 32,
                }
            ],
        ),
        "panel": Field(
            schemas.or_null(
                schemas.record(
                    {
                        "version": schemas.integer(),
                        "n_items": schemas.integer(),
                        "sha256": schemas.text(),
                        "id_kind": schemas.text(),
                    }
                )
            ),
            None,
        ),
    },
    description="For whom and for what labels are sealed where they live.",
)
