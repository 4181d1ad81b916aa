"""Moving a round's end: only later, only while it lies ahead, whoever else acts on the round meanwhile."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import budget, deadlines, notices, rounds, submissions
from vault.errors import ActError, NoOpenRoundError, RoundClosedError
from vault.models import JournalEntry, Round, RoundNotice, Submission
from vault.sealing import holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]

REASON = "the storage was down for a day"
END = NOW + dt.timedelta(days=1)
LATER = END + dt.timedelta(days=2)


@pytest.fixture
def world() -> World:
    world = make_world("moved", closes_at=END, total_limit=5, window_limit=1)
    world.open()
    return world


def move(world: World, closes_at: dt.datetime = LATER, **given: Any) -> RoundNotice:
    """As the admin does it, with the rights of its process."""
    named = {"reason": REASON, "actor": "ada", "now": NOW, **given}
    with acting_as("researcher"):
        return deadlines.move(round=world.round, closes_at=closes_at, **named)


def test_teams_hand_in_until_the_new_end_and_everybody_reads_why(world: World) -> None:
    team, after = world.team("a"), END + dt.timedelta(hours=1)
    with pytest.raises(RoundClosedError):
        world.submit(team, world.labels, now=after)

    move(world, reason=f" {REASON}\n")

    assert world.submit(team, world.labels, now=after).is_new
    entry = JournalEntry.objects.get(kind="deadline_moved")
    assert entry.actor == "ada"
    said = {"closes_at": "2026-03-02T12:00:00Z"}, {"closes_at": "2026-03-04T12:00:00Z"}
    assert json.loads(entry.payload) == {
        "round": 1,
        "reason": REASON,
        "before": said[0],
        "after": said[1],
    }
    (change,) = notices.changes(round=world.round)
    assert (change.kind, change.reason, change.team) == ("deadline_moved", REASON, None)
    assert (change.before, change.after, change.at) == (*said, NOW)


def test_a_window_that_would_have_ended_too_late_ends_in_time(world: World) -> None:
    team = world.team("a")
    world.submit(team, world.labels, now=END - dt.timedelta(hours=1))
    at = END - dt.timedelta(minutes=1)
    assert budget.queries_left(round=world.round, team=team, now=at).next_slot_at is None

    move(world, now=at)

    slot = budget.queries_left(round=world.round, team=team, now=at).next_slot_at
    assert slot == END + dt.timedelta(hours=23)


def test_an_end_is_never_moved_to_an_earlier_time_or_the_same(world: World) -> None:
    for closes_at in (END, END - dt.timedelta(seconds=1), NOW):
        with pytest.raises(ActError, match="only moved to a later time") as refused:
            move(world, closes_at)
        assert refused.value.data == {"field": "closes_at"}
    with pytest.raises(ActError, match="a thousand years"):
        move(world, NOW + dt.timedelta(days=400_000))
    assert not RoundNotice.objects.exists()
    assert Round.objects.get().closes_at == END


def test_an_end_that_has_passed_stays(world: World) -> None:
    with pytest.raises(ActError, match="has passed: let the teams that need it hand in late"):
        move(world, now=END)


@pytest.mark.parametrize("status", ["CLOSING", "CLOSED", "AUDITED", "PUBLISHED", "CANCELLED"])
def test_a_round_that_has_stopped_is_not_opened_again(world: World, status: str) -> None:
    told = {"cancelled_at": NOW, "cancelled_reason": "x", "opened_at": None}
    Round.objects.update(status=status, **(told if status == "CANCELLED" else {}))

    with pytest.raises(ActError, match=f"is {status}: an end is moved while"):
        move(world)


def test_a_planned_round_is_moved_as_well_but_not_over_a_later_ones_end() -> None:
    world = make_world("planned", closes_at=END)
    follower = Round.objects.get()
    follower.pk, follower.number = None, 2
    follower.opens_at, follower.closes_at = LATER, LATER + dt.timedelta(days=5)
    follower.save(force_insert=True)

    with pytest.raises(ActError, match="round 2 is planned and ends at 2026-03-09 12:00 UTC"):
        move(world, follower.closes_at)
    move(world, LATER + dt.timedelta(days=1))

    world.round.refresh_from_db()
    assert (world.round.status, world.round.closes_at) == ("PLANNED", LATER + dt.timedelta(days=1))
    assert deadlines.waiting_for(round=world.round, closes_at=world.round.closes_at) == [follower]


def test_once_a_fresh_label_was_opened_nothing_is_moved(world: World) -> None:
    """An interim audit is enough: the journal decides."""
    holdouts.open_labels(
        holdout=world.fresh, purpose="audit", reason={"interim": True}, actor="x", now=NOW
    )

    with pytest.raises(
        ActError, match="only while no fresh label was opened, and the journal's entry"
    ):
        move(world)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501, "a\x1bb"])
def test_a_reason_is_a_line_that_can_be_shown(world: World, reason: str) -> None:
    with pytest.raises(ActError, match="reason"):
        move(world, reason=reason)
    assert not RoundNotice.objects.exists()


def test_a_sweeper_that_found_the_old_end_looks_again(world: World, monkeypatch: Any) -> None:
    """The end is moved between the sweeper's list and its lock."""
    found = Round.objects.get()
    move(world)

    rounds._close_if_due(found, now=END)
    assert Round.objects.get().status == "OPEN"
    assert found.closes_at == LATER

    rounds._close_if_due(found, now=LATER)
    closing = Round.objects.get()
    assert (closing.status, closing.stopped_at) == ("CLOSING", LATER)


