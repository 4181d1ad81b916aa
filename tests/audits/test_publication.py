"""What is published of an audit: a verdict and coarse figures of each final, and nothing else."""

import json
import math
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import publication, rounds
from audits.models import Finding, Publication
from stats.metrics import METRICS
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import holdouts, label_files, leaderboard
from vault.api.openapi import results
from vault.models import JournalEntry, RawScore, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]

GRID = 1 / math.sqrt(stage.N_FRESH)


def published(slug: str, **options: Any) -> World:
    return stage.published(stage.audited(stage.closing(stage.small_round(slug, **options))))


def document_of(world: World) -> dict[str, Any]:
    with acting_as("web"):
        document: dict[str, Any] = Publication.objects.get(round=world.round).document
    return document


def teams_of(world: World) -> dict[str, dict[str, Any]]:
    start = f"{world.benchmark.slug}-"
    return {row["team"].removeprefix(start): row for row in document_of(world)["teams"]}


def test_shows_each_final_and_nothing_of_other_submissions() -> None:
    """Invariant 5: of 8 submissions the four finals have one figure each, and no other number."""
    world = published("finals")

    document = document_of(world)

    assert set(document) == {
        "benchmark",
        "round",
        "metric",
        "resolution",
        "board_verdict",
        "family_wise_error",
        "teams",
    }
    assert sorted(teams_of(world)) == ["attacker", "improving", "once", "reference-0"]
    for row in document["teams"]:
        assert set(row) == {"team", "is_reference", "fresh", "verdict", "minimum_detectable_effect"}
    jsonschema.Draft202012Validator(results.SHAPES["AuditDocument"]).validate(document)
    text = json.dumps(document)
    for submission in Submission.objects.filter(round=world.round):
        assert str(submission.pk) not in text
        assert submission.sha256 not in text
    for raw in RawScore.objects.filter(submission__round=world.round):
        assert str(raw.value) not in text


def test_figures_lie_on_the_grid_toward_worse() -> None:
    """Invariant 5: accuracies of 1,200 items, told to the next lower step of 1/sqrt(1200)."""
    world = published("grid")

    for name, row in teams_of(world).items():
        found = stage.finding_of(world, name)
        exact = found.evidence["fresh"]
        assert row["fresh"] / GRID == pytest.approx(round(row["fresh"] / GRID), abs=1e-9)
        assert exact - GRID < row["fresh"] <= exact + 1e-12
        effect = found.minimum_detectable_effect
        if effect is not None:
            told = row["minimum_detectable_effect"]
            assert told / GRID == pytest.approx(round(told / GRID), abs=1e-9)
            assert effect <= told + 1e-12 < effect + GRID + 1e-9


def test_every_verdict_that_finds_nothing_carries_its_limit() -> None:
    """Invariant 12: the least effect that would have been found, or NOT_TESTED."""
    for world in (published("limit"), published("limit-alone", n_references=0)):
        for row in document_of(world)["teams"]:
            tested = row["verdict"] not in (None, "NOT_TESTED")
            assert (row["minimum_detectable_effect"] is not None) == tested
    assert teams_of(world)["once"]["verdict"] == "NOT_TESTED"


def test_a_suspicion_is_in_the_findings_and_in_no_answer() -> None:
    """Invariant 5, and STATISTICS G: SUSPECTED is for researchers only."""
    world = published("suspect", draw=stage.SUSPICIOUS)
    suspects = Finding.objects.filter(verdict="SUSPECTED").values_list("team__name", flat=True)

    assert list(suspects) == ["suspect-improving"]
    assert "SUSPECTED" not in json.dumps(document_of(world))
    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}
    assert board["suspect-improving"].verdict in ("NO_EVIDENCE", "SELECTION_ONLY")
    assert board["suspect-attacker"].verdict == "CONFIRMED"


def test_the_board_shows_what_the_document_shows() -> None:
    world = published("board")

    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}

    rows = document_of(world)["teams"]
    assert set(board) == {row["team"] for row in rows}
    for row in rows:
        assert board[row["team"]].fresh == row["fresh"]
        assert board[row["team"]].verdict == row["verdict"]


