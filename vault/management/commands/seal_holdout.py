"""Seal a label file: draw its items into shards, commit to them, encrypt them for the workers."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import conveyor, holdout_ledger
from vault.errors import InvalidFileError, VaultError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Holdout
from vault.sealing import holdouts, label_files, label_report, proposals, seal_arguments
from vault.sealing.drawn_units import Shard


class Command(BaseCommand):
    help = (
        "Seal the labels in a CSV or Parquet file: id, label, and slice:<name>, time, group. "
        "Where there is a group, whole groups are drawn. First a report on the file is printed; if it warns, "
        "nothing is sealed until each warning is confirmed by its name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", required=True, metavar="SLUG")
        parser.add_argument("--labels", required=True, type=Path, metavar="FILE")
        seal_arguments.add_to(parser, is_required=False)
        parser.add_argument(
            "--rounds",
            type=int,
            metavar="N",
            help="propose shards for N auditable rounds, in a table, instead of --shard; nothing is sealed "
            "without --as-proposed",
        )
        parser.add_argument(
            "--as-proposed", action="store_true", help="seal as --rounds N proposes: its first row"
        )
        parser.add_argument(
            "--confirm",
            nargs="+",
            action="extend",
            default=[],
            metavar="CODE",
            help="warnings of the report that were read and are accepted",
        )
        parser.add_argument(
            "--seed",
            type=int,
            help="draw reproducibly; for demonstrations only, as the seed tells the draw",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._check(options)
        try:
            shards, sealed = self._sealed(options)
        except Benchmark.DoesNotExist:
            raise CommandError(f"there is no benchmark {options['benchmark']}") from None
        except InvalidFileError as error:
            raise CommandError(error.listed()) from None
        except (VaultError, OSError) as error:
            raise CommandError(str(error)) from None
        for asked, holdout in zip(shards, sealed, strict=True):
            target = "" if asked.n in (None, holdout.n_items) else f" (asked: {asked.n})"
            self.stdout.write(
                f"{holdout.pk} {holdout.kind} {holdout.status} {holdout.n_items} items{target}, "
                f"commitment {holdout.commitment}"
            )
        if not sealed:
            return
        for sentence in holdouts.how_drawn(holdout=sealed[0]):
            self.stdout.write(sentence)
        self.stdout.write(conveyor.stock(benchmark=sealed[0].benchmark).line)

    def _check(self, options: dict[str, Any]) -> None:
        if (options["rounds"] is None) == (options["shard"] is None):
            raise CommandError("give either --shard, once per shard, or --rounds")
        if options["rounds"] is None and options["as_proposed"]:
            raise CommandError("--as-proposed goes with --rounds")
        if options["rounds"] is not None and options["kind"] != HoldoutKind.IID:
            raise CommandError("--rounds proposes iid shards: others judge nobody")

    def _shards(self, labels: LabelTable, options: dict[str, Any]) -> list[Shard]:
        """Give those that were asked for, or those proposed, once the table is printed."""
        if options["rounds"] is None:
            return seal_arguments.shards_of(options)
        benchmark = Benchmark.objects.get(slug=options["benchmark"])
        found = proposals.propose(
            labels=labels,
            rounds=options["rounds"],
            metric=benchmark.primary_metric,
            unit=holdout_ledger.unit_of(benchmark=benchmark),
            delta0=benchmark.delta0,
        )
        self.stdout.write(proposals.as_text(found))
        if not options["as_proposed"]:
            self.stdout.write(
                "Nothing is sealed. To seal the first row, add --as-proposed; another one, --rounds too."
            )
            return []
        return found[0].shards

    def _sealed(self, options: dict[str, Any]) -> tuple[list[Shard], list[Holdout]]:
        benchmark = Benchmark.objects.get(slug=options["benchmark"])
        path, stratify = options["labels"], options["stratify"]
        labels = label_files.read(
            body=path.read_bytes(),
            content_type=seal_arguments.content_type_of(path),
            benchmark=benchmark,
        )
        shards = self._shards(labels, options)
        if not shards:
            return [], []
        report = holdouts.report(
            benchmark=benchmark, labels=labels, shards=shards, stratify=stratify
        )
        self.stdout.write(label_report.as_text(report))
        label_report.check_confirmed(report=report, confirmed=options["confirm"])
        return shards, holdouts.seal(
            benchmark=benchmark,
            labels=labels,
            shards=shards,
            stratify=stratify,
            rng=np.random.default_rng(options["seed"]),
            actor="seal_holdout",
            now=dt.datetime.now(dt.UTC),
        )
