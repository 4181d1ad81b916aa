"""What a plan may not say, at its edges."""

import datetime as dt
import uuid
from typing import Any

import pytest

from tests.vault.factories import NOW, World, make_world
from vault import rounds
from vault.errors import PlanError
from vault.models import Holdout, JournalEntry, Round

pytestmark = pytest.mark.usefixtures("vault_keys")

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("times")
    Round.objects.update(status="PUBLISHED")
    return made


def test_a_later_period_is_later_than_what_answers(world: World) -> None:
    """By the day; where the query items have no times, nobody can tell."""
    first = dt.date(2026, 2, 1)
    later = {"kind": "temporal", "batch": uuid.uuid4(), "period_start": first, "period_end": first}
    Holdout.objects.filter(pk=world.fresh.pk).update(**later)
    world.fresh.refresh_from_db()
    world.query.period_end = first
    with pytest.raises(PlanError, match="begins on 2026-02-01, and the query") as caught:
        plan(world, unaudited=True)
    assert caught.value.data == {"field": "fresh_holdouts"}

    world.query.period_end = first - DAY
    assert plan(world, unaudited=True).number == 2


def test_a_later_period_needs_no_times_of_what_answers(world: World) -> None:
    Holdout.objects.filter(pk=world.fresh.pk).update(
        kind="temporal", period_start=dt.date(2026, 2, 1)
    )
    world.fresh.refresh_from_db()

    assert plan(world, unaudited=True).number == 2


def plan(world: World, **changed: Any) -> Round:
    times = {"opens_at": NOW, "closes_at": NOW + DAY}
    given: dict[str, Any] = {**times, "window_limit": 10, "total_limit": 10, **changed}
    return rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh],
        mechanism="exact",
        parameters={},
        window_seconds=3600,
        concurrent_limit=1,
        max_teams=3,
        actor="olivia",
        now=NOW,
        **given,
    )


@pytest.mark.parametrize(
    ("times", "field", "reason"),
    [
        (
            {"opens_at": NOW - 61 * MINUTE},
            "opens_at",
            "would open in the past, at 2026-03-01 10:59: it is 2026-03-01 12:00 now",
        ),
        (
            {"opens_at": NOW - 2 * DAY, "closes_at": NOW - DAY},
            "closes_at",
            "would close in the past, at 2026-02-28 12:00: it is 2026-03-01 12:00 now",
        ),
        ({"opens_at": NOW - MINUTE, "closes_at": NOW}, "closes_at", "would close in the past"),
        ({"opens_at": NOW + DAY}, "closes_at", "must close after it opens"),
        ({"closes_at": NOW + 365_251 * DAY}, "closes_at", "in more than a thousand years"),
    ],
)
def test_times_in_the_past_are_refused_with_their_field(
    world: World, times: dict[str, dt.datetime], field: str, reason: str
) -> None:
    n_entries = JournalEntry.objects.count()

    with pytest.raises(PlanError, match=reason) as refused:
        plan(world, **times)

    assert refused.value.data == {"field": field}
    assert (Round.objects.count(), JournalEntry.objects.count()) == (1, n_entries)


def test_a_form_that_says_now_may_be_filled_in_slowly(world: World) -> None:
    assert plan(world, opens_at=NOW - 60 * MINUTE).number == 2


def test_times_are_told_in_utc(world: World) -> None:
    local = dt.timezone(dt.timedelta(hours=-5))

    with pytest.raises(PlanError, match="at 2026-02-28 12:00: it is 2026-03-01 12:00 now"):
        plan(world, opens_at=(NOW - DAY).astimezone(local))


@pytest.mark.parametrize(
    ("limits", "field", "reason"),
    [
        (
            {"total_limit": 1_000_001},
            "total_limit",
            "at most 1,000,000 queries in a round, more than anybody asks: 1,000,001 is too many",
        ),
        ({"total_limit": 10**9}, "total_limit", "1,000,000,000 is too many"),
        (
            {"total_limit": 3, "window_limit": 4},
            "window_limit",
            "a team has 3 in the round, so give at most 3 here",
        ),
    ],
)
def test_limits_that_cannot_be_counted_or_used_are_refused_with_their_field(
    world: World, limits: dict[str, int], field: str, reason: str
) -> None:
    """A preview of 10^9 queries took minutes, and a window above the total went through unseen."""
    with pytest.raises(PlanError, match=reason) as refused:
        plan(world, **limits)

    assert refused.value.data == {"field": field}
    assert Round.objects.count() == 1


@pytest.mark.parametrize("limit", [1, 1_000_000])
def test_limits_at_their_edge_are_planned(world: World, limit: int) -> None:
    assert plan(world, total_limit=limit, window_limit=limit).total_limit == limit
