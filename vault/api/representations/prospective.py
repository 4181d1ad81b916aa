"""Awaited labels, their batches, and the rows that they bring, as the API shows them."""

import base64
from collections import defaultdict
from typing import Any

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape
from vault.models import (
    AwaitedLabels,
    LabelBatch,
    ProspectiveLook,
    ProspectiveResult,
    Round,
    SealingKey,
)
from vault.sealing.batch_format import SUITE

HOLDOUT_ID = "0195a4f0-5b1c-7d8e-9f00-112233445566"
BATCH_ID = "0195a4f0-77aa-7d8e-9f00-665544332211"
KEY_ID = "5f8fa6b1ad7f5fd0c2d8a8d37b2ee4ed29c8acb4e2bd4f6c0f38ef2b8e5a3b1c"

AUDIT_KEY = Shape(
    "AuditKey",
    {
        "kid": fields.sha256(KEY_ID, "SHA-256 of the public key."),
        "public_key": fields.text(
            "q" * 43 + "=",
            "32 bytes of X25519, in base64.",
            source=lambda key: base64.b64encode(bytes(key.public_key)).decode(),
        ),
        "suite": Field(
            {**schemas.text("How a batch's data key is wrapped (RFC 9180)."), "const": SUITE},
            SUITE,
            lambda key: SUITE,
        ),
    },
    description="The public key that a batch of labels is sealed for: the audit worker has the other half.",
)


PROSPECTIVE = Shape(
    "ProspectiveHoldout",
    {
        "id": fields.text(HOLDOUT_ID, format="uuid", source="holdout_id"),
        "status": fields.text(
            "FRESH", "RETIRED once all its labels were used.", source="holdout.status"
        ),
        "n_items": fields.count(500, source="holdout.n_items"),
        "n_labelled": fields.count(320, "Items that have a label by now.", source=By.CALLER),
        "panel_version": fields.integer(
            2, "Of the panel that it came with.", source="holdout.panel.version", minimum=1
        ),
        "first_position": fields.count(
            4000, "Its items are the panel's from this one on, counted from 0."
        ),
        "mature_share": fields.number(
            0.8, "Scores are shown once this share has a label.", null=True
        ),
        "mature_at": fields.time(None, "Scores are shown from then on.", null=True),
        "audit_key": Field(schemas.or_null(AUDIT_KEY.reference()), AUDIT_KEY.example, By.CALLER),
    },
    description="Items that were published before their labels exist.",
)
BATCH = Shape(
    "LabelBatch",
    {
        "id": fields.text(BATCH_ID, format="uuid"),
        "status": fields.one_of(
            "ACCEPTED",
            LabelBatch.Status.values,
            "RECEIVED until the audit worker has opened it; of a REFUSED one nothing is used.",
        ),
        "received_at": fields.time("2026-05-01T08:00:00Z"),
        "settled_at": fields.time("2026-05-01T08:00:09Z", null=True),
        "n_rows": fields.integer(40, "Of an accepted one.", null=True, minimum=0),
        "version": fields.integer(
            2, "Of the labels that it made, of an accepted one.", null=True, minimum=1
        ),
        "problems": fields.list_of(
            [],
            schemas.record(
                {
                    "row": schemas.integer("The line of the file; its header is 1.", null=True),
                    "column": schemas.text("The column.", null=True),
                    "problem": schemas.text("What is wrong; never a label."),
                }
            ),
            "Of a refused one the first ten.",
        ),
    },
    description="One delivery of labels, as its provider sees it.",
)


def _ends(example: list[float], description: str, low: str, high: str) -> Field:
    """Make a member of the low and the high end, null where there are none."""
    pair = schemas.list_of(schemas.number(), description, null=True) | {
        "minItems": 2,
        "maxItems": 2,
    }

    def shown(row: ProspectiveResult) -> list[float] | None:
        ends = [getattr(row, low), getattr(row, high)]
        return None if None in ends else ends

    return Field(pair, example, shown)


ROW = Shape(
    "ProspectiveRow",
    {
        "team": fields.text("storm-chasers", source="team.name"),
        "score": fields.number(
            0.71,
            "Of the final that was locked, on the labels so far; null where there is no score.",
            source="value",
            null=True,
        ),
        "interval": _ends(
            [0.62, 0.8],
            "Assumes that labels come as if at random among all items or, where `is_weighted`, among items "
            "of one prediction: then the intervals of all rows of a final together hold its score on all "
            "items of the holdout with 95 %. Where wrong answers come later it does not hold. Null without "
            "a score, and for a metric that is no mean of items.",
            "low",
            "high",
        ),
        "bounds": _ends(
            [0.42, 0.82],
            "Assumes nothing: whatever the missing labels are and whyever they are missing, the score on all "
            "items of the holdout is between these. Until all labels are there only the bounds are sure. "
            "Shown without a score, too. Null for a metric that is no mean of items.",
            "bound_low",
            "bound_high",
        ),
        "is_weighted": fields.flag(
            False, "Lateness depends on what was predicted, so labels are weighted."
        ),
        "reason": fields.text(None, "Why there is no score.", null=True),
    },
    description="One locked final on the labels so far, rounded.",
)
LOOK = Shape(
    "ProspectiveLook",
    {
        "label_version": fields.integer(2, minimum=1),
        "n_labelled": fields.count(
            320, "Items with a label, at least 20 more than in the look before."
        ),
        "at": fields.time("2026-05-01T08:00:10Z"),
        "rows": fields.list_of([ROW.example], ROW.reference(), source=By.CALLER),
    },
)
HOLDOUT_RESULTS = Shape(
    "ProspectiveResults",
    {
        "holdout": fields.text(HOLDOUT_ID, format="uuid", source="holdout_id"),
        "n_items": fields.count(500, source="holdout.n_items"),
        "looks": fields.list_of([LOOK.example], LOOK.reference(), source=By.CALLER),
    },
)
RESULTS = Shape(
    "RoundProspective",
    {
        "round": fields.integer(1, source="number", minimum=1),
        "holdouts": fields.list_of(
            [HOLDOUT_RESULTS.example], HOLDOUT_RESULTS.reference(), source=By.CALLER
        ),
    },
    description="What the locked finals of a published round are worth on labels that came later.",
)


def prospective(
    awaited: AwaitedLabels, *, n_labelled: int, audit_key: SealingKey | None
) -> dict[str, Any]:
    key = None if audit_key is None else AUDIT_KEY.show(audit_key)
    return PROSPECTIVE.show(awaited, n_labelled=n_labelled, audit_key=key)


def holdout_results(round: Round) -> list[dict[str, Any]]:
    """Show each prospective holdout of the round with its looks, and their rows by team."""
    rows = defaultdict(list)
    of_round = ProspectiveResult.objects.filter(look__round=round).select_related("team")
    for row in of_round.order_by("team__name"):
        rows[row.look_id].append(ROW.show(row))
    awaited = AwaitedLabels.objects.filter(holdout__audited_rounds=round).select_related("holdout")
    shown = []
    for each in awaited.order_by("first_position"):
        looks = ProspectiveLook.objects.filter(
            round=round, holdout=each.holdout_id, is_shown=True
        ).order_by("label_version")
        shown.append(
            HOLDOUT_RESULTS.show(
                each, looks=[LOOK.show(look, rows=rows[look.pk]) for look in looks]
            )
        )
    return shown
