"""Retry-After: soon while scores come soon, later while the queue is slow, and never in a loop."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.vault.api.stage import a_world, handed_in
from vault.api import pace
from vault.api.pace import Pace

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def paced(typical: float) -> Pace:
    given = Pace(clock=lambda: 0.0)
    given._typical, given._asked_at = typical, 0.0
    return given


@pytest.mark.parametrize(
    ("typical", "age", "expected"),
    [
        (0.0, 0.0, 1),  # nothing is known, and nothing has been waited for
        (0.2, 0.0, 1),
        (8.3, 0.0, 9),
        (8.3, 6.0, 3),
        (8.3, 20.0, 10),  # the queue has grown: half of the age
        (500.0, 0.0, pace.LATEST),
        (0.0, 900.0, pace.LATEST),
        (8.3, -5.0, 14),  # a clock that runs behind
    ],
)
def test_wait_follows_what_scores_took(typical: float, age: float, expected: int) -> None:
    submitted_at = NOW - dt.timedelta(seconds=age)

    assert paced(typical).retry_after(submitted_at=submitted_at, now=NOW) == expected


def test_typical_is_the_median_of_the_last_scores() -> None:
    world, now = a_world(), timezone.now()
    team = world.team("bots")
    for number, (seconds, status) in enumerate(
        [(2, "SCORED"), (4, "SCORED"), (40, "FAILED"), (0, "CANCELLED"), (900, "SCORED")], start=1
    ):
        ago = dt.timedelta(hours=1 if seconds == 900 else 0)
        handed_in(
            world,
            team,
            number,
            status=status,
            submitted_at=now - ago - dt.timedelta(seconds=seconds),
            finished_at=now - ago,
        )

    assert Pace().typical_seconds(now=now) == 4


def test_database_is_asked_once_a_second(django_assert_num_queries: object) -> None:
    clock = [10.0]
    given = Pace(clock=lambda: clock[0])

    with django_assert_num_queries(2):  # type: ignore[operator]
        for step in range(20):
            clock[0] = 10.0 + step / 10
            given.typical_seconds(now=NOW)
