"""Settings from the environment: each name is asked for once, and an unknown name is an error.

A secret may stand in a file (`NAME_FILE`), as container secrets do. A misspelt `HOLDOUT_VAULT_` variable
would otherwise be ignored in silence, so `Environment.refuse_unknown` names it.
"""

from collections.abc import Mapping
from pathlib import Path

PREFIX = "HOLDOUT_VAULT_"

# Read by the launcher and the tests, not by the settings.
LAUNCHER_NAMES = frozenset({"HOME", "REFERENCE_DATA"})


class EnvironmentVariableError(Exception):
    """A variable is missing, unknown or has the wrong form."""


class Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._asked: set[str] = set(LAUNCHER_NAMES)

    def text(self, name: str, default: str | None = None) -> str:
        self._asked.add(name)
        value = self._variables.get(PREFIX + name, default)
        if value is None:
            raise EnvironmentVariableError(f"{PREFIX}{name} is not set")
        return value

    def integer(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        try:
            return int(value)
        except ValueError:
            raise EnvironmentVariableError(
                f"{PREFIX}{name} is not a whole number: {value!r}"
            ) from None

    def number(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        try:
            return float(value)
        except ValueError:
            raise EnvironmentVariableError(f"{PREFIX}{name} is not a number: {value!r}") from None

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise EnvironmentVariableError(
                f"{PREFIX}{name} is {value!r}; it may be {', '.join(choices)}"
            )
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, "1" if default else "0", ("0", "1")) == "1"

    def names(self, name: str, default: str = "") -> list[str]:
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def secret(self, name: str, default: str | None = None) -> str:
        self._asked.add(f"{name}_FILE")
        path = self._variables.get(f"{PREFIX}{name}_FILE")
        if path:
            return Path(path).read_text().strip()
        return self.text(name, default)

    def refuse_unknown(self) -> None:
        known = {PREFIX + name for name in self._asked}
        unknown = sorted(
            name for name in self._variables if name.startswith(PREFIX) and name not in known
        )
        if unknown:
            raise EnvironmentVariableError(f"unknown settings: {', '.join(unknown)}")
