"""What schemathesis cannot know: what is on the stage, how its files look, and that shapes are complete.

Loaded by schemathesis itself, in a process of its own.
"""

import datetime as dt
import hashlib
import io
import json
import os
import re
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import schemathesis
from hypothesis import strategies as st

from tests.service.staging import N_ITEMS

# JSON: `paths` has the values that lead somewhere for each path parameter, `cursors` the cursors that each
# list has given, `kept_tokens` the ids of those that are asked with.
STAGED = "DESCRIPTION_STAGE"
STAGE: dict[str, Any] = json.loads(os.environ.get(STAGED, "{}"))
NOBODYS = 10**9
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
SEEDS = st.integers(min_value=0, max_value=10**6)
# Of a valid key, as the description has it.
KEY_PATTERNS: list[str] = []
# Of a webhook's address.
URL_PATTERNS: list[str] = []


def _table(seed: int) -> pa.Table:
    labels = np.random.default_rng(seed).integers(2, size=N_ITEMS)
    return pa.table(
        {
            "id": [f"item-{i:04d}" for i in range(N_ITEMS)],
            "label": [str(label) for label in labels],
        }
    )


def _csv(seed: int) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(_table(seed), buffer)
    return buffer.getvalue()


def _parquet(seed: int) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(_table(seed), buffer)
    return buffer.getvalue()


schemathesis.openapi.media_type(CSV, SEEDS.map(_csv))
schemathesis.openapi.media_type(PARQUET, SEEDS.map(_parquet))


LATER = dt.datetime(2100, 1, 1)  # noqa: DTZ001  # the strategy takes it without a zone
schemathesis.openapi.format(
    "date-time", st.datetimes(min_value=LATER).map(lambda time: f"{time:%FT%TZ}")
)


# Allowed in this installation, and nobody listens there.
RECEIVER = "https://127.0.0.1:9/"
schemathesis.openapi.format("uri", SEEDS.map(lambda seed: f"{RECEIVER}{seed}"))


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Clients must ignore members that they do not know; here one that nobody described is a defect."""
    for shape in raw_schema["components"]["schemas"].values():
        _close(shape)
    webhook = raw_schema["components"]["schemas"]["NewWebhook"]["properties"]
    URL_PATTERNS.append(webhook["url"]["pattern"])
    for path, methods in raw_schema["paths"].items():
        for operation in methods.values():
            _put_on_stage(operation, STAGE["paths"], STAGE["cursors"].get(path, []))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A key stands for one request: the same request again has the same key, another has another."""
    if isinstance(case.body, dict):
        _put_ahead(case.body)
        _put_at_receiver(case.body)
    if str((case.path_parameters or {}).get("token_id")) in STAGE["kept_tokens"]:
        # Whoever asks must not revoke the token that it asks with.
        case.path_parameters["token_id"] = NOBODYS
    given = (case.headers or {}).get("Idempotency-Key")
    if isinstance(given, str) and any(re.search(each, given) for each in KEY_PATTERNS):
        request = (case.method, case.path_parameters, case.query, case.media_type, case.body)
        digest = hashlib.sha256(repr((context.operation.label, *request)).encode()).hexdigest()
        case.headers["Idempotency-Key"] = f'"{digest}"'


@schemathesis.check
def every_header_is_described(ctx: Any, response: Any, case: Any) -> None:
    """A field that the description knows stands at every answer that has it."""
    answer = case.operation.definition.raw["responses"].get(str(response.status_code))
    if answer is not None:
        known = {name.lower() for name in case.operation.schema.raw_schema["components"]["headers"]}
        described = {name.lower() for name in answer.get("headers", {})}
        found = {name.lower() for name in response.headers} & known
        assert found <= described, f"not described: {sorted(found - described)}"


def _put_ahead(body: dict[str, Any]) -> None:
    """No shape can say that a time must be to come, and schemathesis sends times that it has seen."""
    given: Any = body.get("expires_at")
    with suppress(TypeError, ValueError):
        if dt.datetime.fromisoformat(given).replace(tzinfo=None) < LATER:
            body["expires_at"] = f"{LATER:%FT%TZ}"


def _put_at_receiver(body: dict[str, Any]) -> None:
    """No shape can say which hosts may be called, and an address of the greatest length names any.

    It stays as long as it was; one that the shape refuses stays as it is.
    """
    given: Any = body.get("url")
    if isinstance(given, str) and any(re.search(each, given) for each in URL_PATTERNS):
        body["url"] = RECEIVER + "0" * (len(given) - len(RECEIVER))


def _put_on_stage(
    operation: dict[str, Any], paths: dict[str, list[Any]], cursors: list[str]
) -> None:
    parameters = operation.get("parameters", [])
    for parameter in list(parameters):
        name = parameter["name"]
        if name == "Idempotency-Key":
            KEY_PATTERNS.append(parameter["schema"]["pattern"])
        known = paths.get(name, []) if parameter["in"] == "path" else []
        if name == "cursor":
            known = cursors
            if not cursors:
                parameters.remove(parameter)
        if known:
            among = {"enum": known}
            # Nobody can make up a cursor; of the rest, others may be valid, too.
            parameter["schema"] = (
                among if name == "cursor" else {"anyOf": [among, parameter["schema"]]}
            )
            parameter["example"] = known[0]
    bodies = operation.get("requestBody", {}).get("content", {})
    if CSV in bodies:
        # It answers another panel.
        del bodies[CSV]["example"]
    example = bodies.get("application/json", {}).get("example", {})
    if "url" in example:
        example["url"] = RECEIVER


def _close(shape: Any) -> None:
    if isinstance(shape, dict):
        if "properties" in shape:
            shape.setdefault("additionalProperties", False)
        for inner in shape.values():
            _close(inner)
    elif isinstance(shape, list):
        for inner in shape:
            _close(inner)
