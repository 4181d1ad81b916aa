"""What a noun of the API looks like, declared once: its JSON, its schema and its example are made from it.

A value is written as its schema says: times in UTC, UUIDs as text, and a text that may be null is null
where its column is empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vault.api.answers import time
from vault.api.bodies import Body
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema


class By(Enum):
    """Where a value comes from, if not from the thing that is shown."""

    CALLER = "it is named in the call that shows the thing"


@dataclass(frozen=True)
class Field:
    """One member: what it is, what it looks like, and where its value is."""

    schema: Schema
    example: Any = None
    # A path of attributes, or a function of the thing; none: the attribute of the member's own name.
    source: str | Callable[[Any], Any] | By | None = None


class Shape:
    """A noun: how a thing is shown, the schema of that and an example."""

    def __init__(
        self, name: str, fields: Mapping[str, Field], *, description: str = "", **keywords: Any
    ) -> None:
        self.name, self.fields = name, dict(fields)
        self.schema = schemas.record(
            {member: field.schema for member, field in fields.items()},
            description=description,
            **keywords,
        )
        self.example = {member: field.example for member, field in fields.items()}
        # Of a thing, and by name of what else the caller says, a dictionary in the order of the fields.
        self.show: Callable[..., dict[str, Any]] = _compiled(self.fields)

    def extended(self, name: str, fields: Mapping[str, Field]) -> "Shape":
        """Copy the shape, with more members behind its own."""
        return Shape(name, {**self.fields, **fields})

    def reference(self) -> Schema:
        return schemas.reference(self.name)


def described(*shapes: Shape | Body, listed: tuple[Shape, ...] = ()) -> dict[str, Schema]:
    """List their schemas by name; those that come in pages too bring the schema of a page."""
    found = {shape.name: shape.schema for shape in (*shapes, *listed)}
    return found | {f"{shape.name}List": schemas.page_of(shape.name) for shape in listed}


def _compiled(fields: Mapping[str, Field]) -> Callable[..., dict[str, Any]]:
    """Make one expression that reads all members, as one would write it by hand.

    A loop over the fields takes twice as long, and a team's program asks for its submission all the time.
    """
    by_caller = [member for member, field in fields.items() if field.source is By.CALLER]
    known: dict[str, Any] = {"time": time}
    members = []
    for position, (member, field) in enumerate(fields.items()):
        if field.source is By.CALLER:
            value = member
        elif callable(field.source):
            known[f"read_{position}"] = field.source
            value = f"read_{position}(thing)"
        else:
            value = f"thing.{field.source or member}"
        members.append(f"{member!r}: {_written(value, field.schema)}")
    parameters = ", ".join(["thing", *(["*", *by_caller] if by_caller else [])])
    # Of declarations alone: nothing of a request is in it.
    return eval(f"lambda {parameters}: {{{', '.join(members)}}}", known)  # type: ignore[no-any-return]  # noqa: S307


def _written(value: str, schema: Schema) -> str:
    """Write the expression that writes a value as its schema has it."""
    if schema.get("format") == "date-time":
        return f"time({value})"
    if schema.get("format") == "uuid":
        return f"str({value})"
    return f"{value} or None" if schema.get("type") == ["string", "null"] else value
