"""The words that members of a shape are declared in: those of `schemas`, with an example before them."""

from collections.abc import Callable
from typing import Any

from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.representations.shape import By, Field


def _word(schema: Callable[..., Schema]) -> Callable[..., Field]:
    def member(
        example: Any = None,
        *words: Any,
        source: str | Callable[[Any], Any] | By | None = None,
        **keywords: Any,
    ) -> Field:
        return Field(schema(*words, **keywords), example, source)

    return member


text = _word(schemas.text)
integer = _word(schemas.integer)
count = _word(schemas.count)
number = _word(schemas.number)
flag = _word(schemas.flag)
time = _word(schemas.time)
sha256 = _word(schemas.sha256)
one_of = _word(schemas.one_of)
list_of = _word(schemas.list_of)
