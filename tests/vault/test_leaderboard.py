"""Invariant 11: who ranks, how ties are counted, and that the order is total and nobody's accident."""

import itertools
from typing import Any

import numpy as np
import pytest

from tests.vault.factories import World, acting_as, crash, make_world
from vault import evaluation, leaderboard, rounds, submissions
from vault.leaderboard import Row
from vault.models import BudgetEntry, PublishedResult, RawScore, Round, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def opened(slug: str, **options: Any) -> World:
    world = make_world(slug, **options)
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    return world


def board(world: World) -> dict[str, Row]:
    """By the team's short name, in the board's order; read with the rights of the web process."""
    with acting_as("web"):
        rows = leaderboard.board(round=world.round)
    return {row.team.removeprefix(f"{world.benchmark.slug}-"): row for row in rows}


def ranks(world: World) -> list[tuple[str, int | None]]:
    return [(name, row.rank) for name, row in board(world).items()]


def test_ties_share_a_rank_and_the_next_rank_counts_them_all() -> None:
    world = opened("ties")
    for name, wrong in {"d": 40, "b": 20, "a": 20, "c": 10}.items():
        # The first items are wrong: how many of them are query items is the same for equal counts.
        world.answered(world.team(name), world.wrong_at(range(wrong)))

    assert ranks(world) == [("c", 1), ("a", 2), ("b", 2), ("d", 4), ("reference", None)]


@pytest.mark.parametrize("order", list(itertools.permutations(["a", "b", "c"])))
def test_order_of_submission_is_no_order_of_rank(order: tuple[str, ...]) -> None:
    world = opened("order")
    wrong = {"a": 30, "b": 30, "c": 5}
    for name in order:
        world.answered(world.team(name), world.wrong_at(range(wrong[name])))

    assert ranks(world) == [("c", 1), ("a", 2), ("b", 2), ("reference", None)]


def test_a_team_ranks_by_its_best_released_score_and_shows_its_attempts() -> None:
    world = opened("best")
    team = world.team("a")
    for wrong in (50, 10, 90):
        world.answered(team, world.wrong_at(range(wrong)))

    row = board(world)["a"]
    best = RawScore.objects.filter(submission__team=team).order_by("-value")[0].value
    assert (row.released, row.attempts) == (best, 3)


def test_less_is_better_where_the_metric_is_a_loss() -> None:
    world = opened("loss")
    values = {1: 0.5, 2: 0.25, 3: 0.5}
    world.round.benchmark.primary_metric = "rmse"
    world.round.benchmark.loss_cap = 1.0
    world.round.benchmark.classes = []

    assert leaderboard.ranks(values=values, benchmark=world.round.benchmark) == {2: 1, 1: 2, 3: 2}


def test_unscored_failed_withdrawn_and_cancelled_never_rank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = opened("unranked")
    withdrawn = world.answered(world.team("withdrawn"), world.wrong_at([1]))
    submissions.withdraw(submission=withdrawn, now=world.now)
    cancelled = world.submit(world.team("cancelled"), world.wrong_at([2])).submission
    submissions.cancel(submission=cancelled, now=world.now)
    world.submit(world.team("queued"), world.wrong_at([3]))
    world.answered(world.team("scored"), world.wrong_at(range(60)))
    failing = world.submit(world.team("failed"), world.wrong_at([4])).submission
    with monkeypatch.context() as patched:
        patched.setattr(evaluation, "scorer_of", crash)
        world.score(failing)

    rows = board(world)
    assert {name for name, row in rows.items() if row.rank is not None} == {"scored"}
    # Withdrawn stays charged; cancelled and failed were refunded and never counted.
    assert rows["withdrawn"].attempts == 1
    assert rows["withdrawn"].released is None
    assert not {"cancelled", "failed"} & rows.keys()


