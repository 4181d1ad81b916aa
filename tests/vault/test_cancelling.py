"""Handing in and cancelling is free, so it must leave nothing behind that grows without a bound."""

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction

from tests.vault.factories import World, acting_as, make_world
from vault import budget, submissions
from vault.errors import CancelThrottledError
from vault.models import BudgetEntry, JournalEntry, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    world = make_world("cancelling", n_query=10, n_fresh=20)
    world.open()
    return world


def cancel(submission: Submission, *, now: dt.datetime) -> None:
    submissions.cancel(submission=submission, now=now)


def is_kept(submission: Submission) -> bool:
    return default_storage.exists(submission.file_key)


def stored() -> list[str]:
    return [path.name for path in Path(settings.MEDIA_ROOT, "predictions").iterdir()]


def test_file_of_a_cancelled_submission_is_removed(world: World) -> None:
    team = world.team("a")
    first = world.submit(team, world.wrong_at([0])).submission
    second = world.submit(team, world.wrong_at([1])).submission

    with acting_as("web"):
        cancel(first, now=world.now)

    assert not is_kept(first)
    assert stored() == [f"{second.sha256}.bin"]


def test_file_is_removed_when_its_last_submission_is_cancelled(world: World) -> None:
    same = world.wrong_at([3])
    ours, theirs = (world.submit(world.team(name), same).submission for name in ("a", "b"))
    assert ours.file_key == theirs.file_key

    cancel(ours, now=world.now)
    assert is_kept(theirs)
    cancel(theirs, now=world.now)

    assert not is_kept(theirs)


@pytest.mark.parametrize("status", ["SCORED", "FAILED", "WITHDRAWN"])
def test_file_that_another_submission_needs_is_kept(world: World, status: str) -> None:
    same = world.wrong_at([3])
    kept = world.submit(world.team("a"), same).submission
    Submission.objects.filter(pk=kept.pk).update(status=status, finished_at=world.now)

    cancel(world.submit(world.team("b"), same).submission, now=world.now)

    assert is_kept(kept)


def test_cancelled_predictions_can_be_handed_in_again_and_are_scored(world: World) -> None:
    team = world.team("a")
    cancel(world.submit(team, world.wrong_at([3])).submission, now=world.now)

    again = world.submit(team, world.wrong_at([3])).submission

    assert is_kept(again)
    assert world.score(again).status == "SCORED"


def test_refused_cancellation_removes_nothing(world: World) -> None:
    submission = world.submit(world.team("a"), world.wrong_at([3])).submission
    Submission.objects.filter(pk=submission.pk).update(fence=1)

    with pytest.raises(Exception, match="only a submission that waits"):
        cancel(submission, now=world.now)

    assert is_kept(submission)


def test_storage_that_is_away_does_not_undo_a_cancellation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = world.submit(world.team("a"), world.wrong_at([3])).submission

    def fail(name: str) -> None:
        raise OSError("no such device")

    with monkeypatch.context() as patch:
        patch.setattr(default_storage, "delete", fail)
        cancel(submission, now=world.now)

    submission.refresh_from_db()
    assert submission.status == "CANCELLED"


def test_file_that_is_just_handed_in_again_is_not_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other receipt has found the file, and its row is not committed yet."""
    same = world.wrong_at([3])
    first = world.submit(world.team("a"), same).submission
    other = world.team("b")
    has_file, may_end = threading.Event(), threading.Event()
    reserve = budget.reserve

    def slow(**given: Any) -> None:
        has_file.set()
        assert may_end.wait(60)
        reserve(**given)

    def closing(act: Any) -> Any:
        try:
            return act()
        finally:
            connection.close()

    monkeypatch.setattr(budget, "reserve", slow)
    with ThreadPoolExecutor(2) as threads:
        again = threads.submit(closing, lambda: world.submit(other, same))
        assert has_file.wait(60)
        cancelled = threads.submit(closing, lambda: cancel(first, now=world.now))
        deadline = time.monotonic() + 60
        while not Submission.objects.filter(pk=first.pk, status="CANCELLED").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not cancelled.done()
        may_end.set()
        cancelled.result(60)

        assert is_kept(again.result(60).submission)


def test_account_cancels_so_often_an_hour(world: World) -> None:
    team, other = world.team("a"), world.team("b")
    n_journaled = JournalEntry.objects.count()
    for number in range(budget.MAX_CANCELLED):
        world.now += dt.timedelta(minutes=1)
        cancel(world.submit(team, world.wrong_at([number])).submission, now=world.now)
    waiting = world.submit(team, world.wrong_at([25])).submission
    n_entries = BudgetEntry.objects.count()
    # Each cancellation and its refund are journaled, and what is refused is not.
    assert JournalEntry.objects.count() == n_journaled + 2 * budget.MAX_CANCELLED
    n_journaled = JournalEntry.objects.count()

    with pytest.raises(CancelThrottledError, match=r"20 submissions .* stays in the queue") as told:
        cancel(waiting, now=world.now)

    waiting.refresh_from_db()
    assert (waiting.status, is_kept(waiting)) == ("QUEUED", True)
    assert BudgetEntry.objects.count() == n_entries
    assert JournalEntry.objects.count() == n_journaled
    # The first of the twenty was nineteen minutes ago.
    assert told.value.data["next_slot_at"] == world.now + dt.timedelta(minutes=41)
    assert told.value.data["retry_after"] == 41 * 60
    assert len(stored()) == 1
    cancel(world.submit(other, world.wrong_at([0])).submission, now=world.now)
    cancel(waiting, now=told.value.data["next_slot_at"])
    assert stored() == []


def test_refunds_of_failures_are_no_cancellations(world: World) -> None:
    team = world.team("a")
    for number in range(budget.MAX_CANCELLED):
        failed = world.submit(team, world.wrong_at([number])).submission
        with transaction.atomic():
            budget.refund(
                submission=failed, reason=budget.FAILED, actor="test", now=world.now, most=None
            )

    cancel(world.submit(team, world.wrong_at([25])).submission, now=world.now)


def test_threads_do_not_cancel_more_than_may_be(world: World) -> None:
    team = world.team("a")
    waiting = [
        world.submit(team, world.wrong_at([first, 20 + second])).submission
        for first in range(8)
        for second in range(3)
    ]
    outcomes = []

    def act(submission: Submission) -> None:
        try:
            cancel(submission, now=world.now)
            outcomes.append("cancelled")
        except CancelThrottledError:
            outcomes.append("refused")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(act, waiting))

    assert outcomes.count("cancelled") == budget.MAX_CANCELLED
    assert outcomes.count("refused") == 4
