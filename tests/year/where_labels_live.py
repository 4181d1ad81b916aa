"""The machine with the labels: commands that need no service, no database and no private key."""

import contextlib
import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.year.bot import Bot
from vault.sealing import batch_sealing, seal_command

HEADER = ("id", "label", "event_time", "arrived_at")


@dataclass(kw_only=True)
class WhereLabelsLive:
    directory: Path
    benchmark: str
    # Commands that were typed.
    done: list[str] = field(default_factory=list)

    def seal(self, labels: str, *, shards: list[str]) -> bytes:
        """Fetch the public keys and the panel, seal, and confirm what the report warns of."""
        self.done.append("run.py seal")
        for name, content in self._fetched().items():
            (self.directory / name).write_bytes(content)
        (self.directory / "labels.csv").write_text(labels)
        given = [
            *("--public-keys", str(self.directory / "keys.json")),
            *("--panel", str(self.directory / "panel.parquet")),
            *("--labels", str(self.directory / "labels.csv")),
            *(word for shard in shards for word in ("--shard", shard)),
            *("-o", str(self.directory / "sealed.envelope")),
        ]
        code, said = _run(given)
        if code == 1:
            code, said = _run([*given, "--confirm", *said.rpartition("warnings, ")[2].split(", ")])
        assert code == 0, said
        return (self.directory / "sealed.envelope").read_bytes()

    def seal_batch(self, rows: list[tuple[str, ...]], *, holdout: str) -> bytes:
        """Encrypt labels for the audit key that the API shows."""
        self.done.append("run.py seal-batch")
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *rows])
        (self.directory / "batch.csv").write_text(text.getvalue())
        awaited = Bot().get(f"benchmarks/{self.benchmark}/prospective/{holdout}/")
        code = batch_sealing.main(
            [
                *(str(self.directory / "batch.csv"), "--benchmark", self.benchmark),
                *("--holdout", holdout, "--audit-key", awaited["audit_key"]["public_key"]),
                *("-o", str(self.directory / "batch.json")),
            ]
        )
        assert code == 0
        return (self.directory / "batch.json").read_bytes()

    def _fetched(self) -> dict[str, bytes]:
        keys = Bot().get(f"benchmarks/{self.benchmark}/sealing-keys/")
        parquet = {"Accept": "application/vnd.apache.parquet"}
        panel = Bot().ask("GET", f"benchmarks/{self.benchmark}/panel/", headers=parquet)
        return {"keys.json": json.dumps(keys).encode(), "panel.parquet": panel.getvalue()}


def _run(given: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = seal_command.main(given)
    return code, said.getvalue().strip()
