"""Set up a small benchmark with an open round in a running service; print the teams' tokens as JSON.

Run as a program with the environment of the service's owner role, because the test process itself is
connected to another database.
"""

import argparse
import json
import sys
from datetime import timedelta

import django
import numpy as np

django.setup()

from django.utils import timezone  # noqa: E402

from audits.models import Publication  # noqa: E402
from vault import budget, holdouts, label_files, rounds, tokens  # noqa: E402
from vault.api.openapi import results  # noqa: E402
from vault.models import Benchmark, Round, Team  # noqa: E402

N_ITEMS = 400


def publish(round: Round) -> None:
    """A document such as `audits.publication` makes, without the play that leads to one."""
    Publication.objects.create(
        round=round,
        benchmark=round.benchmark,
        document=results.DOCUMENT,
        published_at=timezone.now(),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--slug", required=True)
    parser.add_argument("--teams", type=int, default=1)
    parser.add_argument("--total", type=int, default=1000)
    parser.add_argument("--concurrent", type=int, default=1000)
    parser.add_argument("--publish", type=int, default=0, help="1 puts a published audit there")
    options = parser.parse_args()
    now = timezone.now()
    benchmark = Benchmark.objects.create(
        slug=options.slug,
        title=options.slug,
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy",
    )
    rng = np.random.default_rng(7)
    rows = "".join(f"item-{i:04d},{rng.integers(2)}\n" for i in range(N_ITEMS))
    labels = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=benchmark
    )
    query, fresh = holdouts.seal(
        benchmark=benchmark,
        labels=labels,
        shards=[
            holdouts.Shard(kind="iid", status="QUERY", n=N_ITEMS // 2),
            holdouts.Shard(kind="iid", status="FRESH", n=None),
        ],
        rng=rng,
        actor="stage",
        now=now,
    )
    round = rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism="exact",
        parameters={},
        opens_at=now,
        closes_at=now + timedelta(days=1),
        window_seconds=86400,
        window_limit=options.total,
        total_limit=options.total,
        concurrent_limit=options.concurrent,
        max_teams=options.teams,
        actor="stage",
        now=now,
    )
    rounds.open_round(round=round, references=None, actor="stage", now=now)
    if options.publish:
        publish(round)
    issued = {}
    for number in range(options.teams):
        team = Team.objects.create(name=f"{options.slug}-{number}")
        budget.admit(round=round, team=team, k=None, is_blind=False, actor="stage", now=now)
        _, plain = tokens.issue(
            team=team, label="test", scopes=["read", "submit"], expires_at=None, now=now
        )
        issued[team.name] = plain
    sys.stdout.write(json.dumps(issued) + "\n")


if __name__ == "__main__":
    main()
