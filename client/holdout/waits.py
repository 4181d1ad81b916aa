"""The waits that are under way, kept on disk so that `holdout wait` goes on after a crash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holdout.credentials import write_private

MOST = 20


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The submissions of one service that were waited for, the latest last."""

    path: Path
    url: str

    def begin(self, submission_id: str) -> None:
        self._write([*(each for each in self._read() if each != submission_id), submission_id])

    def end(self, submission_id: str) -> None:
        self._write([each for each in self._read() if each != submission_id])

    def latest(self) -> str | None:
        return next(reversed(self._read()), None)

    def _read(self) -> list[str]:
        return self._all().get(self.url, [])

    def _write(self, waiting: list[str]) -> None:
        kept = {**self._all(), self.url: waiting[-MOST:]}
        write_private(self.path, json.dumps({url: ids for url, ids in kept.items() if ids}))

    def _all(self) -> dict[str, list[str]]:
        """A damaged file is no reason to stop: all that it holds can be found in the service's list."""
        try:
            read = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}


def waits(environment: Mapping[str, str], *, url: str) -> Waits:
    base = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "~")) / ".local/state"
    return Waits(path=Path(base).expanduser() / "holdout" / "waits.json", url=url.rstrip("/"))
