"""What a round will not be able to find is said in words, and nothing is said where it could find all."""

import uuid
from math import comb
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from stats.betting import Bet
from tests.vault.factories import World, make_world
from vault.detectable import FOUND_AT
from vault.models import (
    Benchmark,
    Holdout,
    PublishedResult,
    Release,
    Round,
    RoundReference,
    Submission,
)
from vault.planning import prospects

pytestmark = pytest.mark.usefixtures("vault_keys")


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("prospects", n_query=30, n_fresh=40, max_teams=10)


def drawn(holdout: Holdout, **how: Any) -> None:
    Holdout.objects.filter(pk=holdout.pk).update(draws_groups=True, **how)


def of_draw(world: World) -> list[str]:
    round = Round.objects.get(pk=world.round.pk)
    return prospects.of_draw(round=round, fresh_holdouts=round.fresh_holdouts.all())


def referred(world: World, *shown: float | None) -> Round:
    """The round is open, with references that the board shows so."""
    for place, value in enumerate(shown):
        team = world.team(f"reference-{place}", is_reference=True)
        submission = world.submit(team, world.wrong_at([place])).submission
        Release.objects.create(
            submission=submission, value=value, outcome="scored", released_at=world.now
        )
        RoundReference.objects.create(round=world.round, submission=submission, position=place)
    Round.objects.filter(pk=world.round.pk).update(status="OPEN")
    return Round.objects.get(pk=world.round.pk)


def test_an_ordinary_round_with_a_reference_is_warned_of_nothing(world: World) -> None:
    assert prospects.warnings(round=referred(world, 0.8)) == []


def test_without_a_reference_only_own_files_compare(world: World) -> None:
    (planned,) = prospects.warnings(round=world.round)
    (opened,) = prospects.warnings(round=referred(world))

    assert planned == (
        "No reference is scored yet: a team can only be compared with its own first files, and a team whose "
        "first file was tuned already is not found."
    )
    assert opened == planned.replace("scored yet", "frozen")


def test_a_reference_that_is_scored_counts_before_the_round_opens(world: World) -> None:
    world.submit(world.team("reference", is_reference=True), world.labels)
    assert len(prospects.warnings(round=world.round)) == 1
    Submission.objects.update(status="SCORED", finished_at=timezone.now())

    assert prospects.warnings(round=world.round) == []


def test_published_finals_stand_in_for_references(world: World) -> None:
    """The query holdout was fresh in an earlier round, and its finals serve."""
    team = world.team("earlier", is_reference=True)
    submission = world.submit(team, world.labels).submission
    given = {name: getattr(world.round, name) for name in ("mechanism", "parameters", "panel")}
    before = Round.objects.create(
        benchmark=world.benchmark,
        number=2,
        query_holdout=world.fresh,
        opens_at=world.now,
        closes_at=world.round.closes_at,
        window_seconds=1,
        window_limit=1,
        total_limit=1,
        concurrent_limit=1,
        max_teams=1,
        **given,
    )
    before.fresh_holdouts.set([world.query])
    PublishedResult.objects.create(
        round=before, team=team, submission=submission, fresh_value=0.7, verdict="NO_EVIDENCE"
    )

    assert prospects.of_references(round=world.round) == []


@pytest.mark.parametrize("how", ["none", "another draw", "temporal"])
def test_without_a_fresh_holdout_of_the_draw_nobody_is_tested(world: World, how: str) -> None:
    if how == "none":
        world.round.fresh_holdouts.clear()
    if how == "another draw":
        Holdout.objects.filter(pk=world.fresh.pk).update(batch=uuid.uuid4())
    if how == "temporal":
        Holdout.objects.filter(pk=world.fresh.pk).update(kind="temporal")

    (said,) = of_draw(world)

    assert said.startswith("No fresh iid holdout is of the same draw as the query holdout")
    assert said.endswith("nobody can be CONFIRMED.")


def test_with_few_groups_no_p_value_reaches_the_level(world: World) -> None:
    """Of five and five groups there are 252 draws; Holm's first step needs 400 for one team."""
    drawn(world.query, n_units=5, n_effective=5.0)
    drawn(world.fresh, n_units=5, n_effective=5.0)

    (said,) = of_draw(world)

    assert said == (
        "The query and fresh holdouts have so few groups (5 and 5) that they could be drawn in only 252 "
        "ways, and no p-value is below one in 252: nobody can be CONFIRMED however few teams hand in "
        "files; 10 are planned for."
    )


@pytest.mark.parametrize(
    ("fresh", "found", "possible"),
    [
        (7, "in any case", "1 team"),
        (8, "if files come from more than 1 team", "3 teams"),
        (12, "if files come from more than 6 teams", "15 teams"),
    ],
)
def test_with_some_groups_more_it_depends_on_the_teams(
    world: World, fresh: int, found: str, possible: str
) -> None:
    """At .005 / (2 T) a p-value of one in w needs w >= 400 T, and to be found with 80 % w >= 1,000 T."""
    drawn(world.query, n_units=5, n_effective=5.0)
    drawn(world.fresh, n_units=fresh, n_effective=5.0)
    assert int(possible.split()[0]) == comb(5 + fresh, 5) // 400

    (said,) = of_draw(world)

    assert (
        f"is CONFIRMED with 80 % {found}, and nobody can be if they come from more than {possible}"
        in said
    )
    assert said.endswith("; 10 are planned for.")


