"""`manage.py play_attackers`: attackers among honest teams, as the page docs/attackers.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lab.leagues import attacked


class Command(BaseCommand):
    help = "Simulate leagues with one attacker each, and count how often it is found, and who else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--leagues", type=int, default=100, help="of each line of the table")
        parser.add_argument("--jobs", type=int, default=1, help="processes")
        parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative")
        if min(options["leagues"], options["jobs"]) < 1:
            raise CommandError("--leagues and --jobs must be at least 1")
        counted = attacked.run(
            seed=options["seed"],
            n_leagues=options["leagues"],
            jobs=options["jobs"],
            say=self.stderr.write,
        )
        gained = attacked.gains(seed=options["seed"])
        page = attacked.page(seed=options["seed"], counted=counted, gained=gained)
        if options["write"] is None:
            self.stdout.write(page)
        else:
            options["write"].write_text(page)
