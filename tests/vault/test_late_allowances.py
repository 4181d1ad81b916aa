"""An allowance beside an open round: whoever becomes active again then is late in neither."""

import datetime as dt

import pytest

from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.test_accepting_late import AFTER, END, UNTIL, allow, hand_in
from vault import budget, late_allowances, leaderboard, rounds, submissions
from vault.errors import NotAdmittedError, RoundClosedError
from vault.models import Final, Round, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world() -> World:
    """Round 1 waits for a file; a team that may be late was not active while round 2 opened."""
    made = make_world("late", closes_at=END, total_limit=2)
    made.open()
    ours, other = made.team("ours"), made.team("other")
    submissions.declare_final(submission=made.answered(ours, made.wrong_at([1])), now=NOW)
    made.submit(other, made.wrong_at([2]))
    allow(made, ours)
    rounds.close_what_is_due(now=END)
    Team.objects.filter(pk=ours.pk).update(is_active=False)
    following(made)
    Team.objects.filter(pk=ours.pk).update(is_active=True)
    ours.refresh_from_db()
    return made


def following(world: World) -> Round:
    second = Round.objects.get()
    second.pk, second.number, second.status, second.unaudited = None, 2, "PLANNED", True
    second.closes_at, second.opened_at, second.stopped_at = UNTIL + dt.timedelta(days=9), None, None
    second.save(force_insert=True)
    rounds.open_round(round=second, references=None, actor="ada", now=AFTER)
    return second


def first() -> Round:
    return Round.objects.select_related("benchmark").get(number=1)


def test_it_holds_nothing_and_is_of_no_effect(world: World) -> None:
    ours = world.teams["ours"]

    assert first().status == "CLOSING"
    assert late_allowances.in_effect(round=first(), team=ours, now=AFTER) is None
    assert not late_allowances.holding(round=first(), now=AFTER)
    with pytest.raises(NotAdmittedError, match="not admitted to this round"):
        hand_in(world, ours, 3)
    with pytest.raises(RoundClosedError):
        submissions.declare_final(submission=Final.objects.get().submission, now=AFTER)


def test_the_first_round_closes_once_what_waited_is_scored(world: World) -> None:
    with acting_as("scoring"):
        rounds.close_what_is_due(now=AFTER)
    assert first().status == "CLOSING"
    (waiting,) = first().submissions.filter(status="QUEUED")
    world.score(waiting)
    with acting_as("scoring"):
        rounds.close_what_is_due(now=AFTER)

    assert first().status == "CLOSED"


def test_a_file_of_an_admitted_team_is_the_second_rounds_and_not_late(world: World) -> None:
    ours = world.teams["ours"]
    second = Round.objects.get(number=2)
    budget.admit(round=second, team=ours, k=2, is_blind=False, actor="ada", now=AFTER)

    made = hand_in(world, ours, 3)

    assert (made.round_id, made.is_late) == (second.pk, False)
    rows = {row.team: row for row in leaderboard.board(round=first())}
    assert rows[ours.name].attempts == 1


def test_a_file_that_was_on_its_way_to_the_first_round_is_refused(world: World) -> None:
    """Its round was chosen before the team was made inactive."""
    ours = world.teams["ours"]
    with pytest.raises((NotAdmittedError, RoundClosedError)):
        submissions._late_or_open(round=first(), team=ours, now=AFTER)


def test_it_is_in_effect_again_once_no_other_round_is_open(world: World) -> None:
    second = Round.objects.get(number=2)
    rounds.request_close(round=second, actor="ada", now=AFTER)

    assert late_allowances.holding(round=first(), now=AFTER)
    made = hand_in(world, world.teams["ours"], 3)

    assert (made.round_id, made.is_late) == (first().pk, True)
