"""Say what wants attention, each with where to mend it; `vault.doctor` has the rules."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from vault import doctor


class Command(BaseCommand):
    help = (
        "Say what wants an operator's or an organizer's attention, a line each with where to mend it. It "
        "changes nothing. Exit code 0: nothing does, 1: something does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="the same as data")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(now=timezone.now())
        if options["as_json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], indent=2))
        elif not found:
            self.stdout.write("Nothing needs attention.")
        else:
            self.stdout.write("\n".join(each.line for each in found))
        if found:
            raise SystemExit(1)
