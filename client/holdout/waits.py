"""The waits that are under way, kept on disk so that `holdout wait` goes on after a crash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holdout.credentials import write_private

MAX_WAITING = 20


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The submissions of one service that were waited for in one directory, the latest last."""

    path: Path
    url: str
    directory: Path

    def begin(self, submission_id: str) -> None:
        self._write([*(each for each in self._read() if each != submission_id), submission_id])

    def end(self, submission_id: str) -> None:
        waiting = self._read()
        if submission_id in waiting:
            self._write([each for each in waiting if each != submission_id])

    def latest(self) -> str | None:
        return next(reversed(self._read()), None)

    def _read(self) -> list[str]:
        return self._all().get(self._name, [])

    def _write(self, waiting: list[str]) -> None:
        kept = {**self._all(), self._name: waiting[-MAX_WAITING:]}
        write_private(self.path, json.dumps({name: ids for name, ids in kept.items() if ids}))

    @property
    def _name(self) -> str:
        return f"{self.url} {self.directory}"

    def _all(self) -> dict[str, list[str]]:
        """Read all. A damaged file is no reason to stop: what it holds stands in the service's list."""
        try:
            read = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        entries = read.items() if isinstance(read, dict) else ()
        return {name: [str(each) for each in ids] for name, ids in entries if isinstance(ids, list)}


def waits(environment: Mapping[str, str], *, url: str) -> Waits:
    base = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "~")) / ".local/state"
    return Waits(
        path=Path(base).expanduser() / "holdout" / "waits.json",
        url=url.rstrip("/"),
        directory=Path.cwd(),
    )
