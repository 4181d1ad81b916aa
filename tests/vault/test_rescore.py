"""Invariant 10: a score belongs to (submission, holdout, scorer version).

Scoring again finds the same score bit for bit; a later version's rows stand beside the first ones and
change no answer, charge nothing and edit nothing.
"""

from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.forms.models import model_to_dict

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import evaluation, history, predictions, replay, rounds
from vault.files import canonical
from vault.models import Benchmark, BudgetEntry, RawScore, Release, Round, Submission
from vault.scorers import scorer_of
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = [pytest.mark.usefixtures("vault_keys")]

METRICS = ["balanced_accuracy", "macro_f1", "mcc"]


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("rescore", mechanism="guarded_ladder")
    Benchmark.objects.filter(pk=made.benchmark.pk).update(secondary_metrics=METRICS)
    made.open(baseline=made.wrong_at(range(0, 300, 3)))
    return made


def again(submission: Submission) -> dict[str, tuple[float, float, float]]:
    """Scores from the stored file and the sealed labels, as a worker of another day finds them."""
    benchmark = Benchmark.objects.get(pk=submission.round.benchmark_id)
    opened = holdouts.open_labels(
        holdout=submission.round.query_holdout,
        purpose="scoring",
        reason={"rescore": str(submission.pk)},
        actor="test",
        now=NOW,
    )
    arrays: dict[str, Any] = {
        "labels": opened.labels,
        "predictions": predictions.load(file_key=submission.file_key)[opened.positions],
    }
    found = {}
    for metric in [benchmark.primary_metric, *benchmark.secondary_metrics]:
        scorer = scorer_of(benchmark=benchmark, metric=metric)
        interval = scorer.interval(**arrays)
        found[metric] = (scorer.score(**arrays), interval.low, interval.high)
    return found


def stored(submission: Submission) -> dict[str, tuple[float, float, float]]:
    rows = RawScore.objects.filter(submission=submission, scorer_version=evaluation.SCORER_VERSION)
    return {row.metric: (row.value, row.low, row.high) for row in rows}


def everything() -> list[dict[str, Any]]:
    return [
        model_to_dict(row)
        for model in (RawScore, Release, BudgetEntry, Submission)
        for row in model._default_manager.order_by("pk")
    ]


def add_version(submission: Submission, *, value: float) -> None:
    """What a scorer of a later version found, in the role that may add it."""
    with acting_as("scoring"):
        RawScore.objects.create(
            submission=submission,
            holdout=submission.round.query_holdout,
            scorer_version="later",
            metric="accuracy",
            value=value,
            low=0.0,
            high=1.0,
            scored_at=NOW,
        )


def test_scoring_again_gives_the_stored_scores_bit_for_bit(
    world: World, rng: np.random.Generator
) -> None:
    team = world.team("a")
    for _ in range(5):
        wrong = rng.choice(300, size=rng.integers(1, 150), replace=False)
        submission = world.answered(team, world.wrong_at(wrong))

        assert again(submission) == stored(submission)
        assert len(stored(submission)) == 1 + len(METRICS)


def test_probabilities_score_again_bit_for_bit(vault_keys: None, rng: np.random.Generator) -> None:
    """Sums of floats, whose order could tell."""
    world = probability_world(rng)
    submission = world.answered(world.team("a"), rng.random(300))

    assert again(submission) == stored(submission)
    assert len({value for value, _, _ in stored(submission).values()}) == 3


def probability_world(rng: np.random.Generator) -> World:
    benchmark = Benchmark.objects.create(
        slug="chances",
        title="chances",
        task="binary",
        classes=["0", "1"],
        prediction_form="probability",
        primary_metric="brier",
        secondary_metrics=["log_loss", "roc_auc"],
    )
    labels = rng.integers(2, size=300).astype(np.uint8)
    rows = "".join(f"item-{i:05d},{v}\n" for i, v in enumerate(labels.tolist()))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=benchmark
    )
    shards = [
        Shard(kind="iid", status="QUERY", n=100),
        Shard(kind="iid", status="FRESH", n=None),
    ]
    query, fresh = holdouts.seal(
        benchmark=benchmark, labels=table, shards=shards, rng=rng, actor="test", now=NOW
    )
    planned = rounds.plan(
        benchmark=benchmark,
        query_holdout=query,
        fresh_holdouts=[fresh],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=NOW.replace(year=2099),
        window_seconds=60,
        window_limit=10,
        total_limit=10,
        concurrent_limit=10,
        max_teams=5,
        actor="test",
        now=NOW,
    )
    made = World(benchmark=benchmark, query=query, fresh=fresh, round=planned, labels=labels)
    made.open()
    return made


def test_a_message_for_what_is_scored_changes_nothing(world: World) -> None:
    submission = world.answered(world.team("a"), world.labels)
    before = everything()

    for _ in range(3):
        world.score(submission)

    assert everything() == before


def test_one_version_scores_a_submission_once(world: World) -> None:
    submission = world.answered(world.team("a"), world.labels)
    add_version(submission, value=0.5)

    with pytest.raises(IntegrityError, match="rawscore_once"):
        add_version(submission, value=0.6)


@pytest.mark.parametrize("role", ["scoring", "audit", "owner"])
@pytest.mark.parametrize(
    "statement", ["UPDATE vault_rawscore SET value = 1", "DELETE FROM vault_rawscore"]
)
def test_nobody_edits_a_score(world: World, role: str, statement: str) -> None:
    expected = "append-only" if role == "owner" else "permission denied"
    with (
        acting_as(role),
        pytest.raises(DatabaseError, match=expected),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_later_version_leaves_answers_history_and_replay_alone(world: World) -> None:
    """Also when it has scored the baseline, which every team's first answer is measured against."""
    before, after = world.team("before"), world.team("after")
    files = [world.wrong_at(range(count)) for count in (60, 20, 0)]
    first = [world.answered(before, file) for file in files]
    entries = BudgetEntry.objects.count()
    past = history.round_history(round=world.round)

    for submission in Submission.objects.select_related("round__query_holdout"):
        add_version(submission, value=0.123)

    assert history.round_history(round=world.round) == past
    assert BudgetEntry.objects.count() == entries
    second = [world.answered(after, file) for file in files]
    assert [told(each) for each in second] == [told(each) for each in first]
    assert replay.replay(round=Round.objects.get(pk=world.round.pk)) == 7


def told(submission: Submission) -> tuple[float | None, str]:
    row = Release.objects.get(submission=submission)
    return row.value, row.outcome


def test_the_stored_file_is_what_was_handed_in(world: World) -> None:
    answers = world.wrong_at([1, 2, 3])
    submission = world.answered(world.team("a"), answers)

    loaded = predictions.load(file_key=submission.file_key)

    assert np.array_equal(loaded, answers)
    assert canonical.encode(loaded).sha256 == submission.sha256