def test_a_round_that_was_read_before_closes_at_the_end_as_it_is_now(world: World) -> None:
    found = Round.objects.get()
    move(world)

    rounds.request_close(round=found, actor="ada", now=END + dt.timedelta(hours=1))

    assert Round.objects.get().stopped_at == END + dt.timedelta(hours=1)


def test_of_sweepers_and_an_act_at_once_the_round_is_moved_or_closed() -> None:
    world = make_world("race", closes_at=END)
    world.open()
    refused: list[ActError] = []

    def act(number: int) -> None:
        if number:
            rounds.close_what_is_due(now=END)
            return
        try:
            deadlines.move(
                round=Round.objects.get(),
                closes_at=LATER,
                reason=REASON,
                actor="ada",
                now=END - dt.timedelta(seconds=1),
            )
        except ActError as error:
            refused.append(error)

    all_at_once(4, act)

    round = Round.objects.get()
    assert (round.status == "OPEN") == (not refused)
    assert RoundNotice.objects.count() == (not refused)
    assert round.closes_at == (END if refused else LATER)


def test_files_at_the_same_instant_are_taken_in_or_refused_whole(world: World) -> None:
    """Whoever comes before the lock meets the old end, whoever comes after it the new one."""
    teams = [world.team(f"t{number}") for number in range(4)]
    refused: list[Exception] = []

    def act(number: int) -> None:
        if number == len(teams):
            now = END - dt.timedelta(seconds=1)
            deadlines.move(
                round=Round.objects.get(), closes_at=LATER, reason=REASON, actor="ada", now=now
            )
            return
        try:
            world.submit(teams[number], world.labels, now=END)
        except (RoundClosedError, NoOpenRoundError) as error:
            refused.append(error)

    all_at_once(5, act)

    assert Submission.objects.count() + len(refused) == len(teams)
    assert Round.objects.get().closes_at == LATER
    current = submissions.current_round(benchmark=world.benchmark, team=teams[0], now=END)
    assert current == world.round


def test_no_role_moves_an_end_without_a_notice(world: World) -> None:
    for role, closes_at in (("researcher", LATER), ("researcher", NOW), ("scoring", LATER)):
        with (
            acting_as(role),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
        ):
            Round.objects.update(closes_at=closes_at)
    move(world)
    # The notice was for this one step.
    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="an end is moved to a later time, with a notice"),
        transaction.atomic(),
    ):
        Round.objects.update(closes_at=LATER + dt.timedelta(days=1))
