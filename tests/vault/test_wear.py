"""Wear: everything a holdout ever told against what was reserved, and no admission beyond the plan."""

import threading
from typing import Any

import pytest
from django.db import connection

from tests.vault.factories import NOW, World, make_world
from vault import budget, holdout_ledger, rounds
from vault.errors import AdmissionError
from vault.models import HoldoutTold, JournalEntry, Round, Team
from vault.wear import Wear, wear_of

pytestmark = pytest.mark.usefixtures("vault_keys")


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("worn", mechanism="guarded_ladder", total_limit=5, max_teams=2)


def per_query(world: World, k: int = 1) -> float:
    return holdout_ledger.account_of(round=world.round).nats(k=k)


def worn(**given: Any) -> Wear:
    return Wear(
        **{
            "n_items": 100,
            "told": 0.0,
            "answered": 0.0,
            "reserved": 10.0,
            "planned": None,
            **given,
        }
    )


def test_everything_that_was_told_is_in_it(world: World) -> None:
    """References on the board, answers that were given, and what was told of it while it was fresh."""
    rounds.count_publication(round=world.round, holdout=world.query, nats=3.0, now=NOW)
    world.open(baseline=world.wrong_at(range(40)))
    team = world.team("asks", k=5)
    blind = world.team("blind", is_blind=True)
    for wrong in (30, 20):
        world.answered(team, world.wrong_at(range(wrong)))
    world.answered(blind, world.wrong_at(range(10)))

    found = wear_of(holdout=world.query)

    assert found.told == pytest.approx(3.0 + per_query(world))
    assert found.answered == pytest.approx(per_query(world, k=2))
    assert found.reserved == pytest.approx(per_query(world, k=5))
    assert found.planned == pytest.approx(2 * per_query(world, k=5))
    assert found.used == pytest.approx(found.told + found.answered)
    assert found.share == pytest.approx(found.answered / found.reserved)


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (7.9, ""),
        (8.0, "Nearly all that was reserved is used: 80% of what was reserved: 8.0 of 10.0 nats"),
        (9.99, "Nearly all that was reserved is used"),
        (10.0, "All that was reserved is used: 100% of what was reserved: 10.0 of 10.0 nats"),
    ],
)
def test_it_warns_from_eighty_percent_on(answered: float, said: str) -> None:
    warning = worn(answered=answered).warning

    assert warning.startswith(said)
    assert bool(warning) == bool(said)


def test_what_an_earlier_round_told_is_shown_and_brings_no_warning(world: World) -> None:
    """The second round of a benchmark: it asks a holdout that the first one's publication told about."""
    world.open(baseline=world.wrong_at(range(40)))
    world.team("idle", k=5)
    rounds.count_publication(round=world.round, holdout=world.query, nats=500.0, now=NOW)

    found = wear_of(holdout=world.query)

    assert (found.share, found.warning) == (0.0, "")
    assert f"all that it ever told: {500.0 + per_query(world):,.1f} nats" in found.line


def test_answers_before_a_correction_bring_no_warning_either() -> None:
    assert worn(told=40.0, answered=5.0).warning == ""
    assert worn(told=40.0, answered=5.0).used == pytest.approx(45.0)


def test_nothing_reserved_is_not_worn() -> None:
    assert worn(reserved=0.0).share == 0.0
    assert worn(reserved=0.0).warning == ""


def test_a_plan_allows_its_teams_and_journals_how_much_that_is(world: World) -> None:
    entry = JournalEntry.objects.get(benchmark=world.benchmark, kind="round_planned")

    assert f'"planned_nats":{world.round.planned_nats!r}' in entry.payload
    world.open(baseline=world.wrong_at(range(40)))
    for name in ("first", "second"):
        world.team(name)
    with pytest.raises(AdmissionError, match="as many as the holdout was planned for"):
        world.team("third")
    world.team("third-blind", is_blind=True)


def test_nobody_is_admitted_beyond_what_was_planned(world: World) -> None:
    """What it told since, by another way than this round's references, is no room for a team."""
    world.team("first")
    told = per_query(world)
    HoldoutTold.objects.create(
        holdout=world.query, round=world.round, what="correction", nats=told, at=NOW
    )

    with pytest.raises(AdmissionError, match="it would be over-committed"):
        world.team("second")
    assert Team.objects.filter(name="worn-second", admissions__isnull=False).count() == 0
    world.team("smaller", k=2)


def test_a_plan_from_before_it_was_kept_allows_what_it_allowed(world: World) -> None:
    Round.objects.update(planned_nats=None)
    rounds.count_publication(round=world.round, holdout=world.query, nats=99.0, now=NOW)

    world.team("first")


def test_of_two_admissions_at_once_the_plan_holds(world: World) -> None:
    """The round's row orders them; only one of the last places is given."""
    Round.objects.update(
        planned_nats=world.round.planned_nats / 2 if world.round.planned_nats else 0
    )
    teams = [Team.objects.create(name=f"at-once-{n}") for n in range(2)]
    begin, outcomes = threading.Barrier(2, timeout=30), []

    def admit(team: Team) -> None:
        try:
            begin.wait()
            budget.admit(
                round=world.round, team=team, k=None, is_blind=False, actor="olivia", now=NOW
            )
            outcomes.append("admitted")
        except AdmissionError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=admit, args=(team,)) for team in teams]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)

    assert sorted(outcomes) == ["admitted", "refused"]


def test_a_release_goes_on_however_worn_the_holdout_is(world: World) -> None:
    world.open(baseline=world.wrong_at(range(40)))
    team = world.team("asks", k=1)
    rounds.count_publication(round=world.round, holdout=world.query, nats=9_999.0, now=NOW)

    assert world.answered(team, world.wrong_at(range(30))).status == "SCORED"
    assert wear_of(holdout=world.query).warning.startswith("All that was reserved is used")
