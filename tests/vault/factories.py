"""Builds small benchmarks with sealed labels, rounds and teams, for tests of the vault and audits."""

import datetime as dt
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from numpy.typing import NDArray

from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import benchmarks, budget, rounds, scoring, submissions
from vault.files import canonical
from vault.models import Benchmark, Holdout, Panel, Round, Submission, Team
from vault.sealing import holdouts, label_files, sealing_keys
from vault.sealing.drawn_units import Shard

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@dataclass(kw_only=True)
class World:
    """One benchmark with a query and a fresh shard, the organizer's labels, and a planned round."""

    benchmark: Benchmark
    query: Holdout
    fresh: Holdout
    round: Round
    labels: NDArray[np.uint8]  # of the whole panel, in panel order
    now: dt.datetime = NOW
    teams: dict[str, Team] = field(default_factory=dict)

    @property
    def panel(self) -> Panel:
        return self.round.panel

    def team(self, name: str, *, is_reference: bool = False, **admission: Any) -> Team:
        team = Team.objects.create(name=f"{self.benchmark.slug}-{name}", is_reference=is_reference)
        if not is_reference:
            given = {"k": None, "is_blind": False, "actor": "test", "now": self.now, **admission}
            budget.admit(round=self.round, team=team, **given)
        self.teams[name] = team
        return team

    def submit(
        self, team: Team, answers: NDArray[Any], *, now: dt.datetime | None = None
    ) -> submissions.Receipt:
        at = now or self.now
        round = submissions.current_round(benchmark=self.benchmark, team=team, now=at)
        return submissions.receive(
            team=team,
            round=round,
            panel=self.panel,
            predictions=canonical.encode(answers),
            provenance=submissions.Provenance(validation_score=self.validation_score(answers)),
            now=at,
        )

    def validation_score(self, answers: NDArray[Any]) -> float | None:
        """What an honest team reports where it has to: its share of right answers, on all items."""
        if not MECHANISMS[self.round.mechanism].needs_reported:
            return None
        return float(np.mean(answers == self.labels))

    def score(self, submission: Submission) -> Submission:
        scoring.score_team(submission_id=submission.pk, clock=lambda: self.now)
        submission.refresh_from_db()
        return submission

    def answered(self, team: Team, answers: NDArray[Any]) -> Submission:
        """Submit and score."""
        return self.score(self.submit(team, answers).submission)

    def open(self, *, baseline: NDArray[Any] | None = None) -> None:
        """With a baseline, a reference team hands it in first."""
        if baseline is not None:
            self.answered(self.team("reference", is_reference=True), baseline)
        rounds.open_round(round=self.round, references=None, actor="test", now=self.now)

    def wrong_at(self, positions: Iterable[int]) -> NDArray[np.uint8]:
        """The true labels with some answers turned round."""
        answers = self.labels.copy()
        answers[list(positions)] ^= 1
        return answers


def make_world(
    slug: str,
    *,
    n_query: int = 100,
    n_fresh: int = 200,
    n_spare: int = 0,
    mechanism: str = "exact",
    parameters: dict[str, Any] | None = None,
    seed: int = 1,
    labels: NDArray[np.uint8] | None = None,
    metric: str = "accuracy",
    **policy: Any,
) -> World:
    """With spare items a sealed shard of the draw is there for the next round."""
    n = n_query + n_fresh + n_spare
    rng = np.random.default_rng(seed)
    drawn = rng.integers(2, size=n).astype(np.uint8)
    truth = drawn if labels is None else labels
    benchmark = benchmarks.add(
        benchmark=Benchmark(
            slug=slug,
            title=slug,
            task="binary",
            classes=["0", "1"],
            prediction_form="label" if "label" in METRICS[metric].forms else "probability",
            primary_metric=metric,
        )
    )
    rows = "".join(f"item-{i:05d},{v}\n" for i, v in enumerate(truth.tolist()))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=benchmark
    )
    spare = [Shard(kind="iid", status="SEALED", n=n_spare)] if n_spare else []
    query, fresh, *_ = holdouts.seal(
        benchmark=benchmark,
        labels=table,
        shards=[
            Shard(kind="iid", status="QUERY", n=n_query),
            Shard(kind="iid", status="FRESH", n=n_fresh),
            *spare,
        ],
        rng=rng,
        actor="test",
        now=NOW,
    )
    given = {
        "window_seconds": 86400,
        "window_limit": policy.get("total_limit", 1000),
        "total_limit": 1000,
        "concurrent_limit": 1000,
        "max_teams": 50,
        "opens_at": NOW - dt.timedelta(hours=1),
        "closes_at": NOW + dt.timedelta(days=30),
        **policy,
    }
    planned = rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism=mechanism,
        parameters=parameters or {},
        actor="test",
        now=min(NOW, given["opens_at"]),  # a plan has no times in the past
        **given,
    )
    return World(benchmark=benchmark, query=query, fresh=fresh, round=planned, labels=truth)


def make_keys(*, directory: Path, settings: Any) -> None:
    """Both sealing keys, with this process playing both workers."""
    for purpose in ("scoring", "audit"):
        path = directory / f"{purpose}.key"
        sealing_keys.create(purpose=purpose, private_key_file=path)
        setattr(settings, f"{purpose.upper()}_PRIVATE_KEY_FILE", str(path))


@contextmanager
def acting_as(role: str) -> Any:
    """Everything inside the block has this database role's rights."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


@pytest.fixture
def api_site(settings: Any) -> None:
    """The API as its own process serves it: its routes, and none of the admin's middleware."""
    settings.ROOT_URLCONF = "config.urls"
    settings.MIDDLEWARE = settings.API_MIDDLEWARE
    # It is counted in the process, which here is that of all tests.
    settings.ANONYMOUS_REQUESTS_PER_MINUTE = 0


def die(*_: Any, **__: Any) -> Any:
    """Stands for a process that is killed at this call: no `except Exception` sees it."""
    raise KeyboardInterrupt


def crash(*_: Any, **__: Any) -> Any:
    """Stands for a fault of the program, which counts against the submission that meets it."""
    raise ZeroDivisionError


@pytest.fixture
def signing(settings: Any) -> None:
    """Webhooks are on."""
    settings.WEBHOOK_KEY = "a key that only tests know"


@pytest.fixture
def vault_keys(tmp_path: Path, settings: Any, transactional_db: None) -> None:
    """Labels are opened outside transactions, so tests that open them really commit."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
