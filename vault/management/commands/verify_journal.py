"""Verify the journal's chains, and on request compute every release again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import journal, replay
from vault.errors import JournalError
from vault.models import Benchmark, Round
from vault.statuses import RoundStatus


class Command(BaseCommand):
    help = "Verify every benchmark's journal; with --replay also recompute its releases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", help="only this one (slug)")
        parser.add_argument("--replay", action="store_true", help="recompute every release")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmarks = Benchmark.objects.order_by("slug")
        if options["benchmark"]:
            benchmarks = benchmarks.filter(slug=options["benchmark"])
            if not benchmarks:
                raise CommandError(f"there is no benchmark {options['benchmark']}")
        for benchmark in benchmarks:
            try:
                head = journal.verify(benchmark_id=benchmark.pk)
                self.stdout.write(f"{benchmark.slug}: {head.sequence} entries, head {head.hash}")
                if options["replay"]:
                    self._replay(benchmark)
            except JournalError as error:
                raise CommandError(f"{benchmark.slug}: {error.message}") from None

    def _replay(self, benchmark: Benchmark) -> None:
        rounds = Round.objects.filter(benchmark=benchmark).exclude(status=RoundStatus.PLANNED)
        for round in rounds.select_related("benchmark", "query_holdout").order_by("number"):
            replayed = replay.replay(round=round)
            self.stdout.write(f"{round}: {replayed.n_releases} releases recomputed, all equal")
