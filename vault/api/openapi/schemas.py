"""The words that shapes are written in: JSON Schema 2020-12, as OpenAPI 3.1 takes it."""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

LONGEST_INTEGER = 2**63 - 1


def text(description: str = "", **keywords: Any) -> Schema:
    return _described({"type": "string", **keywords}, description)


def integer(description: str = "", **keywords: Any) -> Schema:
    return _described({"type": "integer", **keywords}, description)


def count(description: str = "") -> Schema:
    return integer(description, minimum=0)


def number(description: str = "", **keywords: Any) -> Schema:
    return _described({"type": "number", **keywords}, description)


def flag(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def time(description: str = "") -> Schema:
    return text(description, format="date-time")


def sha256(description: str = "") -> Schema:
    return text(description, pattern="^[0-9a-f]{64}$")


def one_of(values: Iterable[str], description: str = "") -> Schema:
    return text(description, enum=[str(value) for value in values])


def or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    widened = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def list_of(items: Schema, description: str = "") -> Schema:
    return _described({"type": "array", "items": items}, description)


def record(
    properties: dict[str, Schema],
    *,
    description: str = "",
    optional: Iterable[str] = (),
    **keywords: Any,
) -> Schema:
    """An object; all of its members are there unless they are named as optional."""
    left_out = set(optional)
    shape: Schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in left_out],
    }
    return _described({**shape, **keywords}, description)


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


def page_of(name: str) -> Schema:
    return record(
        {
            "next": or_null(text("The next page, if there is one.", format="uri-reference")),
            "previous": or_null(text("The page before.", format="uri-reference")),
            "results": list_of(reference(name)),
        }
    )


def page_example(*results: Any) -> Schema:
    return {"next": None, "previous": None, "results": list(results)}