def test_nothing_is_there_before_publication() -> None:
    """Invariant 5: an audit that is done shows neither a figure nor a verdict."""
    world = stage.audited(stage.closing(stage.small_round("unpublished")))

    with acting_as("web"):
        board = leaderboard.board(round=world.round)
        assert not Publication.objects.exists()
    assert {(row.fresh, row.verdict) for row in board} == {(None, None)}


def test_invalid_and_untested_teams_are_named_without_a_figure() -> None:
    world = stage.small_round("invalid")
    own = Submission.objects.filter(team=world.teams["improving"]).order_by("sequence")
    other = Submission.objects.get(team=world.teams["once"])
    Submission.objects.filter(pk=own[0].pk).update(file_key=other.file_key)

    stage.published(stage.audited(stage.closing(world)))

    assert teams_of(world)["improving"] == {
        "team": "invalid-improving",
        "is_reference": False,
        "fresh": None,
        "verdict": "INVALID",
        "minimum_detectable_effect": None,
    }


def test_two_fresh_holdouts_of_the_draw_are_both_charged() -> None:
    """The figure is computed on both, so both have told something; the first answers next."""
    world = make_world("two-fresh", closes_at=stage.FAR_AHEAD)
    rng = np.random.default_rng(6)
    more = make_holdout_of_the_draw(world)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    world.answered(world.team("honest"), stage.noisy(world, rng, accuracy=0.7))

    stage.published(stage.audited(stage.closing(world)))

    charged = [
        json.loads(entry.payload)["holdout"]
        for entry in JournalEntry.objects.filter(kind="fresh_figures_published")
    ]
    assert sorted(charged) == sorted([str(world.fresh.pk), more])


def make_holdout_of_the_draw(world: World) -> str:
    """Another fresh shard, given the query holdout's batch before the round opens."""
    rows = "".join(f"item-9{i:04d},{i % 2}\n" for i in range(100))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    first, second = holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=[holdouts.Shard(kind="iid", status="FRESH", n=50) for _ in range(2)],
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )
    type(first).objects.filter(pk__in=(first.pk, second.pk)).update(batch=world.query.batch)
    world.round.fresh_holdouts.add(first)
    world.round.panel = first.panel
    world.round.save()
    world.labels = np.concatenate([world.labels, np.arange(100, dtype=np.uint8) % 2])
    return str(first.pk)


@given(
    metric=st.sampled_from(["accuracy", "log_loss", "brier"]),
    score=st.floats(-1, 1),
    step=st.floats(0.01, 0.3),
)
def test_rounding_never_flatters(metric: str, score: float, step: float) -> None:
    """Stored scores are oriented, higher better; the shown one is in the metric's own direction."""
    shown = publication._fresh(Finding(evidence={"fresh": score}), step, metric=metric)

    assert shown is not None
    better = shown if METRICS[metric].greater_is_better else -shown
    assert score - step - 1e-9 <= better <= score + 1e-6


def test_a_perfect_loss_is_zero_and_not_minus_zero() -> None:
    shown = publication._fresh(Finding(evidence={"fresh": -0.0}), 0.1, metric="log_loss")

    assert str(shown) == "0.0"


def test_a_score_on_the_grid_stays_there() -> None:
    """700 of 1,225 right with 35 steps: 0.5714... = 20/35, whatever the last bit says."""
    for hits in range(0, 1226, 35):
        exact = sum([1 / 1225] * hits)
        shown = publication._fresh(Finding(evidence={"fresh": exact}), 1 / 35, metric="accuracy")
        assert shown == pytest.approx(hits / 1225, abs=1e-9)


def test_what_a_document_can_have_told_is_counted() -> None:
    shown = {
        "teams": [
            {"fresh": 0.7, "minimum_detectable_effect": 0.1, "verdict": "NO_EVIDENCE"},
            {"fresh": 0.7, "minimum_detectable_effect": None, "verdict": None},
            {"fresh": None, "minimum_detectable_effect": None, "verdict": "INVALID"},
        ]
    }

    # Levels 0, .01, ..., 1: 101 of them. Six verdicts can be published.
    assert publication.nats(shown=shown, n_items=10_000) == pytest.approx(
        3 * math.log(101) + 2 * math.log(6)
    )


def test_the_run_that_is_published_is_the_one_that_was_done() -> None:
    world = published("done")

    run = rounds.latest_run(round=world.round)
    assert document_of(world)["board_verdict"] == run.board_verdict == "NO_EVIDENCE"
