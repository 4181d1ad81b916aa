"""The sweeper finds what waits without a worker, and nothing else.

Invariant 3 without a broker: a message that is lost, doubled or late changes nothing. That publishing
never blocks is tested with the broker.
"""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import tasks
from vault.models import BudgetEntry, JournalEntry, Release, Round, Submission, Team
from vault.queue import broker, leases, sweeping

pytestmark = [pytest.mark.usefixtures("vault_keys")]

LONG_AGO = dt.timedelta(minutes=1)


class Bell:
    """Takes notifications; `limit` is how many before its list is full."""

    def __init__(self) -> None:
        self.heard: list[uuid.UUID] = []
        self.limit = 1000

    def notify(self, *, submission_id: uuid.UUID) -> bool:
        if len(self.heard) >= self.limit:
            return False
        self.heard.append(submission_id)
        return True


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Bell:
    """No message arrives but those that a test delivers."""
    silent = Bell()
    monkeypatch.setattr(broker, "notify", silent.notify)
    return silent


@pytest.fixture
def world(vault_keys: None, heard: Bell) -> World:
    made = make_world("sweeping")
    made.open()
    return made


def waiting(world: World, team: Team, wrong: int, *, since: dt.timedelta = LONG_AGO) -> Submission:
    submission = world.submit(team, world.wrong_at(range(wrong))).submission
    Submission.objects.filter(pk=submission.pk).update(submitted_at=Now() - since)
    return submission


def swept(heard: Bell) -> list[uuid.UUID]:
    heard.heard.clear()
    with acting_as("scoring"):
        sweeping.notify_of_waiting()
    return sorted(heard.heard)


def claim(submission: Submission) -> leases.Claim | None:
    return leases.claim(round_id=submission.round_id, team_id=submission.team_id)


def let_the_lease_run_out(submission: Submission) -> None:
    Submission.objects.filter(pk=submission.pk).update(leased_until=Now() - LONG_AGO)


def test_a_submission_whose_message_was_lost_is_found_and_scored(world: World, heard: Bell) -> None:
    submission = waiting(world, world.team("a"), 3)

    (found,) = swept(heard)
    tasks.score_submission(submission_id=str(found))

    submission.refresh_from_db()
    assert submission.status == "SCORED"
    assert swept(heard) == []


def test_what_has_just_been_received_is_left_to_its_own_bell(world: World, heard: Bell) -> None:
    waiting(world, world.team("a"), 3, since=dt.timedelta(0))

    assert swept(heard) == []


def test_a_lease_is_respected_until_it_runs_out(world: World, heard: Bell) -> None:
    submission = waiting(world, world.team("a"), 3)
    claim(submission)
    assert swept(heard) == []

    let_the_lease_run_out(submission)

    assert swept(heard) == [submission.pk]


def test_what_was_put_off_is_not_rung_for_before_its_time(world: World, heard: Bell) -> None:
    submission = waiting(world, world.team("a"), 3)
    held = claim(submission)
    assert held is not None
    leases.put_off(held)
    assert swept(heard) == []

    Submission.objects.filter(pk=submission.pk).update(retry_at=Now() - LONG_AGO)

    assert swept(heard) == [submission.pk]


def test_every_few_seconds_only_what_was_lost_is_rung_for(world: World, heard: Bell) -> None:
    """Of what waits its turn a worker was told: a busy one must not be told again and again."""
    waiting(world, world.team("waits"), 1)
    held, lost, put_off = (waiting(world, world.team(name), 1) for name in ("a", "b", "c"))
    claim(held)
    claim(lost)
    let_the_lease_run_out(lost)
    Submission.objects.filter(pk=put_off.pk).update(retry_at=Now() - LONG_AGO)
    heard.heard.clear()

    with acting_as("scoring"):
        tasks.notify()

    assert sorted(heard.heard) == sorted([lost.pk, put_off.pk])


def test_one_ring_for_each_team_for_its_earliest(world: World, heard: Bell) -> None:
    """A team whose earliest submission is held waits; other teams do not."""
    held, idle = world.team("held"), world.team("idle")
    first = waiting(world, held, 1)
    waiting(world, held, 2)
    claim(first)
    earliest = waiting(world, idle, 1)
    waiting(world, idle, 2)

    assert swept(heard) == [earliest.pk]


