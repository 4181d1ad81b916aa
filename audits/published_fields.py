"""What a member of a published document is: as of any noun of the API, and what it tells of fresh labels."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from stats.verdict import Verdict
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.representations.shape import By, Field, Shape

# Texts that a p-value of one digit can be: > .05, .05 to .01, .009 to .001, .0009 to .0001, < .0001.
P_VALUES = 25


@dataclass(frozen=True, kw_only=True)
class Size:
    """Lines of the grid from the metric's lower to its upper bound, and teams."""

    levels: int
    teams: int


# How many values a member can have once everything before it is known.
Values = Callable[[Size], float]


def nothing(size: Size) -> float:
    """Of what follows from other members, or from query labels, whose holdout retires."""
    return 1


def score(size: Size) -> float:
    return size.levels


def effect(size: Size) -> float:
    """From nothing up to twice the metric's range: no effect is larger."""
    return 2 * size.levels + 1


def signed_effect(size: Size) -> float:
    return 2 * effect(size)


def tier(size: Size) -> float:
    """Take any tier as possible: it follows rounded scores, and half-widths that are not published."""
    return size.teams


def p_value(size: Size) -> float:
    return P_VALUES


def verdict(size: Size) -> float:
    """Count all but a suspicion, which is never published."""
    return len(Verdict) - 1


def every(size: Size) -> float:
    """Of exact figures no number of values is an honest count."""
    return math.inf


def choice(n: int) -> Values:
    """One of so many words."""
    return lambda size: n


@dataclass(frozen=True)
class PublishedField(Field):
    """A member that nobody can declare without saying what it tells; `audits.publication` computes most."""

    source: str | Callable[[Any], Any] | By | None = By.CALLER
    # Of a list of nouns, the noun: its members tell, once for each row.
    tells: Union[Values, "PublishedShape"] = field(kw_only=True)


def _word(schema: Callable[..., Schema]) -> Callable[..., PublishedField]:
    """Of `schemas`, with what the member tells and an example before the word's own arguments."""

    def member(
        tells: Values,
        example: Any,
        *arguments: Any,
        source: str | Callable[[Any], Any] | By | None = By.CALLER,
        **keywords: Any,
    ) -> PublishedField:
        return PublishedField(schema(*arguments, **keywords), example, source, tells=tells)

    return member


text = _word(schemas.text)
integer = _word(schemas.integer)
count = _word(schemas.count)
number = _word(schemas.number)
flag = _word(schemas.flag)
sha256 = _word(schemas.sha256)
one_of = _word(schemas.one_of)


class PublishedShape(Shape):
    """A noun of the document, with what its own members tell and the lists that it holds."""

    def __init__(self, name: str, fields: Mapping[str, PublishedField], **keywords: Any) -> None:
        super().__init__(name, fields, **keywords)
        self.tells: dict[str, Values] = {}
        self.lists: dict[str, PublishedShape] = {}
        for member, declared in fields.items():
            if isinstance(declared.tells, PublishedShape):
                self.lists[member] = declared.tells
            else:
                self.tells[member] = declared.tells
