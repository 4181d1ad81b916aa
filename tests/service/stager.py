"""Stages benchmarks one after another, each asked for by a line: starting Django takes longer than staging.

A line on stdin is a JSON list of arguments; one on stdout is what `stage_benchmark` prints for it.
"""

import io
import json
import sys

import django
from django.core.management import call_command
from django.db import connections


def main() -> None:
    django.setup()
    for line in sys.stdin:
        printed = io.StringIO()
        call_command("stage_benchmark", *json.loads(line), stdout=printed)
        # Between two benchmarks a test may kill the database.
        connections.close_all()
        sys.stdout.write(printed.getvalue().strip() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
