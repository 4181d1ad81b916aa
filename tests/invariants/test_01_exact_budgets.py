"""Invariant 1: budgets are exact, whatever the order, the clock and the retries.

`tests/service/test_exact_budget.py` posts from several processes; here the ledger is held against a
plain model of the rules, and against threads that meet at the edge.
"""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from numpy.typing import NDArray

from tests.vault.factories import World, acting_as, make_world
from vault import budget, predictions, submissions
from vault.errors import (
    ConcurrencyError,
    TotalExhaustedError,
    VaultError,
    WindowExhaustedError,
)
from vault.models import BudgetEntry, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]

WINDOW = dt.timedelta(seconds=100)
EXHAUSTED = (WindowExhaustedError, TotalExhaustedError, ConcurrencyError)


def small_world(slug: str, **policy: int) -> World:
    given: dict[str, Any] = {
        "window_seconds": 100,
        "window_limit": 3,
        "total_limit": 8,
        "concurrent_limit": 2,
        **policy,
    }
    # No plan has a window with more queries than its round.
    given["window_limit"] = min(given["window_limit"], given["total_limit"])
    world = make_world(slug, n_query=10, n_fresh=20, **given)
    world.open()
    return world


def file_number(number: int) -> NDArray[np.uint8]:
    """A different file for each number up to 2**30."""
    return np.array([number >> bit & 1 for bit in range(30)], dtype=np.uint8)


@dataclass
class Model:
    """The rules in words: a query is held from its receipt until it is refunded."""

    limits: dict[str, int]
    held_at: dict[Any, dt.datetime] = field(default_factory=dict)
    pending: set[Any] = field(default_factory=set)

    def refusal(self, now: dt.datetime) -> type[VaultError] | None:
        if len(self.held_at) >= self.limits["total_limit"]:
            return TotalExhaustedError
        if len(self._in_window(now)) >= self.limits["window_limit"]:
            return WindowExhaustedError
        if len(self.pending) >= self.limits["concurrent_limit"]:
            return ConcurrencyError
        return None

    def next_slot(self, now: dt.datetime) -> dt.datetime:
        inside = sorted(self._in_window(now))
        return inside[len(inside) - self.limits["window_limit"]] + WINDOW

    def _in_window(self, now: dt.datetime) -> list[dt.datetime]:
        return [at for at in self.held_at.values() if at > now - WINDOW]


@pytest.mark.parametrize("seed", range(6))
def test_ledger_agrees_with_a_plain_model(seed: int) -> None:
    rng = np.random.default_rng([101, seed])
    limits = {
        "window_limit": int(rng.integers(1, 4)),
        "total_limit": int(rng.integers(4, 9)),
        "concurrent_limit": int(rng.integers(1, 4)),
    }
    world = small_world(f"model-{seed}", **limits)
    team, model = world.team("a"), Model(limits)
    seen: set[str] = set()
    for step in range(40):
        world.now += dt.timedelta(seconds=float(rng.choice([0, 1, 33, 99.999999, 100])))
        act = rng.choice(["submit", "submit", "submit", "again", "score", "cancel"])
        waiting = Submission.objects.filter(team=team, status="QUEUED").order_by("sequence")
        if act == "submit":
            seen.add(_submit(world, model, number=step + 1))
        elif act == "again" and model.held_at:
            kept = Submission.objects.filter(pk__in=model.held_at).first()
            if kept is not None:
                receipt = _submit_again(world, kept)
                assert (receipt.is_new, receipt.submission.pk) == (False, kept.pk)
        elif waiting and act == "score":
            for each in waiting:
                model.pending.discard(each.pk)
            world.score(waiting[0])
        elif waiting and act == "cancel":
            submissions.cancel(submission=waiting[0], now=world.now)
            model.pending.discard(waiting[0].pk)
            del model.held_at[waiting[0].pk]
        _compare(world, model)
    assert "accepted" in seen


def _submit(world: World, model: Model, *, number: int) -> str:
    (team,) = world.teams.values()
    expected = model.refusal(world.now)
    if expected is None:
        submission = world.submit(team, file_number(number)).submission
        model.held_at[submission.pk] = world.now
        model.pending.add(submission.pk)
        return "accepted"
    with pytest.raises(expected) as caught:
        world.submit(team, file_number(number))
    if expected is WindowExhaustedError:
        assert caught.value.data["next_slot_at"] == model.next_slot(world.now)
    return expected.__name__


def _submit_again(world: World, submission: Submission) -> submissions.Receipt:
    (team,) = world.teams.values()
    return world.submit(team, predictions.load(file_key=submission.file_key))


