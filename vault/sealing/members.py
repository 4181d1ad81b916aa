"""Strict reading of a JSON object: each member is asked for once, has its type, and none is left over.

It knows no Django and no database.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from vault.errors import SealingError

Read = TypeVar("Read")
# Of any value in a message; and of a text, where nothing is said of it.
MAX_TEXT = 200
# What no database keeps and no page can show: control characters, and halves of a character.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def shown(value: object) -> str:
    """Write a value for a message, cut to a readable length."""
    text = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(value)[:MAX_TEXT])
    return text if len(text) < MAX_TEXT else text[:-1] + "…"


class Members:
    """The members of one object, of which each must be asked for, and none may be left."""

    def __init__(self, found: Any, path: str) -> None:
        self._path = path
        if not isinstance(found, dict):
            raise SealingError(f"{path.rstrip('.')} is no object", field=path.rstrip("."))
        self._found, self._asked = found, set[str]()

    def path(self, name: str) -> str:
        return self._path + name

    def wrong(self, name: str, problem: str) -> SealingError:
        path = self.path(name)
        return SealingError(f"{path} of the envelope: {problem}", field=path)

    def take(self, name: str) -> Any:
        if name not in self._found:
            raise self.wrong(name, "it is missing")
        self._asked.add(name)
        return self._found[name]

    def end(self) -> None:
        if left := sorted(set(self._found) - self._asked):
            raise self.wrong(shown(left[0]), "there is no such member")

    def _typed(self, name: str, kind: type | tuple[type, ...], what: str) -> Any:
        value = self.take(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(name, f"it is no {what}")
        return value

    def text(self, name: str, *, longest: int = MAX_TEXT) -> str:
        return self._fit(name, self._typed(name, str, "text"), longest)

    def _fit(self, name: str, text: str, longest: int) -> str:
        if len(text) > longest:
            raise self.wrong(name, f"it has more than {longest} characters")
        if _UNFIT.search(text):
            raise self.wrong(name, "it holds a control character, or half of a character")
        return text

    def flag(self, name: str) -> bool:
        return bool(self._typed(name, bool, "true or false"))

    def listed(self, name: str) -> Sequence[Any]:
        found: Sequence[Any] = self._typed(name, list, "list")
        return found

    def texts(self, name: str, *, most: int, longest: int = MAX_TEXT) -> list[str]:
        found = self.listed(name)
        if not all(isinstance(each, str) for each in found):
            raise self.wrong(name, "it is no list of texts")
        if len(found) > most:
            raise self.wrong(name, f"there are more than {most:,}")
        return [self._fit(f"{name}[{i}]", each, longest) for i, each in enumerate(found)]

    def count(self, name: str, *, least: int = 1) -> int:
        value = int(self._typed(name, int, "whole number"))
        if not least <= value < 2**31:
            raise self.wrong(name, f"it is not at least {least}, or too large")
        return value

    def day(self, name: str) -> dt.date:
        value = self.text(name)
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:
            raise self.wrong(name, "it is no day, written 2026-03-01")
        return found

    def number(self, name: str) -> float:
        try:
            return float(self._typed(name, (int, float), "number"))
        except OverflowError:
            raise self.wrong(name, "it is too large") from None

    def optional(self, name: str, read: Callable[[str], Read]) -> Read | None:
        return None if self.take(name) is None else read(name)

    def hex(self, name: str, digits: int) -> str:
        value = self.text(name)
        if len(value) != digits or not set(value) <= set("0123456789abcdef"):
            raise self.wrong(name, f"it is not {digits} hexadecimal digits")
        return value

    def random_id(self, name: str) -> uuid.UUID:
        value = self.text(name)
        try:
            found = uuid.UUID(value)
        except ValueError:
            found = None
        if found is None or str(found) != value or found.version != 4:
            raise self.wrong(name, "it is no random UUID in small letters")
        return found
