"""Prediction files in the description: the bodies of a submission and of its dry run."""

from typing import Any

from vault.api import negotiation
from vault.files import prediction_forms

_PARQUET = {"schema": {"type": "string", "format": "binary"}}
EXAMPLE = "id,label\nstation-1-2026-03-01,0\nstation-1-2026-03-02,1\n"

BODY: dict[str, Any] = {
    "required": True,
    "description": "One row for each item of the panel, in any order: `id` and "
    f"{prediction_forms.spelled()}, as the benchmark's `prediction_form` says. The "
    "probabilities of a row sum to one: 0.01 more or less is accepted, and always half a unit of the last "
    "written digit for each class; such a row is divided by its sum. Parquet columns may be categories or "
    "decimals, ids may be numbers or text, and they may be the index that pandas wrote. A body needs "
    "`Content-Length`; chunked bodies are refused. It may be packed by gzip, with `Content-Encoding: gzip`: "
    "the body and the unpacked file each may have as many bytes as a body may, and a packed file is the same "
    "as the plain one, also for an `Idempotency-Key`. Several gzip members behind each other are one file.",
    "content": {
        negotiation.CSV: {
            "schema": {"type": "string", "description": "UTF-8, with a header line."},
            "example": EXAMPLE,
        },
        negotiation.PARQUET: _PARQUET,
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "The only file of the form, CSV or Parquet.",
                    }
                },
                "required": ["file"],
            },
            "encoding": {"file": {"contentType": f"{negotiation.CSV}, {negotiation.PARQUET}"}},
        },
    },
}

# What a file may meet, beside what any body may.
PROBLEMS = ("invalid_file", "parser_busy", "storage_full", "parse_throttled")


def sent(example: str) -> dict[str, Any]:
    """Describe the content of a file that is answered."""
    return {
        negotiation.CSV: {"schema": {"type": "string"}, "example": example},
        negotiation.PARQUET: _PARQUET,
    }
