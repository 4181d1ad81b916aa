"""Verify the journal's chains and signed heads, and on request compute every release again."""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import journal, replay, signed_heads
from vault.errors import JournalError
from vault.journal import Head
from vault.models import Benchmark, Round, SignedHead
from vault.models.journal import INSTALLATION
from vault.signed_heads import Statement
from vault.statuses import RoundStatus


def kept(text: str) -> Head | list[Statement]:
    """Read `812:5f2c...`, as this command prints it, or a file of signed heads."""
    sequence, _, digest = text.partition(":")
    if sequence.isascii() and sequence.isdecimal() and len(digest) == len(journal.GENESIS):
        return Head(sequence=int(sequence), hash=digest)
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not like 812:5f2c..., and no file")
    try:
        return signed_heads.read(Path(text).read_text())
    except (JournalError, OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None


def _is_of_installation(statement: Statement) -> bool:
    return statement.benchmark == signed_heads.OF_INSTALLATION


class Command(BaseCommand):
    help = (
        "Verify every benchmark's journal and the installation's, and that all signed heads in the database "
        "stand in them; with --replay also recompute every release. It runs as the scoring worker."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmark", help="only this one (slug)")
        parser.add_argument(
            "--installation", action="store_true", help="only the chain that is about no benchmark"
        )
        parser.add_argument(
            "--head",
            type=kept,
            metavar="SEQUENCE:HASH|FILE",
            help="what an earlier run printed for this benchmark, or a file of signed heads as `holdout "
            "verify-head --keep` writes it: shows truncation and rewriting",
        )
        parser.add_argument("--replay", action="store_true", help="recompute every release")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["head"]
        if options["installation"]:
            return self._verify_alone(options["benchmark"], given)
        if isinstance(given, Head) and not options["benchmark"]:
            raise CommandError(
                "--head is of one chain: name it with --benchmark, or with --installation"
            )
        benchmarks = self._named(options["benchmark"])
        in_file = self._by_benchmark(given, benchmarks, options["benchmark"])
        for benchmark in benchmarks:
            try:
                self._verify(benchmark, in_file[benchmark.pk], given)
                if options["replay"]:
                    self._replay(benchmark)
            except JournalError as error:
                raise CommandError(f"{benchmark.slug}: {error.message}") from None
        if not options["benchmark"]:
            self._verify_installation(given)

    def _named(self, slug: str | None) -> list[Benchmark]:
        benchmarks = Benchmark.objects.order_by("slug")
        if slug is None:
            return list(benchmarks)
        if not (found := list(benchmarks.filter(slug=slug))):
            raise CommandError(f"there is no benchmark {slug}")
        return found

    def _verify_alone(self, benchmark: str | None, given: Head | list[Statement] | None) -> None:
        if benchmark:
            raise CommandError("--installation goes with no --benchmark")
        if isinstance(given, list) and not any(map(_is_of_installation, given)):
            raise CommandError("the file holds no head of the installation")
        self._verify_installation(given)

    def _verify_installation(self, given: Head | list[Statement] | None) -> None:
        heads = given if isinstance(given, list) else []
        try:
            self._verify(None, [each for each in heads if _is_of_installation(each)], given)
        except JournalError as error:
            raise CommandError(f"{INSTALLATION}: {error.message}") from None

    def _by_benchmark(
        self, given: Head | list[Statement] | None, benchmarks: list[Benchmark], only: str | None
    ) -> dict[int, list[Statement]]:
        """Sort a file's heads to the benchmarks that they are of, whatever these were called then."""
        found: dict[int, list[Statement]] = defaultdict(list)
        if not isinstance(given, list):
            return found
        signatures = [each.signature for each in given]
        signed = SignedHead.objects.filter(signature__in=signatures)
        by_signature = dict(signed.values_list("signature", "benchmark_id"))
        by_name = {each.slug: each.pk for each in benchmarks}
        for statement in given:
            if _is_of_installation(statement):
                continue
            of = by_signature.get(statement.signature, by_name.get(statement.benchmark))
            if of is not None and of in by_name.values():
                found[of].append(statement)
            elif only is None:
                raise CommandError(f"there is no benchmark {statement.benchmark}")
        if not found and (only or not any(map(_is_of_installation, given))):
            raise CommandError(f"the file holds no head of {only or 'any benchmark'}")
        return found

    def _verify(
        self,
        benchmark: Benchmark | None,
        in_file: list[Statement],
        given: Head | list[Statement] | None,
    ) -> None:
        name = INSTALLATION if benchmark is None else benchmark.slug
        signed = signed_heads.kept(benchmark=benchmark)
        outside = [given] if isinstance(given, Head) else signed_heads.trusted(in_file)
        chain = None if benchmark is None else benchmark.pk
        found = journal.verify(benchmark_id=chain, kept=[*outside, *signed])
        for n, where in ((len(signed), "in the database"), (len(in_file), "in the file")):
            if n:
                self.stdout.write(f"{name}: {n} signed {where}, all in the chain")
        if benchmark is not None or found != journal.START:
            self.stdout.write(f"{name}: sound, head {found}")

    def _replay(self, benchmark: Benchmark) -> None:
        rounds = Round.objects.filter(benchmark=benchmark).exclude(status=RoundStatus.PLANNED)
        for round in rounds.select_related("benchmark", "query_holdout").order_by("number"):
            n_releases = replay.replay(round=round)
            self.stdout.write(f"{round}: {n_releases} releases recomputed, all equal")
