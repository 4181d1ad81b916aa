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
from vault.models import Benchmark, Holdout
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
    help = (
        "Seal the labels in a CSV or Parquet file: id, label, and slice:<name>, time, group. "
        "Where there is a group, whole groups are drawn."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", required=True, metavar="SLUG")
        parser.add_argument("--labels", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--shard",
            required=True,
            action="append",
            type=shard,
            metavar="STATUS=N",
            help=f"query, fresh or sealed, and a number of items or {REST!r}; once per shard. "
            "With groups the number is a target, as they are drawn whole",
        )
        parser.add_argument("--kind", default=HoldoutKind.IID, choices=HoldoutKind.values)
        parser.add_argument(
            "--stratify",
            action="store_true",
            help="draw from each class separately, so that a rare one is in every shard",
        )
        parser.add_argument(
            "--seed",
            type=int,
            help="draw reproducibly; for demonstrations only, as the seed tells the draw",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["labels"]
        shards = [Shard(kind=options["kind"], status=status, n=n) for status, n in options["shard"]]
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
                shards=shards,
                stratify=options["stratify"],
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
        for asked, holdout in zip(shards, sealed, strict=True):
            self.stdout.write(
                f"{holdout.pk} {holdout.kind} {holdout.status} {holdout.n_items} items"
                f"{_target(asked, holdout)}, commitment {holdout.commitment}"
            )
        for sentence in holdouts.how_drawn(holdout=sealed[0]):
            self.stdout.write(sentence)


def _target(asked: Shard, holdout: Holdout) -> str:
    return "" if asked.n in (None, holdout.n_items) else f" (asked: {asked.n})"


def _listed(error: InvalidFileError) -> str:
    lines = [error.message]
    for problem in error.data["problems"]:
        row = problem["row"] and f"row {problem['row']}"
        where = ", ".join(filter(None, [row, problem["column"]]))
        lines.append(f"  {where}: {problem['problem']}" if where else f"  {problem['problem']}")
    return "\n".join(lines)
