"""Set up a small benchmark with an open round in a running service; print the teams' tokens as JSON.

For tests and measurements of the whole service: labels are random, and every score is released.
"""

import datetime as dt
import json
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from audits.models import Publication
from audits.published_shape import DOCUMENT
from vault import benchmarks, budget, rounds
from vault.models import Benchmark, Holdout, Round, Team
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard
from vault.teams import tokens

N_ITEMS = 400
ACTOR = "stage"


class Command(BaseCommand):
    help = "Set up a small benchmark with an open round; print the teams' tokens as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True)
        parser.add_argument("--teams", type=int, default=1)
        parser.add_argument("--items", type=int, default=N_ITEMS, help="half of them are scored")
        parser.add_argument("--total", type=int, default=1000)
        parser.add_argument("--concurrent", type=int, default=1000)
        parser.add_argument("--publish", type=int, default=0, help="1 shows a published audit")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        benchmark = benchmarks.add(
            benchmark=Benchmark(
                slug=options["slug"],
                title=options["slug"],
                task="binary",
                classes=["0", "1"],
                prediction_form="label",
                primary_metric="accuracy",
            )
        )
        query, fresh = _sealed(benchmark, n_items=options["items"], now=now)
        round = rounds.plan(
            benchmark=benchmark,
            query_holdout=query,
            fresh_holdouts=[fresh],
            mechanism="exact",
            parameters={},
            opens_at=now,
            closes_at=now + dt.timedelta(days=1),
            window_seconds=86400,
            window_limit=options["total"],
            total_limit=options["total"],
            concurrent_limit=options["concurrent"],
            max_teams=options["teams"],
            actor=ACTOR,
            now=now,
        )
        rounds.open_round(round=round, references=None, actor=ACTOR, now=now)
        if options["publish"]:
            _publish(round, now=now)
        names = [f"{benchmark.slug}-{number}" for number in range(options["teams"])]
        self.stdout.write(json.dumps({name: _token(name, round, now=now) for name in names}))


def _sealed(benchmark: Benchmark, *, n_items: int, now: dt.datetime) -> list[Holdout]:
    rng = np.random.default_rng(7)
    width = max(4, len(str(n_items - 1)))
    rows = "".join(f"item-{i:0{width}d},{rng.integers(2)}\n" for i in range(n_items))
    labels = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=benchmark
    )
    shards = [
        Shard(kind="iid", status="QUERY", n=n_items // 2),
        Shard(kind="iid", status="FRESH", n=None),
    ]
    return holdouts.seal(
        benchmark=benchmark, labels=labels, shards=shards, rng=rng, actor=ACTOR, now=now
    )


def _publish(round: Round, *, now: dt.datetime) -> None:
    """Publish a document such as `audits.publication` makes, without the play that leads to one."""
    Publication.objects.create(
        round=round, benchmark=round.benchmark, document=DOCUMENT.example, published_at=now
    )


def _token(name: str, round: Round, *, now: dt.datetime) -> str:
    team = Team.objects.create(name=name)
    budget.admit(round=round, team=team, k=None, is_blind=False, actor=ACTOR, now=now)
    both = ["read", "submit"]
    _, plain = tokens.issue(team=team, label="test", scopes=both, expires_at=None, now=now)
    return plain