def _compare(world: World, model: Model) -> None:
    (team,) = world.teams.values()
    left = budget.remaining(round=world.round, team=team, now=world.now)
    in_window = [at for at in model.held_at.values() if at > world.now - WINDOW]
    assert left.total_used == len(model.held_at)
    assert left.window_used == len(in_window)
    assert left.concurrent_used == len(model.pending)


def test_the_slot_opens_at_its_time_and_not_a_microsecond_before() -> None:
    world = small_world("slot", window_limit=1, concurrent_limit=9)
    team = world.team("a")
    world.submit(team, file_number(1))
    with pytest.raises(WindowExhaustedError) as caught:
        world.submit(team, file_number(2))
    slot = caught.value.data["next_slot_at"]

    with pytest.raises(WindowExhaustedError):
        world.submit(team, file_number(2), now=slot - dt.timedelta(microseconds=1))
    assert world.submit(team, file_number(2), now=slot).is_new


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    world = small_world("clock", window_limit=1, concurrent_limit=9)
    team = world.team("a")
    world.submit(team, file_number(1))

    with pytest.raises(WindowExhaustedError):
        world.submit(team, file_number(2), now=world.now - dt.timedelta(hours=1))


@pytest.mark.parametrize("limit", ["window_limit", "total_limit", "concurrent_limit"])
def test_threads_at_the_edge_get_exactly_what_is_left(limit: str) -> None:
    """16 threads, 40 files, cancellations in the middle: never more than 5, and all 5 can be had."""
    policy = {"window_limit": 50, "total_limit": 50, "concurrent_limit": 50}
    # A window has no more queries than its round, so the total of one account alone is the smaller one.
    is_total = limit == "total_limit"
    world = small_world(
        f"edge-{limit.replace('_', '-')}", **(policy if is_total else {**policy, limit: 5})
    )
    team = world.team("a", k=5 if is_total else None)
    start = threading.Barrier(16)
    outcomes: list[str] = []

    def post(number: int) -> None:
        if number <= 16:
            start.wait(10)
        try:
            receipt = world.submit(team, file_number(number))
            if number % 3 == 0:
                submissions.cancel(submission=receipt.submission, now=world.now)
                outcomes.append("cancelled")
            else:
                outcomes.append("accepted")
        except EXHAUSTED:
            outcomes.append("refused")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(post, range(1, 41)))

    assert len(outcomes) == 40
    # A post may be refused for the sake of one that is cancelled a moment later; then room is left.
    held = budget.remaining(round=world.round, team=team, now=world.now).total_used
    assert held == outcomes.count("accepted") <= 5
    for number in range(41, 41 + 5 - held):
        world.submit(team, file_number(number))
    with pytest.raises(EXHAUSTED):
        world.submit(team, file_number(99))
    sequences = Submission.objects.filter(team=team).values_list("sequence", flat=True)
    assert sorted(sequences) == list(range(1, len(sequences) + 1))


def test_equal_files_at_once_are_one_submission() -> None:
    world = small_world("equal", concurrent_limit=9, window_limit=9, total_limit=9)
    team = world.team("a")

    def post(_: int) -> tuple[bool, Any]:
        try:
            receipt = world.submit(team, file_number(7))
            return receipt.is_new, receipt.submission.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(post, range(8)))

    assert sum(is_new for is_new, _ in receipts) == 1
    assert len({pk for _, pk in receipts}) == 1
    assert BudgetEntry.objects.filter(kind="RESERVE").count() == 1


@pytest.mark.parametrize("role", ["owner", "web", "scoring"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM vault_budgetentry", "UPDATE vault_budgetentry SET kind = 'REFUND'"],
)
def test_nobody_edits_the_ledger(role: str, statement: str) -> None:
    world = small_world("append-only")
    world.submit(world.team("a"), file_number(1))
    with acting_as(role), transaction.atomic(), connection.cursor() as cursor:
        with pytest.raises(DatabaseError):
            cursor.execute(statement)
        transaction.set_rollback(True)
    assert BudgetEntry.objects.filter(kind="RESERVE").count() == 1


def test_a_refused_file_is_not_stored() -> None:
    """Otherwise a team without a budget could fill the disk."""
    world = small_world("disk", total_limit=1)
    team = world.team("a")
    world.submit(team, file_number(1))

    def stored() -> set[Path]:
        return set(Path(settings.MEDIA_ROOT).rglob("*"))

    before = stored()
    with pytest.raises(TotalExhaustedError):
        world.submit(team, file_number(2))
    assert stored() == before
