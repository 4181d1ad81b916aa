"""A year with a benchmark: what docs/a-year.md says, done word for word through the admin and the API alone."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.year.bot import Bot
from tests.year.clock import Clock
from tests.year.files import Truth
from tests.year.organizer import Organizer, moment
from tests.year.workers import Workers
from vault.models import Benchmark, Holdout, Round, Team

pytestmark = pytest.mark.usefixtures("installation")

SEED = 20261127
SLUG = "rain"
BENCHMARK = {
    "slug": SLUG,
    "title": "Rain tomorrow",
    "visibility": "public",
    "task": "binary",
    "classes": "dry\nwet",
    "prediction_form": "label",
    "primary_metric": "accuracy",
    "secondary_metrics": ["balanced_accuracy"],
    "probability_clip": "0.01",
    "delta0": "0.01",
}
POLICY = {
    "mechanism": "guarded_ladder",
    "parameters": "{}",
    "total_limit": 20,
    "window_limit": 5,
    "window_seconds": 86400,
    "concurrent_limit": 5,
    "max_teams": 5,
    "publication": "coarse",
}
SKILLS = {"amber": 0.70, "birch": 0.75, "cedar": 0.80}
REFERENCE = 0.65


@dataclass(kw_only=True)
class Year:
    clock: Clock
    workers: Workers
    organizer: Organizer = field(default_factory=Organizer)
    truth: Truth = field(default_factory=lambda: Truth(rng=np.random.default_rng(SEED)))
    teams: dict[str, Team] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)

    @property
    def benchmark(self) -> Benchmark:
        return Benchmark.objects.get(slug=SLUG)

    def begin(self) -> None:
        """Make the benchmark, its teams and their tokens."""
        self.organizer.make_benchmark(**BENCHMARK)
        for name in ("majority", *SKILLS):
            team = self.organizer.make_team(name, is_reference=name == "majority")
            self.teams[name] = team
            self.bots[name] = Bot(self.organizer.issue_token(team))

    def ids(self) -> list[str]:
        answer = Bot().ask("GET", f"benchmarks/{SLUG}/panel/")
        header, *rows = answer.content.decode().splitlines()
        return [row.split(",")[0] for row in rows]

    def hand_in(self, name: str, *, skill: float | None = None) -> str:
        share = SKILLS.get(name, REFERENCE) if skill is None else skill
        file = self.truth.predictions(ids=self.ids(), skill=share)
        submitted = self.bots[name].submit(SLUG, file)
        self.workers.work()
        return submitted

    def first_round(self) -> Round:
        """Plan round 1 on the shards that were sealed for it."""
        query, fresh = (Holdout.objects.get(status=status) for status in ("QUERY", "FRESH"))
        return self.organizer.plan(
            benchmark=self.benchmark.pk,
            query_holdout=query.pk,
            fresh_holdouts=[fresh.pk],
            references="majority",
            **moment("opens_at", self.clock.at),
            **moment("closes_at", self.clock.at + dt.timedelta(days=28)),
            **POLICY,
        )

    def open(self, round: Round) -> None:
        """Hand in the baseline and admit the teams; the round opens by itself."""
        self.hand_in("majority")
        admitted = [self.teams[name].pk for name in SKILLS]
        self.organizer.act(round, "admit", teams=admitted, k="")
        self.workers.sweep()
        round.refresh_from_db()
        assert round.status == "OPEN"

    def play(self, *, attempts: int = 3) -> None:
        """Each team hands in once a day."""
        for _ in range(attempts):
            self.clock.move(days=1)
            for name in SKILLS:
                self.hand_in(name)

    def conclude(self, round: Round) -> Any:
        """The round ends at its time, is audited by itself, and the organizer publishes."""
        self.clock.at = round.closes_at
        self.workers.sweep()
        self.workers.sweep()
        round.refresh_from_db()
        assert round.status == "AUDITED"
        self.organizer.act(round, "publish")
        self.workers.work()
        round.refresh_from_db()
        assert round.status == "PUBLISHED"
        return Bot().get(f"benchmarks/{SLUG}/leaderboard/?round={round.number}")


def test_a_year(clock: Clock, workers: Workers) -> None:
    year = Year(clock=clock, workers=workers)
    year.begin()
    year.organizer.seal(
        year.benchmark,
        year.truth.label_file(prefix="spring", n=1800),
        kind="iid",
        query="300",
        fresh="300",
        sealed="300, 300, 300, rest",
    )
    first = year.first_round()
    year.open(first)
    year.play()
    board = year.conclude(first)
    assert {row["team"] for row in board["rows"] if not row["is_reference"]} == set(SKILLS)
