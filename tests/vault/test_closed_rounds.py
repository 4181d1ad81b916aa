"""A team that comes when nothing is open reads which round ended, when, and whether another comes."""

import datetime as dt
from typing import Any

import pytest

from tests.vault.factories import NOW, World, make_world
from vault import closed_rounds, submissions
from vault.errors import RoundClosedError
from vault.files import canonical
from vault.models import Round

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("over")


def second(world: World, **changed: Any) -> None:
    """A further round, planned unless it is said otherwise."""
    given = {
        name: getattr(world.round, name)
        for name in ("benchmark", "panel", "query_holdout", "mechanism", "parameters")
    }
    times = {"opens_at": NOW + HOUR, "closes_at": NOW + 9 * HOUR}
    Round.objects.create(number=2, **{**given, **times, "status": "PLANNED", **changed})


def said(world: World) -> tuple[str, str]:
    error = closed_rounds.no_round(benchmark=world.benchmark, now=NOW)
    return error.code, error.message


ENDED = f"round 1 is closed: it ended at {NOW - HOUR:%H:%M} UTC"


@pytest.mark.parametrize(
    "first",
    [
        # No sweeper has come yet.
        {"status": "OPEN"},
        {"status": "CLOSING", "stopped_at": NOW - HOUR},
        # What waited was scored for an hour; nothing was received in it.
        {"status": "CLOSED", "stopped_at": NOW - HOUR, "closed_at": NOW},
        {"status": "PUBLISHED", "stopped_at": NOW - HOUR, "closed_at": NOW - HOUR},
    ],
)
def test_a_round_that_ended_says_when(world: World, first: dict[str, Any]) -> None:
    begun = NOW - 3 * HOUR
    Round.objects.update(opens_at=begun, opened_at=begun, closes_at=NOW - HOUR, **first)

    assert said(world) == ("round_closed", f"{ENDED}; no other is planned")


def test_a_round_that_was_closed_early_says_so(world: World) -> None:
    Round.objects.update(status="CLOSING", closes_at=NOW + HOUR, stopped_at=NOW - HOUR)

    assert said(world) == (
        "round_closed",
        f"round 1 was closed at {NOW - HOUR:%H:%M} UTC by an organizer, earlier than announced; "
        "no other is planned",
    )


@pytest.mark.parametrize(
    ("changed", "comes"),
    [
        ({}, f"round 2 opens at {NOW + HOUR:%H:%M} UTC at the earliest"),
        ({"opens_at": NOW - HOUR}, "round 2 is planned, and is not open yet"),
    ],
)
def test_the_next_round_is_named(world: World, changed: dict[str, Any], comes: str) -> None:
    end = NOW - HOUR
    Round.objects.update(
        status="PUBLISHED",
        opens_at=end - HOUR,
        closes_at=end,
        stopped_at=end,
        closed_at=end,
    )
    second(world, **changed)

    assert said(world) == ("no_open_round", f"{ENDED}; {comes}")


def test_a_round_that_never_opened_says_so(world: World) -> None:
    Round.objects.update(opens_at=NOW - 3 * HOUR, closes_at=NOW - HOUR)

    assert said(world) == (
        "no_open_round",
        f"no round is open: round 1 never opened, and its time ended at {NOW - HOUR:%H:%M} UTC; "
        "no other is planned",
    )


def test_a_reference_whose_round_ended_before_it_opened_is_not_told_that_it_closed(
    world: World,
) -> None:
    """Another round is planned, which the file on its way was not made for."""
    end = NOW - HOUR
    second(world)
    Round.objects.filter(number=1).update(opens_at=NOW - 3 * HOUR, closes_at=end)
    world.round.refresh_from_db()

    with pytest.raises(RoundClosedError) as refused:
        submissions.receive(
            team=world.team("r", is_reference=True),
            round=world.round,
            panel=world.panel,
            predictions=canonical.encode(world.labels),
            provenance=submissions.Provenance(),
            now=NOW,
        )

    assert refused.value.message == (f"round 1 never opened, and its time ended at {end:%H:%M} UTC")
    assert refused.value.data == {"closes_at": end}


def test_times_are_of_the_round_that_is_spoken_of(world: World) -> None:
    """One that was closed early has its own; the latest never opened, and its time ended."""
    end = NOW - HOUR
    early = {"stopped_at": NOW - 2 * HOUR, "closed_at": NOW - 2 * HOUR}
    Round.objects.update(status="PUBLISHED", closes_at=NOW + HOUR, **early)
    second(world, opens_at=NOW - 3 * HOUR, closes_at=end)

    error = closed_rounds.no_round(benchmark=world.benchmark, now=NOW)

    assert "round 2 never opened" in error.message
    assert error.data == {"closes_at": end}


def test_a_benchmark_without_a_round_has_none_planned(world: World) -> None:
    world.benchmark.pk = -1

    assert said(world) == ("no_open_round", "no round is open: none is planned")
