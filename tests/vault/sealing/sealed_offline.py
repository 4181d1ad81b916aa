"""Envelopes made as `run.py seal` makes them, and taken in, for tests."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from tests.vault.factories import NOW
from vault.models import Benchmark, Holdout
from vault.sealing import (
    benchmark_sheet,
    envelopes,
    received,
    seal_command,
    sealing_sheet,
    verification,
)
from vault.sealing.envelopes import Envelope

N = 60
CLASSES = ("dry", "rain")
_WET = np.random.default_rng(4).integers(2, size=N).tolist()
LABELS = "id,label\n" + "".join(f"day-{i:02d},{CLASSES[_WET[i]]}\n" for i in range(N))
GROUPED = "id,label,group,time,slice:place\n" + "".join(
    f"day-{i:02d},{CLASSES[_WET[i]]},g{i // 2},2026-01-{i % 28 + 1:02d},p{i % 2}\n"
    for i in range(N)
)
SHARDS = ("--shard", "query=20", "--shard", "fresh=25", "--shard", "sealed=rest")


def sheet_file(directory: Path, benchmark: Benchmark) -> Path:
    file = directory / "keys.json"
    file.write_bytes(sealing_sheet.as_file(benchmark_sheet.sheet_of(benchmark)))
    return file


def seal(
    directory: Path, benchmark: Benchmark, labels: str = LABELS, *more: str, name: str = "sealed"
) -> bytes:
    """Run the command, accept what it warns of, and give the file that it wrote."""
    (directory / "labels.csv").write_text(labels)
    given = [
        *("--public-keys", str(sheet_file(directory, benchmark))),
        *("--labels", str(directory / "labels.csv")),
        *("-o", str(directory / name), *SHARDS, *more),
    ]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = seal_command.main(given)
    if code == 1:
        codes = said.getvalue().strip().partition("each of its warnings, ")[2].split(", ")
        with contextlib.redirect_stderr(said):
            code = seal_command.main([*given, "--confirm", *codes])
    assert code == 0, said.getvalue()
    return (directory / name).read_bytes()


def take_in(benchmark: Benchmark, content: bytes, **given: Any) -> list[Holdout]:
    return received.receive(
        benchmark=benchmark,
        envelope=envelopes.read(content),
        size=len(content),
        actor="olivia",
        now=NOW,
        **given,
    )


def look_into(envelope: Envelope) -> bool:
    return verification.carry_out(batch=envelope.batch, clock=lambda: NOW)
