"""Prediction files of a panel of three items, and what parsing makes of them."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vault.errors import InvalidFileError
from vault.files import canonical
from vault.files.canonical import Predictions
from vault.files.parsing import CSV, PARQUET, FileSpec, parse

LABEL = FileSpec(form="label", task="binary", classes=("0", "1"))
BINARY = FileSpec(form="probability", task="binary", classes=("0", "1"))
MULTI = FileSpec(form="probability", task="multiclass", classes=("a", "b", "c"))
VALUE = FileSpec(form="value", task="regression", classes=())
PANEL = pa.array([10, 20, 30])
TEXT_PANEL = pa.array(["a-1", "b,2", 'c"3'])


def parse_csv(body: str | bytes, spec: FileSpec = LABEL, panel: pa.Array = PANEL) -> Predictions:
    content = body.encode() if isinstance(body, str) else body
    return parse(body=content, content_type=CSV, spec=spec, panel_ids=panel)


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def parse_parquet(body: bytes, spec: FileSpec = LABEL, panel: pa.Array = PANEL) -> Predictions:
    return parse(body=body, content_type=PARQUET, spec=spec, panel_ids=panel)


def problems_of(body: str | bytes, spec: FileSpec = LABEL, panel: pa.Array = PANEL) -> list[Any]:
    with pytest.raises(InvalidFileError) as caught:
        parse_csv(body, spec, panel)
    problems = caught.value.data["problems"]
    assert caught.value.data["n_problems"] >= len(problems) > 0
    return [(p["row"], p["column"], p["problem"]) for p in problems]


def values(predictions: Predictions) -> list[Any]:
    listed: list[Any] = canonical.decode(predictions.canonical).tolist()
    return listed