@pytest.mark.parametrize("status", ["SCORED", "FAILED", "CANCELLED", "WITHDRAWN"])
def test_what_is_finished_is_not_rung_for(world: World, heard: Bell, status: str) -> None:
    submission = waiting(world, world.team("a"), 1)
    Submission.objects.filter(pk=submission.pk).update(status=status, finished_at=NOW)

    assert swept(heard) == []


def test_sweeping_changes_no_row(world: World, heard: Bell) -> None:
    submission = waiting(world, world.team("a"), 1)
    claim(submission)
    let_the_lease_run_out(submission)
    before = Submission.objects.filter(pk=submission.pk).values().get()

    assert swept(heard) == swept(heard) == [submission.pk]

    assert Submission.objects.filter(pk=submission.pk).values().get() == before


def test_a_full_list_ends_the_sweep_and_the_next_one_goes_on(world: World, heard: Bell) -> None:
    submissions = [waiting(world, world.team(str(number)), 1) for number in range(3)]
    heard.limit = 1

    assert len(swept(heard)) == 1
    heard.limit = 1000

    assert swept(heard) == sorted(each.pk for each in submissions)


def test_leases_lost_again_and_again_end_as_failed_and_refunded(
    world: World, heard: Bell, settings: Any
) -> None:
    """Every worker that takes it dies; the sweeper notifies each time, and not for ever."""
    submission = waiting(world, world.team("a"), 1)
    for lost in range(settings.MAX_LOST_LEASES):
        assert swept(heard) == [submission.pk], lost
        assert claim(submission) is not None
        let_the_lease_run_out(submission)
    Submission.objects.filter(pk=submission.pk).update(
        claimed_at=Now() - dt.timedelta(seconds=settings.LOST_LEASES_COUNT_AFTER)
    )

    (found,) = swept(heard)
    tasks.score_submission(submission_id=str(found))

    submission.refresh_from_db()
    assert (submission.status, submission.error_code) == ("FAILED", "scoring_failed")
    kinds = BudgetEntry.objects.filter(submission=submission).values_list("kind", flat=True)
    assert sorted(kinds) == ["REFUND", "RESERVE"]
    assert not Release.objects.filter(submission=submission).exists()
    assert swept(heard) == []


def test_one_lost_lease_less_is_scored(world: World, heard: Bell, settings: Any) -> None:
    submission = waiting(world, world.team("a"), 1)
    for _ in range(settings.MAX_LOST_LEASES - 1):
        claim(submission)
        let_the_lease_run_out(submission)

    tasks.score_submission(submission_id=str(submission.pk))

    submission.refresh_from_db()
    assert submission.status == "SCORED"


def test_two_sweepers_and_their_workers_at_once_score_everything_once(
    world: World, heard: Bell
) -> None:
    """Invariant 3: no message came, then each came twice, delivered by four threads."""
    for name in ("a", "b", "c"):
        team = world.team(name)
        for wrong in range(4):
            waiting(world, team, wrong)

    def sweep_and_work(_: int) -> None:
        try:
            sweeping.notify_of_waiting()
            for found in list(heard.heard):
                tasks.score_submission(submission_id=str(found))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep_and_work, range(4)))

    assert set(Submission.objects.values_list("status", flat=True)) == {"SCORED"}
    assert Release.objects.count() == 12
    assert BudgetEntry.objects.filter(kind="COMMIT").count() == 12
    assert JournalEntry.objects.filter(kind="release").count() == 12
    assert swept(heard) == []


def test_sweepers_at_once_close_a_due_round_once(world: World, heard: Bell) -> None:
    """A round whose time has come closes after what waits in it was scored, and not before."""
    submission = waiting(world, world.team("a"), 1)
    Round.objects.filter(pk=world.round.pk).update(
        opens_at=Now() - LONG_AGO, closes_at=Now() - LONG_AGO / 2
    )
    in_threads(tasks.sweep)
    world.round.refresh_from_db()
    assert world.round.status == "CLOSING"

    tasks.score_submission(submission_id=str(submission.pk))
    in_threads(tasks.sweep)

    world.round.refresh_from_db()
    assert world.round.status == "CLOSED"
    assert world.round.finals.get().submission_id == submission.pk
    for kind in ("round_closing", "round_closed"):
        assert JournalEntry.objects.filter(kind=kind).count() == 1


def in_threads(task: Any) -> None:
    def run(_: int) -> None:
        try:
            task()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