def test_null_until_the_baseline_is_beaten() -> None:
    world = opened("baseline", mechanism="guarded_ladder", n_query=200, n_fresh=100)
    worse, better = world.team("worse"), world.team("better")
    world.answered(worse, world.wrong_at(range(0, 300, 2)))
    world.answered(better, world.labels)

    rows = board(world)
    assert (rows["worse"].rank, rows["worse"].released, rows["worse"].attempts) == (None, None, 1)
    assert rows["better"].rank == 1
    # What is shown is on the grid that the board names.
    steps = rows["better"].released / leaderboard.resolution(round=world.round)  # type: ignore[operator]
    assert steps == pytest.approx(round(steps))


def test_references_are_shown_and_not_ranked() -> None:
    world = make_world("references")
    best = world.team("reference", is_reference=True)
    world.answered(best, world.wrong_at(range(30)))
    rounds.open_round(round=world.round, references=None, actor="test", now=world.now)
    world.answered(world.team("a"), world.wrong_at(range(90)))

    rows = board(world)
    assert list(rows) == ["a", "reference"]
    assert (rows["a"].rank, rows["reference"].rank) == (1, None)
    assert rows["reference"].released > rows["a"].released  # type: ignore[operator]
    assert rows["reference"].is_reference
    assert not BudgetEntry.objects.filter(submission__team=best).exists()


def close(world: World) -> None:
    rounds.request_close(round=world.round, actor="test", now=world.now)
    assert rounds.close(round=world.round, actor="test", now=world.now)


def publish(world: World, results: list[PublishedResult]) -> None:
    close(world)
    rounds.mark_audited(round=world.round, actor="test", now=world.now)
    rounds.publish(round=world.round, results=results, actor="test", now=world.now)


def result(submission: Submission, fresh: float | None, **given: Any) -> PublishedResult:
    return PublishedResult(
        team_id=submission.team_id,
        submission_id=submission.pk,
        fresh_value=fresh,
        **{"verdict": "NO_EVIDENCE", **given},
    )


def test_published_figures_wait_for_publication() -> None:
    world = opened("published")
    scored = world.answered(world.team("a"), world.wrong_at(range(9)))
    told = {
        **{"fresh_low": 0.85, "fresh_high": 0.95, "fresh_resolution": 0.02, "tier": 1},
        **{"overstatement": 0.01, "overstatement_low": -0.01, "overstatement_high": 0.03},
        "luck": 0.016,
    }
    close(world)
    before = board(world)["a"]
    Round.objects.update(status="AUDITED")
    world.round.refresh_from_db()
    rounds.publish(
        round=world.round, results=[result(scored, 0.9, **told)], actor="test", now=world.now
    )
    after = board(world)["a"]

    names = ("fresh", "verdict", "rank_before", "rank_change", *told)
    assert {getattr(before, name) for name in names} == {None}
    assert (after.fresh, after.verdict, after.rank) == (0.9, "NO_EVIDENCE", 1)
    assert {name: getattr(after, name) for name in told} == told
    assert (after.rank_before, after.rank_change) == (1, 0)


def test_published_round_ranks_by_the_fresh_figure() -> None:
    """A booster with every query label right and .387 on fresh labels stands behind honest .775."""
    world = opened("fresh")
    booster = world.answered(world.team("booster"), world.labels)
    honest = world.answered(world.team("honest"), world.wrong_at(range(60)))
    untold = world.answered(world.team("untold"), world.wrong_at(range(30)))
    reference = world.teams["reference"].submissions.get()
    publish(
        world,
        [
            result(booster, 0.387, verdict="CONFIRMED"),
            result(honest, 0.775),
            result(untold, None),
            result(reference, 0.8, verdict=""),
        ],
    )

    rows = board(world)
    assert ranks(world) == [("honest", 1), ("booster", 2), ("untold", None), ("reference", None)]
    assert [row.rank_before for row in rows.values()] == [3, 1, 2, None]
    # Among the two that have both values: `untold` moved nobody by leaving the ranking.
    assert [row.rank_change for row in rows.values()] == [1, -1, None, None]
    assert (rows["booster"].released, rows["booster"].verdict) == (1.0, "CONFIRMED")
    assert rows["reference"].fresh == 0.8


