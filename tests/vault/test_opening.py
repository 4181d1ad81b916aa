"""Planned rounds open by themselves when their references are settled, and else say why they do not."""

import datetime as dt
import logging
from typing import Any

import pytest

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import opening, rounds, tasks
from vault.errors import PlanError, TransitionError
from vault.models import HoldoutTold, JournalEntry, Round, RoundReference, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

NAMES = ("baseline", "second")


@pytest.fixture(autouse=True)
def _nothing_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_said", {})


def references(world: World) -> list[Team]:
    """Two reference teams, named in the plan."""
    teams = [world.team(name, is_reference=True) for name in NAMES]
    Round.objects.filter(pk=world.round.pk).update(named_references=[team.pk for team in teams])
    world.round.refresh_from_db()
    return teams


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("opening", mechanism="guarded_ladder")


def swept(world: World, *, now: dt.datetime = NOW) -> str:
    with acting_as("scoring"):
        opening.open_what_is_due(now=now)
    world.round.refresh_from_db()
    return str(world.round.status)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    # By name: the thread that publishes to the broker warns whenever it likes.
    mine = [each for each in caplog.records if each.name == opening.__name__]
    return [each.getMessage() for each in mine if each.levelno >= logging.WARNING]


def test_round_opens_when_its_references_are_scored_in_the_order_of_the_plan(world: World) -> None:
    baseline, second = references(world)
    other = world.team("unnamed", is_reference=True)
    in_time = [
        world.answered(team, world.wrong_at(range(30 + n)))
        for n, team in ((3, other), (2, second), (1, baseline))
    ]

    assert swept(world, now=world.round.opens_at - dt.timedelta(seconds=1)) == "PLANNED"
    assert swept(world, now=world.round.opens_at) == "OPEN"

    frozen = RoundReference.objects.order_by("position").values_list("submission", flat=True)
    assert list(frozen) == [each.pk for each in reversed(in_time)]
    assert world.round.opened_at == world.round.opens_at
    assert JournalEntry.objects.get(kind="round_open").actor == "system"
    # What the board shows of references is in the holdout's ledger, as after any other opening.
    assert HoldoutTold.objects.count() == 1


def test_organizer_who_opens_it_gets_the_same_order(world: World) -> None:
    baseline, second = references(world)
    later = world.answered(second, world.wrong_at(range(1, 40)))
    first = world.answered(baseline, world.wrong_at(range(50)))

    rounds.open_round(round=world.round, references=None, actor="test", now=NOW)

    frozen = RoundReference.objects.order_by("position").values_list("submission", flat=True)
    assert list(frozen) == [first.pk, later.pk]


