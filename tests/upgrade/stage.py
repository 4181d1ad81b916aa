"""Stages an installation in the middle of its second round, and notes what it answers.

The workers' keys come from a text, so that a test can make them again and no key is kept in a file.
"""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.test import Client
from numpy.typing import NDArray

from audits import rounds as audit_rounds
from tests.vault.factories import NOW, World
from vault import benchmarks, budget, rounds
from vault.models import Benchmark, Holdout, JournalHead, Release, Round, Submission
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard
from vault.statuses import PENDING

PURPOSES = ("scoring", "audit")
NAMES = ("amber", "birch", "cedar")
N_SHARD = 400
STATUSES = ("QUERY", "FRESH", "SEALED", "SEALED")
API = "/api/v1/benchmarks/weather/"


def write_keys(directory: Path) -> None:
    for purpose in PURPOSES:
        raw = hashlib.sha256(f"upgrade rehearsal, {purpose}".encode()).digest()
        pem = X25519PrivateKey.from_private_bytes(raw).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = directory / f"{purpose}.key"
        path.touch(mode=0o600)
        path.write_bytes(pem)


def installation(*, rng: np.random.Generator) -> None:
    """Publish a first round, and leave the second with two files that wait, one of a worker that is gone."""
    world = _first_round(rng)
    end = NOW + dt.timedelta(days=31)
    rounds.request_close(round=world.round, actor="organizer", now=end)
    assert audit_rounds.advance(round_id=world.round.pk, clock=lambda: end)
    audit_rounds.publish(round_id=world.round.pk, clock=lambda: end)
    world.query.refresh_from_db()
    world.fresh.refresh_from_db()
    world.now = end + dt.timedelta(days=1)
    world.round = _plan(
        world.benchmark,
        query=world.fresh,
        fresh=Holdout.objects.get(status="FRESH"),
        at=world.now,
    )
    world.answered(world.teams["reference"], _noisy(world, 0.4, rng))
    rounds.open_round(round=world.round, references=None, actor="organizer", now=world.now)
    for name in NAMES:
        budget.admit(
            round=world.round,
            team=world.teams[name],
            k=None,
            is_blind=False,
            actor="organizer",
            now=world.now,
        )
    _answers(world, n=4, shares=(0.33, 0.28, 0.22), rng=rng)
    world.submit(world.teams["amber"], _noisy(world, 0.2, rng))
    lost = world.submit(world.teams["birch"], _noisy(world, 0.2, rng)).submission
    Submission.objects.filter(pk=lost.pk).update(
        status="SCORING", fence=1, claimed_at=world.now, leased_until=world.now
    )


def answers() -> dict[str, Any]:
    """Gather what must be the same after an upgrade."""
    client = Client()
    listed = client.get(f"{API}audits/").json()["results"]
    waiting = Submission.objects.filter(status__in=PENDING)
    head = JournalHead.objects.get()
    return {
        "audit": client.get(listed[0]["url"].removeprefix("http://testserver")).json(),
        "head": [head.sequence, head.hash],
        "leaderboards": {
            str(number): client.get(f"{API}leaderboard/?round={number}").json() for number in (1, 2)
        },
        "releases": {
            str(each.submission_id): [each.value, each.outcome] for each in Release.objects.all()
        },
        "waiting": sorted(str(each.pk) for each in waiting),
    }


def _first_round(rng: np.random.Generator) -> World:
    labels = rng.integers(2, size=N_SHARD * len(STATUSES)).astype(np.uint8)
    benchmark = benchmarks.add(
        benchmark=Benchmark(
            slug="weather",
            title="Rain tomorrow",
            task="binary",
            classes=["no", "yes"],
            prediction_form="label",
            primary_metric="accuracy",
            secondary_metrics=["mcc"],
        )
    )
    rows = "".join(f"item-{i:05d},{benchmark.classes[v]}\n" for i, v in enumerate(labels.tolist()))
    query, fresh, *_ = holdouts.seal(
        benchmark=benchmark,
        labels=label_files.read(
            body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=benchmark
        ),
        shards=[Shard(kind="iid", status=status, n=N_SHARD) for status in STATUSES],
        rng=rng,
        actor="organizer",
        now=NOW,
    )
    planned = _plan(benchmark, query=query, fresh=fresh, at=NOW)
    world = World(benchmark=benchmark, query=query, fresh=fresh, round=planned, labels=labels)
    world.open(baseline=_noisy(world, 0.4, rng))
    for name in NAMES:
        world.team(name)
    _answers(world, n=6, shares=(0.35, 0.3, 0.25), rng=rng)
    return world


def _plan(benchmark: Benchmark, *, query: Holdout, fresh: Holdout, at: dt.datetime) -> Round:
    return rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism="guarded_ladder",
        parameters={},
        opens_at=at,
        closes_at=at + dt.timedelta(days=30),
        window_seconds=86400,
        window_limit=10,
        total_limit=20,
        concurrent_limit=5,
        max_teams=10,
        actor="organizer",
        now=at,
    )


def _answers(world: World, *, n: int, shares: tuple[float, ...], rng: np.random.Generator) -> None:
    """Let each team hand in once an hour, a little better each time."""
    for attempt in range(n):
        world.now += dt.timedelta(hours=1)
        for name, share in zip(NAMES, shares, strict=True):
            world.answered(world.teams[name], _noisy(world, share - 0.02 * attempt, rng))


def _noisy(world: World, share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    flipped = rng.random(len(world.labels)) < share
    return np.where(flipped, 1 - world.labels, world.labels).astype(np.uint8)