def test_a_final_without_a_release_moves_nobody() -> None:
    """The best of three has no released value: the other two are ranked as before, and so they stay."""
    world = opened("unmoved")
    best = world.answered(world.team("best", is_blind=True), world.labels)
    second = world.answered(world.team("second"), world.wrong_at(range(30)))
    third = world.answered(world.team("third"), world.wrong_at(range(60)))
    publish(world, [result(best, 0.9), result(second, 0.8), result(third, 0.7)])

    rows = board(world)
    assert [(row.rank, row.rank_before, row.rank_change) for row in rows.values()][:3] == [
        *((1, None, None), (2, 1, 0), (3, 2, 0)),
    ]


def test_equal_fresh_figures_share_a_rank() -> None:
    world = opened("fresh-ties")
    own = [world.answered(world.team(name), world.wrong_at([i])) for i, name in enumerate("abc")]
    publish(
        world, [result(each, value) for each, value in zip(own, (0.3, 0.1 + 0.2, 0.2), strict=True)]
    )

    assert ranks(world) == [("a", 1), ("b", 1), ("c", 3), ("reference", None)]


def test_team_of_a_published_figure_is_on_the_board_whatever_it_was_answered() -> None:
    """A blind team's final has no released value, so no rank before, and ranks by its fresh figure."""
    world = opened("blind")
    blind = world.answered(world.team("a", is_blind=True), world.labels)
    shown = world.answered(world.team("b"), world.wrong_at(range(30)))
    publish(world, [result(blind, 0.9), result(shown, 0.8)])

    rows = board(world)
    assert [(row.rank, row.rank_before, row.rank_change) for row in rows.values()][:2] == [
        *((1, None, None), (2, 1, 0)),
    ]


def test_file_that_ranks_once_finals_are_locked_is_the_declared_one() -> None:
    """The best file on the board and another one declared: what is judged is what ranks."""
    world = opened("switched")
    honest, attacker = world.team("honest"), world.team("attacker")
    world.answered(honest, world.wrong_at(range(20)))
    world.answered(attacker, world.labels)
    declared = world.answered(attacker, world.wrong_at(range(60)))
    submissions.declare_final(submission=declared, now=world.now)
    while_open = ranks(world)
    rounds.request_close(round=world.round, actor="test", now=world.now)
    while_closing = ranks(world)
    assert rounds.close(round=world.round, actor="test", now=world.now)

    assert while_open == [("attacker", 1), ("honest", 2), ("reference", None)]
    assert while_closing == while_open
    assert ranks(world) == [("honest", 1), ("attacker", 2), ("reference", None)]
    raw = RawScore.objects.get(submission=declared).value
    assert board(world)["attacker"].released == raw
    assert board(world)["attacker"].attempts == 2


def test_final_without_a_value_of_its_own_does_not_rank() -> None:
    world = opened("no-value", mechanism="guarded_ladder", n_query=200, n_fresh=100)
    team, other = world.team("team"), world.team("other")
    world.answered(team, world.labels)
    declared = world.answered(team, world.wrong_at(range(0, 300, 2)))
    submissions.declare_final(submission=declared, now=world.now)
    world.answered(other, world.wrong_at(range(0, 300, 12)))
    before = board(world)["team"]
    close(world)

    row = board(world)["team"]
    assert before.rank == 1
    assert before.released is not None
    assert (row.rank, row.released, row.attempts) == (None, None, 2)
    assert ranks(world) == [("other", 1), ("team", None), ("reference", None)]


def test_undeclared_final_is_the_best_that_was_accepted() -> None:
    world = opened("undeclared")
    team = world.team("a")
    for wrong in (50, 10, 90):
        world.answered(team, world.wrong_at(range(wrong)))
    while_open = board(world)["a"]
    close(world)

    assert board(world)["a"] == while_open


def test_ranks_are_those_of_the_definition() -> None:
    """One more than the number of teams that are strictly better, for 200 random boards."""
    world = opened("definition")
    rng = np.random.default_rng(1111)
    for _ in range(200):
        values = {team: float(rng.integers(4)) / 4 for team in range(int(rng.integers(1, 9)))}
        expected = {
            team: 1 + sum(other > value for other in values.values())
            for team, value in values.items()
        }
        assert leaderboard.ranks(values=values, benchmark=world.round.benchmark) == expected
