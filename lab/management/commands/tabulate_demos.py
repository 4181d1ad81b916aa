"""`manage.py tabulate_demos FILE...`: results of `run.py demo --json` as the table of docs/demo.md."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from lab import promises
from lab.study import ATTACKERS

COLUMNS = (
    "seed", "confirmed, open", "inflation, open", "inflation, guarded", "confirmed, guarded",
    "honest on the board, guarded", "seconds", "broken promises",
)  # fmt: skip


class Command(BaseCommand):
    help = "Tabulate results of the demo, one row per seed, and say which promises held."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        results = [json.loads(path.read_text()) for path in options["files"]]
        self.stdout.write(table(results=sorted(results, key=lambda result: result["seed"])))


def table(*, results: list[dict[str, Any]]) -> str:
    held = sum(not promises.broken(result=result) for result in results)
    on_open, on_guarded = (
        float(np.mean([_inflation(_board(result, mechanism)) for result in results]))
        for mechanism in ("exact", "guarded_ladder")
    )
    rows = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS), *map(_row, results)]
    return "\n".join(rows) + (
        f"\n\nAll promises of a run held in {held} of {len(results)} seeds. Mean inflation of the "
        f"attackers' finals: {on_open:+.4f} on the open board, {on_guarded:+.4f} on the guarded one.\n"
    )


def _row(result: dict[str, Any]) -> str:
    on_open, on_guarded = _board(result, "exact"), _board(result, "guarded_ladder")
    honest = [team for team in on_guarded["teams"] if team["role"] == "honest"]
    n_shown = sum(team["released"] is not None for team in honest)
    cells = (
        str(result["seed"]),
        ", ".join(promises.confirmed(benchmark=on_open)) or "nobody",
        f"{_inflation(on_open):+.4f}",
        f"{_inflation(on_guarded):+.4f}",
        ", ".join(promises.confirmed(benchmark=on_guarded)) or "nobody",
        f"{n_shown} of {len(honest)}",
        f"{result['seconds']:.0f}",
        "; ".join(promises.broken(result=result)) or "none",
    )
    return f"| {' | '.join(cells)} |"


def _board(result: dict[str, Any], mechanism: str) -> dict[str, Any]:
    """The first benchmark with this mechanism: the guarded one comes before the sybil's."""
    found: dict[str, Any] = next(
        each for each in result["benchmarks"] if each["mechanism"] == mechanism
    )
    return found


def _inflation(benchmark: dict[str, Any]) -> float:
    return promises.mean_inflation(benchmark=benchmark, names=ATTACKERS)
