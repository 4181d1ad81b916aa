"""The organizer's side of the demo: seal the weather, plan and open rounds, admit teams, have them audited.

It acts as the admin does, with the researcher's database role: it can seal labels and never open them.
Workers close, audit and publish; this side asks them to and waits.
"""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audits import tasks as audit_tasks
from lab.demo.weather.series import N_FRESH, N_QUERY, Days, Weather, day_of, item_ids
from vault import benchmarks, budget, rounds
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Holdout, Round, Submission, Team
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard
from vault.statuses import HoldoutStatus, RoundStatus, SubmissionStatus
from vault.teams import tokens

ACTOR = "demo"
MAX_WAIT_SECONDS = 300
POLL_SECONDS = 0.1
DESCRIPTION = "Will it rain at Offutt AFB? Daily weather, 1949-1999, by the NOAA."
# An attacker's 300 queries fit; window and concurrency leave the play to the release mechanism.
TOTAL_LIMIT = 310
CONCURRENT_LIMIT = 8
# Whether it rained tomorrow is known a day later.
LABEL_DELAY_DAYS = 1


class DemoError(Exception):
    """The service did not do its part."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """One benchmark of the demo with its planned round; a slug that is taken gets a number."""

    benchmark: Benchmark
    round: Round

    @property
    def slug(self) -> str:
        return self.benchmark.slug


def found(*, slug: str, mechanism: str, weather: Weather, seed: int, now: dt.datetime) -> Board:
    """Seal the pool into query and fresh by the seed's draw, and the later days as temporal."""
    benchmark = benchmarks.add(
        benchmark=Benchmark(
            slug=_free_slug(slug),
            title=title_of(slug=slug, mechanism=mechanism),
            description=DESCRIPTION,
            task=Benchmark.Task.BINARY,
            classes=["0", "1"],
            prediction_form="label",
            primary_metric="accuracy",
            secondary_metrics=["balanced_accuracy"],
        )
    )
    # The pool first: ids ascend over both batches, so the panel is in the order of days.
    query, fresh = _seal(
        benchmark=benchmark,
        weather=weather,
        days=weather.pool,
        shards=[
            Shard(kind=HoldoutKind.IID, status=HoldoutStatus.QUERY, n=N_QUERY),
            Shard(kind=HoldoutKind.IID, status=HoldoutStatus.FRESH, n=N_FRESH),
        ],
        rng=np.random.default_rng([seed, 0]),
        now=now,
    )
    (temporal,) = _seal(
        benchmark=benchmark,
        weather=weather,
        days=weather.temporal,
        shards=[_later_shard(weather)],
        rng=np.random.default_rng([seed, 0]),
        now=now,
    )
    planned = rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh, temporal],
        mechanism=mechanism,
        parameters={},
        opens_at=now,
        closes_at=now + dt.timedelta(days=1),
        window_seconds=86_400,
        window_limit=TOTAL_LIMIT,
        total_limit=TOTAL_LIMIT,
        concurrent_limit=CONCURRENT_LIMIT,
        max_teams=50,
        actor=ACTOR,
        now=now,
    )
    return Board(benchmark=benchmark, round=planned)


def _later_shard(weather: Weather) -> Shard:
    return Shard(
        kind=HoldoutKind.TEMPORAL,
        status=HoldoutStatus.FRESH,
        n=None,
        trained_until=day_of(int(weather.training[-1])),
        label_delay_days=LABEL_DELAY_DAYS,
    )


def title_of(*, slug: str, mechanism: str) -> str:
    """Name a benchmark by its slug, too: two of the demo have one mechanism."""
    return f"Rain at Offutt AFB: {slug}, {mechanism}"


def enroll(
    *, board: Board, names: Sequence[str], is_reference: bool, now: dt.datetime
) -> dict[str, str]:
    """Make teams and return their tokens; each benchmark has teams of its own, so that runs stay apart."""
    issued = {}
    for name in names:
        team = Team.objects.create(
            name=f"{board.slug}-{name}", title=name, is_reference=is_reference
        )
        if not is_reference:
            budget.admit(round=board.round, team=team, k=None, is_blind=False, actor=ACTOR, now=now)
        _, issued[name] = tokens.issue(
            team=team, label="demo", scopes=["read", "submit"], expires_at=None, now=now
        )
    return issued


def open_with(*, board: Board, order: Sequence[str], now: dt.datetime) -> None:
    """Freeze the references in this order; the first is the baseline."""
    submissions = {
        submission.team.title: submission
        for submission in Submission.objects.filter(
            round=board.round, team__is_reference=True, status=SubmissionStatus.SCORED
        ).select_related("team")
    }
    rounds.open_round(
        round=board.round,
        references=[submissions[name] for name in order],
        actor=ACTOR,
        now=now,
    )


def conclude(*, board: Board, now: Callable[[], dt.datetime]) -> None:
    """Close, audit and publish: the workers act, each step is asked for and waited for."""
    rounds.request_close(round=board.round, actor=ACTOR, now=now())
    audit_tasks.audit_round.delay(round_id=board.round.pk)
    _wait_for(board=board, status=RoundStatus.AUDITED)
    audit_tasks.publish_round.delay(round_id=board.round.pk)
    _wait_for(board=board, status=RoundStatus.PUBLISHED)


def _wait_for(*, board: Board, status: RoundStatus) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while time.monotonic() < deadline:
        # The very object: what is told of the round afterwards depends on what became of it.
        board.round.refresh_from_db(fields=["status"])
        if board.round.status == status:
            return
        time.sleep(POLL_SECONDS)
    raise DemoError(f"{board.round} did not become {status}; see the audit worker's log")


def _seal(
    *,
    benchmark: Benchmark,
    weather: Weather,
    days: Days,
    shards: list[Shard],
    rng: np.random.Generator,
    now: dt.datetime,
) -> list[Holdout]:
    rows = zip(item_ids(days=days), weather.labels[days].tolist(), days.tolist(), strict=True)
    body = "id,label,time\n" + "".join(
        f"{item},{label},{day_of(day).isoformat()}\n" for item, label, day in rows
    )
    labels = label_files.read(body=body.encode(), content_type="text/csv", benchmark=benchmark)
    return holdouts.seal(
        benchmark=benchmark, labels=labels, shards=shards, rng=rng, actor=ACTOR, now=now
    )


def _free_slug(slug: str) -> str:
    taken = set(Benchmark.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbered = (slug if number == 1 else f"{slug}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in numbered if name not in taken)
