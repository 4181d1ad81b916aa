"""The words that shapes are written in: JSON Schema 2020-12, as OpenAPI 3.1 takes it."""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

MAX_INTEGER = 2**63 - 1


def text(description: str = "", *, null: bool = False, **keywords: Any) -> Schema:
    return _of_type("string", description, null, keywords)


def integer(description: str = "", *, null: bool = False, **keywords: Any) -> Schema:
    return _of_type("integer", description, null, keywords)


def count(description: str = "", *, null: bool = False) -> Schema:
    return integer(description, null=null, minimum=0)


def number(description: str = "", *, null: bool = False, **keywords: Any) -> Schema:
    return _of_type("number", description, null, keywords)


def flag(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def time(description: str = "", *, null: bool = False) -> Schema:
    return text(description, null=null, format="date-time")


def sha256(description: str = "") -> Schema:
    return text(description, pattern="^[0-9a-f]{64}$")


def one_of(values: Iterable[str], description: str = "", *, null: bool = False) -> Schema:
    return text(description, null=null, enum=[str(value) for value in values])


def or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    widened = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def list_of(items: Schema, description: str = "", *, null: bool = False) -> Schema:
    return _of_type("array", description, null, {"items": items})


def record(
    properties: dict[str, Schema],
    *,
    description: str = "",
    optional: Iterable[str] = (),
    **keywords: Any,
) -> Schema:
    """Describe an object; all of its members are there unless they are named as optional."""
    left_out = set(optional)
    shape: Schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in left_out],
    }
    return _described({**shape, **keywords}, description)


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _of_type(name: str, description: str, null: bool, keywords: dict[str, Any]) -> Schema:
    schema = _described({"type": name, **keywords}, description)
    return or_null(schema) if null else schema


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


def page_of(name: str) -> Schema:
    return record(
        {
            "next": text("The next page, if there is one.", null=True, format="uri-reference"),
            "previous": text("The page before.", null=True, format="uri-reference"),
            "results": list_of(reference(name)),
        }
    )
