"""What a member of a published document is: as of any noun of the API, and what it tells of fresh labels.

It is declared by what it tells: `nothing.text(...)` tells nothing, `score.number(...)` as much as a score.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Union

from stats.verdict import Verdict
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.representations.shape import By, Field, Shape

Source = str | Callable[[Any], Any] | By | None
# Texts that a p-value of one digit can be: > .05, .05 to .01, .009 to .001, .0009 to .0001, < .0001.
P_VALUES = 25


@dataclass(frozen=True, kw_only=True)
class Size:
    """Lines of the grid from the metric's lower to its upper bound, and teams."""

    levels: int
    teams: int


@dataclass(frozen=True)
class PublishedField(Field):
    """A member that nobody can declare without saying what it tells; `audits.publication` computes most."""

    source: Source = By.CALLER
    # Of a list of nouns, the noun: its members tell, once for each row.
    tells: Union["Tells", "PublishedShape"] = field(kw_only=True)


def _word(schema: Callable[..., Schema]) -> Callable[..., PublishedField]:
    """Make a word of `schemas`, with an example before its own arguments."""

    def member(
        tells: "Tells",
        example: Any,
        *arguments: Any,
        source: Source = By.CALLER,
        **keywords: Any,
    ) -> PublishedField:
        return tells.field(schema(*arguments, **keywords), example, source)

    return member


@dataclass(frozen=True)
class Tells:
    """How many values a member can have once everything before it is known, and words to declare it in."""

    values: Callable[[Size], float]

    def field(self, schema: Schema, example: Any, source: Source = By.CALLER) -> PublishedField:
        return PublishedField(schema, example, source, tells=self)

    text = _word(schemas.text)
    text_or_null = _word(partial(schemas.text, null=True))
    integer = _word(schemas.integer)
    count = _word(schemas.count)
    place = _word(partial(schemas.integer, minimum=1, null=True))
    number = _word(schemas.number)
    number_or_null = _word(partial(schemas.number, null=True))
    flag = _word(schemas.flag)
    sha256 = _word(schemas.sha256)
    one_of = _word(schemas.one_of)


# Of what follows from other members, or from query labels, whose holdout retires.
nothing = Tells(lambda size: 1)
score = Tells(lambda size: size.levels)
# From nothing up to twice the metric's range: no effect is larger.
effect = Tells(lambda size: 2 * size.levels + 1)
signed_effect = Tells(lambda size: 2 * effect.values(size))
# Any tier is possible: it follows rounded scores, and half-widths that are not published.
tier = Tells(lambda size: size.teams)
p_value = Tells(lambda size: P_VALUES)
# All but a suspicion, which is never published.
verdict = Tells(lambda size: len(Verdict) - 1)
# Of exact figures no number of values is an honest count.
every = Tells(lambda size: math.inf)


def choice(n: int) -> Tells:
    """Tell one of so many words."""
    return Tells(lambda size: n)


class PublishedShape(Shape):
    """A noun of the document, with what its own members tell and the lists that it holds."""

    def __init__(self, name: str, fields: Mapping[str, PublishedField], **keywords: Any) -> None:
        super().__init__(name, fields, **keywords)
        self.tells: dict[str, Tells] = {}
        self.lists: dict[str, PublishedShape] = {}
        for member, declared in fields.items():
            if isinstance(declared.tells, PublishedShape):
                self.lists[member] = declared.tells
            else:
                self.tells[member] = declared.tells
