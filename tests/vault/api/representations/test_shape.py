"""A declared shape shows what its schema says, in the order of its declaration."""

import datetime as dt
import uuid
from types import SimpleNamespace

import jsonschema
import pytest

from vault.api.openapi import schemas
from vault.api.representations.shape import By, Field, Shape, described

ID = uuid.UUID(int=7)
EAST = dt.timezone(dt.timedelta(hours=2))
SHAPE = Shape(
    "Thing",
    {
        "id": Field(schemas.text(format="uuid"), str(ID), "pk"),
        "by": Field(schemas.text(), "alpha", "owner.name"),
        "made_at": Field(schemas.time(), "2026-03-01T12:00:00Z"),
        "ended_at": Field(schemas.or_null(schemas.time())),
        "is_own": Field(schemas.flag(), True, By.CALLER),
        "reason": Field(schemas.or_null(schemas.text())),
        "n_words": Field(schemas.count(), 2, lambda given: len(given.text.split())),
    },
)
THING = SimpleNamespace(
    pk=ID,
    owner=SimpleNamespace(name="alpha"),
    made_at=dt.datetime(2026, 3, 1, 14, tzinfo=EAST),
    ended_at=None,
    reason="",
    text="two words",
)
SHOWN = {
    "id": "00000000-0000-0000-0000-000000000007",
    "by": "alpha",
    "made_at": "2026-03-01T12:00:00Z",
    "ended_at": None,
    "is_own": True,
    "reason": None,
    "n_words": 2,
}


def test_values_are_written_as_the_schema_says_in_the_order_of_the_declaration() -> None:
    assert list(SHAPE.show(THING, is_own=True).items()) == list(SHOWN.items())


def test_what_is_shown_and_the_example_fit_the_schema() -> None:
    jsonschema.validate(SHAPE.show(THING, is_own=False), SHAPE.schema)
    jsonschema.validate(SHAPE.example, SHAPE.schema)
    assert SHAPE.example == SHOWN
    assert SHAPE.schema["required"] == list(SHOWN)


@pytest.mark.parametrize("named", [{}, {"is_own": True, "is_new": True}])
def test_caller_names_what_the_thing_cannot_tell_and_no_more(named: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match=r"is_own|is_new"):
        SHAPE.show(THING, **named)


def test_extended_shape_has_its_members_behind() -> None:
    longer = SHAPE.extended("Whole", {"text": Field(schemas.text(), "two words")})

    assert list(longer.show(THING, is_own=True)) == [*SHOWN, "text"]
    assert list(SHAPE.fields) == [*SHOWN]
    assert list(described(longer, listed=(SHAPE,))) == ["Whole", "Thing", "ThingList"]
