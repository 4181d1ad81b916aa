"""Settings from the environment: each name is asked for once, and an unknown name is an error.

A secret may stand in a file (`NAME_FILE`), as container secrets do. A misspelt `HOLDOUT_VAULT_` variable
would otherwise be ignored in silence, so `Environment.refuse_unknown` names it. What was asked for is
remembered, so that the reference of the settings is written from what the settings really read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PREFIX = "HOLDOUT_VAULT_"

# Read by the launcher and the tests, not by the settings.
LAUNCHER_NAMES = frozenset({"HOME", "REFERENCE_DATA"})


class EnvironmentVariableError(Exception):
    """A variable is missing, unknown or has the wrong form."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked of the environment; never what it answered."""

    name: str
    kind: str
    default: str | None
    is_secret: bool = False


class Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._questions: dict[str, Question] = {}

    @property
    def questions(self) -> list[Question]:
        """In the order in which they were asked."""
        return list(self._questions.values())

    def _ask(
        self, name: str, default: str | None, *, kind: str = "text", is_secret: bool = False
    ) -> str:
        self._questions[name] = Question(name=name, kind=kind, default=default, is_secret=is_secret)
        value = self._variables.get(PREFIX + name)
        path = self._variables.get(f"{PREFIX}{name}_FILE") if is_secret else None
        if path and value is not None:
            raise EnvironmentVariableError(f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set")
        if path:
            try:
                return Path(path).read_text().strip()
            except OSError as error:
                raise EnvironmentVariableError(
                    f"{PREFIX}{name}_FILE cannot be read: {path} ({error.strerror})"
                ) from None
        if value is None:
            value = default
        if value is None:
            raise EnvironmentVariableError(f"{PREFIX}{name} is not set")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return self._ask(name, default)

    def integer(self, name: str, default: int) -> int:
        return self._number(name, default, kind="whole number", read=int)

    def number(self, name: str, default: float) -> float:
        return self._number(name, default, kind="number", read=float)

    def _number(self, name: str, default: T, *, kind: str, read: Callable[[str], T]) -> T:
        value = self._ask(name, str(default), kind=kind)
        try:
            return read(value)
        except ValueError:
            raise EnvironmentVariableError(f"{PREFIX}{name} is not a {kind}: {value!r}") from None

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._ask(name, default, kind=" or ".join(choices))
        if value not in choices:
            raise EnvironmentVariableError(
                f"{PREFIX}{name} is {value!r}; it may be {', '.join(choices)}"
            )
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, "1" if default else "0", ("0", "1")) == "1"

    def names(self, name: str, default: str = "", *, kind: str = "names") -> list[str]:
        value = self._ask(name, default, kind=f"{kind}, separated by commas")
        return [part.strip() for part in value.split(",") if part.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        try:
            return [ip_network(each) for each in self.names(name, kind="networks")]
        except ValueError as error:
            raise EnvironmentVariableError(f"{PREFIX}{name}: {error}") from None

    def ports(self, name: str, default: str) -> list[range]:
        value = self._ask(name, default, kind="ports or ranges such as `8000-8099`, with commas")
        ranges = []
        for part in (each.strip() for each in value.split(",")):
            first, dash, last = part.partition("-")
            last = last if dash else first
            if not (first.isdecimal() and last.isdecimal()):
                raise EnvironmentVariableError(f"{PREFIX}{name}: {part!r} is no port and no range")
            low, high = int(first), int(last)
            if not 0 < low <= high < 65_536:
                raise EnvironmentVariableError(f"{PREFIX}{name}: {part!r} is not within 1-65535")
            ranges.append(range(low, high + 1))
        return ranges

    def secret(self, name: str, default: str | None = None) -> str:
        return self._ask(name, default, is_secret=True)

    def known_names(self) -> set[str]:
        """List every variable that means something, with the prefix."""
        files = {f"{name}_FILE" for name, asked in self._questions.items() if asked.is_secret}
        return {PREFIX + name for name in {*self._questions, *files, *LAUNCHER_NAMES}}

    def refuse_unknown(self) -> None:
        known = self.known_names()
        unknown = sorted(
            name for name in self._variables if name.startswith(PREFIX) and name not in known
        )
        if unknown:
            raise EnvironmentVariableError(f"unknown settings: {', '.join(unknown)}")
