"""`manage.py calibrate`: the calibration study, as the page docs/calibration.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lab.leagues import calibration, tables


class Command(BaseCommand):
    help = "Simulate honest leagues and attackers, and count who would be accused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--scale", type=float, default=1.0, help="share of the full study's repetitions"
        )
        parser.add_argument("--jobs", type=int, default=1, help="processes")
        parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative")
        if not 0 < options["scale"] <= 1:
            raise CommandError("--scale must be in (0, 1]")
        if options["jobs"] < 1:
            raise CommandError("--jobs must be at least 1")
        result = calibration.run(
            seed=options["seed"],
            scale=options["scale"],
            jobs=options["jobs"],
            say=self.stderr.write,
        )
        page = tables.page(result)
        if options["write"] is None:
            self.stdout.write(page)
        else:
            options["write"].write_text(page)