def test_what_a_round_waits_for_is_said_once_each(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    baseline, second = references(world)
    said = [f"{world.round} does not open by itself: "] * 4
    for _ in range(2):
        assert swept(world) == "PLANNED"
    said[0] += "the reference opening-baseline has handed in no file"

    waiting = world.submit(baseline, world.wrong_at(range(1, 40))).submission
    assert swept(world) == "PLANNED"
    said[1] += "the file of the reference opening-baseline is still being scored"

    world.score(waiting)
    failed = world.submit(second, world.wrong_at(range(2, 40))).submission
    Submission.objects.filter(pk=failed.pk).update(status="FAILED", finished_at=NOW)
    assert swept(world) == "PLANNED"
    said[2] += "no file of the reference opening-second could be scored: hand in another one"

    assert swept(world, now=world.round.closes_at) == "PLANNED"
    said[3] += "its end has passed, so it cannot open any more: cancel it and plan another"
    assert warned(caplog) == said

    world.answered(second, world.wrong_at(range(3, 40)))
    assert swept(world) == "OPEN"
    assert warned(caplog) == said


def test_round_that_names_no_reference_is_left_to_an_organizer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.answered(world.team("baseline", is_reference=True), world.wrong_at(range(1, 40)))
    end = world.round.closes_at
    assert opening.obstacle(round=world.round, now=end).startswith("its end has passed")

    assert swept(world) == "PLANNED"

    (said,) = warned(caplog)
    assert "no references were named when it was planned, so an organizer opens it" in said


def test_sweep_of_the_scoring_worker_opens(world: World) -> None:
    for team in references(world):
        world.answered(team, world.wrong_at(range(1, 40)))
    # The sweep goes by the real clock.
    Round.objects.update(closes_at=NOW.replace(year=2999))

    with acting_as("scoring"):
        tasks.sweep()

    assert Round.objects.get().status == "OPEN"


def second_round(world: World, *, is_open: bool = True) -> Round:
    """The plan of another one, as after the first, which is open all the same."""
    if is_open:
        Round.objects.update(status="PUBLISHED")
    given = {
        name: getattr(world.round, name)
        for name in (
            *("benchmark", "mechanism", "parameters", "opens_at", "closes_at", "max_teams"),
            *("window_seconds", "window_limit", "total_limit", "concurrent_limit"),
        )
    }
    planned = rounds.plan(
        query_holdout=world.query,
        fresh_holdouts=[world.fresh],
        references=[team for team in world.teams.values() if team.is_reference],
        actor="test",
        now=world.round.opens_at,
        **given,
    )
    if is_open:
        Round.objects.filter(pk=world.round.pk).update(status="OPEN")
    return planned


def test_second_open_round_of_a_benchmark_is_refused_in_words(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.team("baseline", is_reference=True)
    planned = second_round(world)

    with pytest.raises(TransitionError, match="another round of opening is open: close it first"):
        rounds.open_round(round=planned, references=None, actor="test", now=NOW)
    swept(world)

    planned.refresh_from_db()
    assert (planned.status, planned.opened_at) == ("PLANNED", None)
    (said,) = warned(caplog)
    assert "opening round 1 is still open, and a benchmark has one open round" in said


def test_plan_names_active_reference_teams_once_each(world: World) -> None:
    team, reference = world.team("a"), world.team("r", is_reference=True)
    retired = Team.objects.create(name="retired", is_reference=True, is_active=False)

    def planned(*teams: Team) -> Any:
        Round.objects.update(status="PUBLISHED")
        return rounds.plan(
            benchmark=world.benchmark,
            query_holdout=world.query,
            fresh_holdouts=[world.fresh],
            mechanism="exact",
            parameters={},
            opens_at=NOW,
            closes_at=NOW + dt.timedelta(days=1),
            window_seconds=60,
            window_limit=1,
            total_limit=1,
            concurrent_limit=1,
            max_teams=1,
            references=teams,
            actor="test",
            now=NOW,
        )

    for wrong in ([team], [retired], [reference, reference]):
        with pytest.raises(PlanError) as refused:
            planned(*wrong)
        assert refused.value.data == {"field": "references"}
    assert opening.named(round=planned(reference)) == [reference.name]
    entry = JournalEntry.objects.filter(kind="round_planned").latest("pk")
    assert f'"references":["{reference.name}"]' in entry.payload


def test_a_round_whose_end_has_passed_opens_for_nobody(world: World) -> None:
    """It would close at once, and its audit would open the fresh labels."""
    with pytest.raises(TransitionError, match="has passed: cancel it and plan another"):
        rounds.open_round(
            round=world.round, references=None, actor="ada", now=world.round.closes_at
        )

    world.round.refresh_from_db()
    assert world.round.status == "PLANNED"


def fail(world: World, team: Team, first: int, n: int) -> None:
    """Hand in files that cannot be scored."""
    for place in range(first, first + n):
        world.submit(team, world.wrong_at(range(place, place + 40)))
    Submission.objects.filter(team=team).update(status="FAILED", finished_at=NOW)


def test_what_is_not_taken_is_not_asked_for(world: World) -> None:
    """After five failed files nobody is told to hand in another one: that would be refused."""
    baseline, second = references(world)
    fail(world, baseline, 0, 4)
    assert opening.obstacle(round=world.round, now=NOW).endswith(
        "could be scored: hand in another one"
    )

    fail(world, baseline, 4, 1)
    told = opening.obstacle(round=world.round, now=NOW)
    assert told == (
        f"no file of the reference {baseline.name} could be scored, and it has handed in 5 files to round 1, "
        "and one reference may hand in 5: hand in a file of another reference and open the round by hand"
    )
    world.answered(second, world.wrong_at(range(60)))
    told = opening.obstacle(round=world.round, now=NOW)
    assert told.endswith(
        "open the round by hand with the references that are scored, or cancel it and plan one on another "
        "query holdout"
    )
    rounds.open_round(round=world.round, references=None, actor="test", now=NOW)


def used_up(world: World) -> None:
    """Cancel a round whose references have handed in all that is taken, and plan another."""
    for place in range(4):
        fail(world, world.team(f"used-{place}", is_reference=True), 5 * place, 5)
    rounds.cancel(round=world.round, reason="again", actor="test", now=NOW)
    world.round = second_round(world, is_open=False)


def test_a_round_to_which_nobody_can_hand_in_says_so(world: World) -> None:
    used_up(world)
    assert opening.obstacle(round=world.round, now=NOW) == (
        "the reference opening-used-0 has handed in no file, and references have handed in 20 files about "
        "the round's query holdout (20 in round 1), and 20 are taken: cancel the round and plan one on "
        "another query holdout, as the mechanism guarded_ladder does not open without a baseline"
    )
    Round.objects.update(named_references=[])
    world.round.refresh_from_db()
    assert opening.obstacle(round=world.round, now=NOW).startswith(
        "no references were named when it was planned, so an organizer opens it; but its query holdout takes "
        "no more files of references: cancel the round and plan one on another query holdout"
    )
    with pytest.raises(TransitionError, match="takes no more files of references, so cancel it"):
        rounds.open_round(round=world.round, references=None, actor="test", now=NOW)


def test_a_mechanism_without_a_baseline_opens_without_references(world: World) -> None:
    used_up(world)
    Round.objects.filter(pk=world.round.pk).update(mechanism="exact")
    world.round.refresh_from_db()

    assert opening.obstacle(round=world.round, now=NOW).endswith(
        ": open the round by hand without references, or cancel it and plan one on another query holdout"
    )
