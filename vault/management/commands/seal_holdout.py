"""Seal a label file: draw its items into shards, commit to them, encrypt them for the workers."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import holdouts, label_files
from vault.errors import InvalidFileError, VaultError
from vault.holdouts import Shard
from vault.models import Benchmark
from vault.parsing import CSV, PARQUET
from vault.statuses import HoldoutKind, HoldoutStatus

CONTENT_TYPES = {".csv": CSV, ".parquet": PARQUET}
STATUSES = {
    "query": HoldoutStatus.QUERY,
    "fresh": HoldoutStatus.FRESH,
    "sealed": HoldoutStatus.SEALED,
}
REST = "rest"


def shard(text: str) -> tuple[str, int | None]:
    """`fresh=6700` or `fresh=rest`."""
    status, _, size = text.partition("=")
    if status not in STATUSES or not (size == REST or (size.isascii() and size.isdigit())):
        raise argparse.ArgumentTypeError(f"{text!r} is not like query=2400 or fresh={REST}")
    return STATUSES[status], None if size == REST else int(size)


class Command(BaseCommand):
    help = "Seal the labels in a CSV or Parquet file: id, label, and slice:<name>, time, group."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", required=True, metavar="SLUG")
        parser.add_argument("--labels", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--shard",
            required=True,
            action="append",
            type=shard,
            metavar="STATUS=N",
            help=f"query, fresh or sealed, and a number of items or {REST!r}; once per shard",
        )
        parser.add_argument("--kind", default=HoldoutKind.IID, choices=HoldoutKind.values)
        parser.add_argument(
            "--seed",
            type=int,
            help="draw reproducibly; for demonstrations only, as the seed tells the draw",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["labels"]
        try:
            benchmark = Benchmark.objects.get(slug=options["benchmark"])
            labels = label_files.read(
                body=path.read_bytes(),
                content_type=CONTENT_TYPES.get(path.suffix, path.suffix),
                benchmark=benchmark,
            )
            sealed = holdouts.seal(
                benchmark=benchmark,
                labels=labels,
                shards=[
                    Shard(kind=options["kind"], status=status, n=n)
                    for status, n in options["shard"]
                ],
                rng=np.random.default_rng(options["seed"]),
                actor="seal_holdout",
                now=dt.datetime.now(dt.UTC),
            )
        except Benchmark.DoesNotExist:
            raise CommandError(f"there is no benchmark {options['benchmark']}") from None
        except InvalidFileError as error:
            raise CommandError(_listed(error)) from None
        except (VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        for holdout in sealed:
            self.stdout.write(
                f"{holdout.pk} {holdout.kind} {holdout.status} {holdout.n_items} items, "
                f"commitment {holdout.commitment}"
            )


def _listed(error: InvalidFileError) -> str:
    lines = [error.message]
    for problem in error.data["problems"]:
        row = problem["row"] and f"row {problem['row']}"
        where = ", ".join(filter(None, [row, problem["column"]]))
        lines.append(f"  {where}: {problem['problem']}" if where else f"  {problem['problem']}")
    return "\n".join(lines)