@pytest.mark.parametrize(("share", "low", "high"), [(FOUND_AT, 0.76, 0.9), (1, 0.1, 0.3)])
def test_a_bet_finds_a_p_value_well_below_its_level(share: float, low: float, high: float) -> None:
    """Seed 4; by 1,000 bets, whose share errs by .013: a false alarm once in a thousand seeds."""
    rng, level, rejected = np.random.default_rng(4), 0.01, 0
    for _ in range(1000):
        bet = Bet(level=level)
        while not bet.is_settled:
            bet.add(exceeds=rng.random(20) < share * level)
        rejected += bet.p_value <= level

    assert low < rejected / 1000 < high


def test_enough_groups_or_groups_of_unknown_number_are_no_few(world: World) -> None:
    """5 and 14 groups have 11,628 draws: enough for 11 teams."""
    drawn(world.query, n_units=5, n_effective=5.0)
    drawn(world.fresh, n_units=14, n_effective=5.0)
    assert of_draw(world) == []

    drawn(world.query, n_units=None, n_effective=None)
    (said,) = of_draw(world)
    assert said.startswith("The groups of the query holdout were sealed before their sizes were")


LOSS = {"task": "regression", "primary_metric": "mae", "loss_cap": 1000.0, "classes": []}


@pytest.mark.parametrize(
    ("shown", "warned"), [((4.5, 4.8), True), ((4.5, 5.2), False), ((4.5, None), False)]
)
def test_a_tolerance_above_the_references_loss_confirms_nobody(
    world: World, shown: tuple[float | None, ...], warned: bool
) -> None:
    """.005 of a cap of 1,000 is 5: who is as good as a reference at 4.8 cannot gain so much."""
    round = referred(world, *shown)
    Benchmark.objects.filter(pk=world.benchmark.pk).update(**LOSS)
    round.refresh_from_db()

    said = prospects.of_references(round=round)

    assert bool(said) == warned
    if warned:
        assert said[0].startswith("Overstatements of 5 or less are not accused")
        assert "is shown above 4.8: nobody whose files are as good as the references can" in said[0]


def test_of_a_regression_the_tolerance_is_said_in_its_unit() -> None:
    assert prospects.tolerance(benchmark=Benchmark(task="binary")) == ""

    said = prospects.tolerance(benchmark=Benchmark(**LOSS))

    assert said.startswith("Nobody is CONFIRMED for an overstatement of 5 or less (delta0, 0.005,")


@pytest.mark.parametrize("mechanism", ["exact", "guarded_ladder"])
def test_a_plan_without_references_is_told_what_it_lacks(world: World, mechanism: str) -> None:
    """Of a round that is not saved."""
    round = Round(
        benchmark=world.benchmark, query_holdout=world.query, mechanism=mechanism, max_teams=10
    )

    (said,) = prospects.of_plan(round=round, fresh_holdouts=[world.fresh], n_references=0)

    assert said.startswith("No reference is named: the round does not open by itself")
    assert said.endswith("a team can only be compared with its own first files.")
    assert ("guarded_ladder cannot open before" in said) == (mechanism == "guarded_ladder")
    assert prospects.of_plan(round=round, fresh_holdouts=[world.fresh], n_references=1) == []
    untested = prospects.of_plan(round=round, fresh_holdouts=[], n_references=1)
    assert untested[0].startswith("No fresh iid holdout is of the same draw")


def used(world: World, n: int) -> None:
    """References have handed in so many files about the query holdout."""
    for place in range(n):
        if place % 5 == 0:
            team = world.team(f"used-{place // 5}", is_reference=True)
        world.submit(team, world.wrong_at([place]))


@pytest.mark.parametrize(
    ("n_used", "n_references", "said"),
    [
        (18, 2, ""),
        (19, 0, ""),
        (18, 3, "2 more can come, and 3 references are named. Name fewer of them."),
        (
            20,
            0,
            "handed in to this round, and guarded_ladder does not open without a baseline. Plan it",
        ),
        (
            20,
            1,
            "so it does not open by itself, and guarded_ladder does not open without a baseline. Plan",
        ),
    ],
)
def test_a_plan_on_a_holdout_that_takes_no_reference_is_warned(
    world: World, n_used: int, n_references: int, said: str
) -> None:
    used(world, n_used)
    round = Round(
        benchmark=world.benchmark,
        query_holdout=world.query,
        mechanism="guarded_ladder",
        max_teams=10,
    )

    found = prospects.of_room(round=round, n_references=n_references)

    assert len(found) == bool(said)
    assert all(f"References have handed in {n_used} files" in each for each in found)
    assert all(said in each for each in found)
    whole = prospects.of_plan(round=round, fresh_holdouts=[world.fresh], n_references=n_references)
    assert set(found) <= set(whole)
