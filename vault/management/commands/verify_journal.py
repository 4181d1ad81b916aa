"""Verify the journal's chains, and on request compute every release again."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import journal, replay
from vault.errors import JournalError
from vault.journal import Head
from vault.models import Benchmark, Round
from vault.statuses import RoundStatus


def head(text: str) -> Head:
    """Read `812:5f2c...`, as this command prints it."""
    sequence, _, digest = text.partition(":")
    if not (sequence.isascii() and sequence.isdecimal() and len(digest) == len(journal.GENESIS)):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 812:5f2c...")
    return Head(sequence=int(sequence), hash=digest)


class Command(BaseCommand):
    help = "Verify every benchmark's journal; with --replay also recompute its releases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", help="only this one (slug)")
        parser.add_argument(
            "--head",
            type=head,
            metavar="SEQUENCE:HASH",
            help="what an earlier run printed for this benchmark: shows truncation and rewriting",
        )
        parser.add_argument("--replay", action="store_true", help="recompute every release")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["head"] and not options["benchmark"]:
            raise CommandError("--head is of one benchmark: name it with --benchmark")
        benchmarks = Benchmark.objects.order_by("slug")
        if options["benchmark"]:
            benchmarks = benchmarks.filter(slug=options["benchmark"])
            if not benchmarks:
                raise CommandError(f"there is no benchmark {options['benchmark']}")
        for benchmark in benchmarks:
            try:
                found = journal.verify(benchmark_id=benchmark.pk, kept=options["head"])
                self.stdout.write(f"{benchmark.slug}: sound, head {found}")
                if options["replay"]:
                    self._replay(benchmark)
            except JournalError as error:
                raise CommandError(f"{benchmark.slug}: {error.message}") from None

    def _replay(self, benchmark: Benchmark) -> None:
        rounds = Round.objects.filter(benchmark=benchmark).exclude(status=RoundStatus.PLANNED)
        for round in rounds.select_related("benchmark", "query_holdout").order_by("number"):
            n_releases = replay.replay(round=round)
            self.stdout.write(f"{round}: {n_releases} releases recomputed, all equal")
