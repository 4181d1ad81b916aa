"""`manage.py rehearse_demo`: the demo's story in memory over many seeds, without servers."""

from argparse import ArgumentParser
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from lab import season, study
from lab.study import GUARDED, OPEN, SYBIL, SeedResult
from lab.weather import series


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
        self.stdout.write(
            "| seed | confirmed, open | inflation, open | guarded | sybil "
            "| confirmed, guarded | sybil accounts confirmed | broken |\n"
            "|---|---|---|---|---|---|---|---|"
        )
        for result in study.run(weather=weather, cast=cast, seeds=seeds):
            results.append(result)
            self.stdout.write(row(result=result))
            self.stdout.flush()
        self.stdout.write(summary(results=results))


def row(*, result: SeedResult) -> str:
    audits = result.audits
    cells = [
        str(result.seed),
        ", ".join(audits[OPEN].confirmed),
        f"{result.inflation(slug=OPEN):.4f}",
        f"{result.inflation(slug=GUARDED):.4f}",
        f"{result.inflation(slug=SYBIL, teams=season.SYBILS):.4f}",
        ", ".join(audits[GUARDED].confirmed) or "nobody",
        str(len(set(audits[SYBIL].confirmed) & set(season.SYBILS))),
        "; ".join(result.broken) or "nothing",
    ]
    return f"| {' | '.join(cells)} |"


def summary(*, results: list[SeedResult]) -> str:
    on_open = np.mean([result.inflation(slug=OPEN) for result in results])
    on_guarded = np.mean([result.inflation(slug=GUARDED) for result in results])
    held = sum(not result.broken for result in results)
    return (
        f"All promises of a run held in {held} of {len(results)} seeds. Mean inflation of the "
        f"attackers: {on_open:.4f} open, {on_guarded:.4f} guarded."
    )
