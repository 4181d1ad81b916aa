"""Awaited labels in the description."""

from vault.api import negotiation
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import Access, Operation, answer, shown
from vault.api.representations.prospective import (
    AUDIT_KEY,
    BATCH,
    BATCH_ID,
    HOLDOUT_ID,
    HOLDOUT_RESULTS,
    KEY_ID,
    LOOK,
    PROSPECTIVE,
    RESULTS,
    ROW,
)
from vault.api.representations.shape import described
from vault.sealing.batch_format import CIPHER, FORMAT, MAX_ENVELOPE_BYTES, SUITE

TAG = "Prospective"

_ENVELOPE = {
    **schemas.record(
        {
            "format": {"type": "string", "const": FORMAT},
            "benchmark": schemas.text("The benchmark's short name."),
            "holdout": schemas.text(format="uuid"),
            "kid": schemas.sha256("Of the audit key that it is sealed for."),
            "suite": {"type": "string", "const": SUITE},
            "cipher": {"type": "string", "const": CIPHER},
            "wrapped_key": schemas.text("The data key, wrapped by HPKE, in base64."),
            "ciphertext": schemas.text("The rows, in base64."),
        },
        description="A batch of labels that the audit worker alone opens; `run.py seal-batch` writes it.",
    ),
    "additionalProperties": False,
}
SHAPES = {
    **described(PROSPECTIVE, AUDIT_KEY, BATCH, ROW, LOOK, HOLDOUT_RESULTS, RESULTS),
    "LabelEnvelope": _ENVELOPE,
}
_EXAMPLE = {
    "format": FORMAT,
    "benchmark": "rain-tomorrow",
    "holdout": HOLDOUT_ID,
    "kid": KEY_ID,
    "suite": SUITE,
    "cipher": CIPHER,
    "wrapped_key": "q" * 107 + "=",
    "ciphertext": "3q2+7w==",
}
_BODY = {
    "required": True,
    "content": {
        negotiation.JSON: {"schema": schemas.reference("LabelEnvelope"), "example": _EXAMPLE}
    },
}
_HEADERS = ("ETag",)
_BATCH_ID = parameters.in_path("batch_id", schemas.text(format="uuid"), "The batch's id.", BATCH_ID)
_NUMBER = parameters.in_path(
    "number", schemas.integer(minimum=0), "The number of a published round.", 1
)
_HOLDOUT = "/api/v1/benchmarks/{slug}/prospective/{holdout_id}/"

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/rounds/{number}/prospective/", "GET"): Operation(
        id="show_prospective_results",
        summary="Locked finals on later labels",
        description="Rows beside the round's published ones, one look after another: what the finals are "
        "worth on items whose labels came after they were locked. `interval` assumes that labels come as if "
        "at random; `bounds` assume nothing. 404 while the round is not published.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, _NUMBER, parameters.IF_NONE_MATCH),
        answers={
            200: shown(RESULTS, "The rows.", headers=_HEADERS),
            304: answer("Nothing has changed.", headers=_HEADERS),
        },
    ),
    (_HOLDOUT, "GET"): Operation(
        id="show_prospective_holdout",
        summary="What labels are awaited",
        description="How many have come, when scores are shown, and the public key that a batch is sealed "
        "for. A label provider sees its own benchmark, too.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, parameters.HOLDOUT_ID),
        answers={200: shown(PROSPECTIVE, "The holdout.")},
    ),
    (_HOLDOUT + "batches/", "POST"): Operation(
        id="deliver_labels",
        summary="Deliver a batch of labels",
        description=f"An envelope of at most {MAX_ENVELOPE_BYTES:,} bytes that only the audit worker opens. "
        "It is settled some seconds later: ask for it at `Location`. The same ciphertext is the same batch, "
        "whoever sends it. Of an item that comes again the newest label counts.",
        access=Access.LABELS,
        parameters=(parameters.SLUG, parameters.HOLDOUT_ID, parameters.IDEMPOTENCY_KEY),
        body=_BODY,
        answers={202: shown(BATCH, "It was received.", headers=("Location",))},
        problems=("invalid_envelope", "labels_not_awaited"),
    ),
    (_HOLDOUT + "batches/{batch_id}/", "GET"): Operation(
        id="show_batch",
        summary="What became of a batch",
        description="One that this provider delivered: received, accepted, or refused with the rows that are "
        "wrong.",
        access=Access.LABELS,
        parameters=(parameters.SLUG, parameters.HOLDOUT_ID, _BATCH_ID),
        answers={200: shown(BATCH, "The batch.")},
    ),
}
