"""`manage.py rehearse_demo`: the demo's story in memory over many seeds, without servers."""

from argparse import ArgumentParser
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from lab.demo import season
from lab.demo.rehearsal import study
from lab.demo.rehearsal.study import GUARDED, OPEN, SYBIL, SeedResult
from lab.demo.weather import series

COLUMNS = (
    "seed", "confirmed, open", "overstatement, open", "overstatement, guarded", "confirmed, guarded",
    "sybil accounts confirmed", "overstatement, sybil", "gain of the coalition", "broken promises",
)  # fmt: skip


class Command(BaseCommand):
    help = "Play the demo's benchmarks in memory and say which promises held."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--first", type=int, default=1, help="first seed")
        parser.add_argument("--last", type=int, default=20, help="last seed")

    def handle(self, *args: Any, **options: Any) -> None:
        weather = series.load()
        cast = season.train(weather=weather.published)
        seeds = range(options["first"], options["last"] + 1)
        results = []
        self.stdout.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
        for result in study.run(weather=weather, cast=cast, seeds=seeds):
            results.append(result)
            self.stdout.write(row(result=result))
            self.stdout.flush()
        self.stdout.write(summary(results=results))


def row(*, result: SeedResult) -> str:
    audits = result.audits
    cells = [
        str(result.seed),
        ", ".join(audits[OPEN].confirmed) or "nobody",
        f"{result.overstatement(slug=OPEN):+.4f}",
        f"{result.overstatement(slug=GUARDED):+.4f}",
        ", ".join(audits[GUARDED].confirmed) or "nobody",
        f"{len(confirmed_accounts(result=result))} of {len(season.SYBILS)}",
        f"{result.overstatement(slug=SYBIL, teams=season.SYBILS):+.4f}",
        f"{result.coalition_gain:+.4f}",
        "; ".join(result.broken) or "none",
    ]
    return f"| {' | '.join(cells)} |"


def confirmed_accounts(*, result: SeedResult) -> set[str]:
    return set(result.audits[SYBIL].confirmed) & set(season.SYBILS)


def summary(*, results: list[SeedResult]) -> str:
    on_open = np.mean([result.overstatement(slug=OPEN) for result in results])
    on_guarded = np.mean([result.overstatement(slug=GUARDED) for result in results])
    of_accounts = [result.overstatement(slug=SYBIL, teams=season.SYBILS) for result in results]
    gain = np.mean([result.coalition_gain for result in results])
    n_confirmed = sum(len(confirmed_accounts(result=result)) for result in results)
    held = sum(not result.broken for result in results)
    return (
        f"\nAll promises of a run held in {held} of {len(results)} seeds. Mean overstatement of the "
        f"attackers: {on_open:+.4f} open, {on_guarded:+.4f} guarded. Of {len(results)} coalitions of "
        f"{len(season.SYBILS)} accounts, {n_confirmed} accounts were confirmed; mean overstatement "
        f"{np.mean(of_accounts):+.4f}, mean gain {gain:+.4f}."
    )
