"""`manage.py tabulate_demos FILE...`: results of `run.py demo --json` as the table of docs/demo.md."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from lab.demo import promises, season

COLUMNS = (
    "seed", "confirmed, open", "overstatement, open", "overstatement, guarded", "confirmed, guarded",
    "honest on the board, guarded", "sybil accounts confirmed", "overstatement, sybil", "seconds",
    "broken promises",
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
        _mean(_attackers(_board(result, mechanism)) for result in results)
        for mechanism in ("exact", "guarded_ladder")
    )
    of_accounts = _mean(_accounts(_sybil_board(result)) for result in results)
    n_accounts = sum(_n_confirmed(_sybil_board(result)) for result in results)
    rows = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS), *map(_row, results)]
    return "\n".join(rows) + (
        f"\n\nAll promises of a run held in {held} of {len(results)} seeds. Mean overstatement of the "
        f"attackers: {on_open:+.4f} on the open board, {on_guarded:+.4f} on the guarded one. Of "
        f"{len(results)} coalitions of {len(season.SYBILS)} accounts, {n_accounts} accounts were "
        f"confirmed; their mean overstatement is {of_accounts:+.4f}.\n"
    )


def _row(result: dict[str, Any]) -> str:
    on_open, on_guarded = _board(result, "exact"), _board(result, "guarded_ladder")
    with_sybil = _sybil_board(result)
    honest = [team for team in on_guarded["teams"] if team["role"] == "honest"]
    n_shown = sum(team["released"] is not None for team in honest)
    cells = (
        str(result["seed"]),
        ", ".join(promises.confirmed(benchmark=on_open)) or "nobody",
        f"{_attackers(on_open):+.4f}",
        f"{_attackers(on_guarded):+.4f}",
        ", ".join(promises.confirmed(benchmark=on_guarded)) or "nobody",
        f"{n_shown} of {len(honest)}",
        f"{_n_confirmed(with_sybil)} of {len(season.SYBILS)}",
        f"{_accounts(with_sybil):+.4f}",
        f"{result['seconds']:.0f}",
        "; ".join(promises.broken(result=result)) or "none",
    )
    return f"| {' | '.join(cells)} |"


def _board(result: dict[str, Any], mechanism: str) -> dict[str, Any]:
    """Return the first benchmark with this mechanism: the guarded one comes before the sybil's."""
    found: dict[str, Any] = next(
        each for each in result["benchmarks"] if each["mechanism"] == mechanism
    )
    return found


def _sybil_board(result: dict[str, Any]) -> dict[str, Any]:
    """Return the benchmark on which the sybil's accounts play."""
    found: dict[str, Any] = next(
        each
        for each in result["benchmarks"]
        if any(team["name"] in season.SYBILS for team in each["teams"])
    )
    return found


def _attackers(benchmark: dict[str, Any]) -> float:
    return promises.mean_overstatement(benchmark=benchmark, names=season.ATTACKERS)


def _accounts(benchmark: dict[str, Any]) -> float:
    return promises.mean_overstatement(benchmark=benchmark, names=season.SYBILS)


def _n_confirmed(benchmark: dict[str, Any]) -> int:
    return len(set(promises.confirmed(benchmark=benchmark)) & set(season.SYBILS))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
