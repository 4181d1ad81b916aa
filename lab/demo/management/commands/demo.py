"""`manage.py demo`: play the demo against a running service, as its organizer."""

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from lab.demo import play, promises, table
from lab.demo.weather import series


class Command(BaseCommand):
    help = "Play the demo's three benchmarks through the REST API of a running service."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="address of the API")
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--json", type=Path, help="write the result here")
        parser.add_argument("--elapsed", type=float, default=0.0, help="seconds spent before")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic() - options["elapsed"]

        def say(text: str) -> None:
            print(f"[{time.monotonic() - started:6.1f} s] {text}", file=sys.stderr, flush=True)

        print(f"seed {options['seed']}", flush=True)
        played = play.run(
            url=options["url"],
            seed=options["seed"],
            weather=series.load(),
            say=say,
            now=timezone.now,
        )
        result = {
            "seed": played["seed"],
            "seconds": round(time.monotonic() - started, 1),
            "benchmarks": played["benchmarks"],
        }
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=1) + "\n")
        print(f"\n{table.of(result)}\n\n{verdict(result=result)}", flush=True)


def verdict(*, result: dict[str, Any]) -> str:
    broken = promises.broken(result=result)
    if broken:
        return "Promised and not held: " + "; ".join(broken) + "."
    return (
        "As promised: the attackers are CONFIRMED on the open board and nobody else is; under the "
        "guarded\nLadder nobody is accused, and whoever clearly gained is on the board."
    )
