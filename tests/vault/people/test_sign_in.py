"""Guessers wait, longer each time; what they do never reaches a browser that its owner signed in from."""

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from tests.vault.factories import NOW
from vault.models import SignInFailures
from vault.people import sign_in

NONE = dt.timedelta(0)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _person(db: None) -> None:
    User.objects.create_user("ada")


def attempt(
    now: dt.datetime = NOW,
    *,
    username: str = "ada",
    network: str = "192.0.2.1",
    device: str | None = None,
) -> dt.timedelta:
    return sign_in.reserve(username=username, network=network, device=device, now=now)


def test_waits_double_up_to_the_longest() -> None:
    now, waits = NOW, []
    for _ in range(sign_in.FREE):
        assert attempt(now) == NONE
    for _ in range(9):
        wait = attempt(now)
        assert attempt(now + wait - SECOND) == SECOND
        now += wait
        assert attempt(now) == NONE
        waits.append(int(wait.total_seconds()))

    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]


def test_refused_attempts_make_no_wait_longer() -> None:
    """Or whoever knocks without end would keep everybody out for good."""
    for _ in range(sign_in.FREE):
        attempt()
    for _ in range(100):
        assert attempt() == sign_in.FIRST_WAIT

    assert attempt(NOW + sign_in.FIRST_WAIT) == NONE


def test_guesses_at_one_name_are_bounded_whatever_addresses_they_come_from() -> None:
    """In a day of one guess a minute: the allowance together, and four an hour."""
    taken, now = 0, NOW
    while now < NOW + dt.timedelta(hours=24):
        for number in range(3):
            taken += attempt(now, network=f"198.51.100.{taken % 250}.{number}") == NONE
        now += dt.timedelta(minutes=3)

    assert taken < sign_in.FREE_TOGETHER + 24 * 4 + 10


def test_device_has_its_own_allowance() -> None:
    for number in range(sign_in.FREE_TOGETHER + 5):
        attempt(network=f"192.0.2.{number}")

    assert attempt(network="203.0.113.1") > NONE
    assert attempt(device="d") == NONE


def test_success_begins_anew_where_it_came_from() -> None:
    for _ in range(sign_in.FREE):
        attempt()
        attempt(network="192.0.2.2")
    sign_in.succeeded(username="ada", network="192.0.2.1", device=None)

    assert attempt() == NONE
    assert attempt(network="192.0.2.2") > NONE


def test_failures_are_forgotten_after_a_day() -> None:
    for _ in range(sign_in.FREE):
        attempt()
    attempt(username="nobody")

    later = NOW + sign_in.FORGOTTEN_AFTER
    assert attempt(later) == NONE
    assert SignInFailures.objects.filter(last_at__lt=later).count() == 0


def test_names_that_nobody_has_fill_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "_INVENTED", 3)
    for number in range(30):
        attempt(username=f"invented-{number}", now=NOW + number * dt.timedelta(minutes=20))

    assert SignInFailures.objects.values("name").distinct().count() <= 3


def test_pass_lasts_an_hour_and_is_kept_as_a_digest() -> None:
    plain = sign_in.make_pass(username="ada", now=NOW)
    asked: dict[str, Any] = {"username": "ada", "plain": plain}

    assert sign_in.device_of_pass(**asked, now=NOW + sign_in.PASS_LASTS - SECOND)
    assert sign_in.device_of_pass(**asked, now=NOW + sign_in.PASS_LASTS) is None
    assert sign_in.device_of_pass(username="ben", plain=plain, now=NOW) is None
    assert plain not in str(list(SignInFailures.objects.values_list("place")))


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_are_counted_one_by_one() -> None:
    def once(_: int) -> bool:
        try:
            return attempt() == NONE
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        taken = sum(threads.map(once, range(24)))

    assert taken == sign_in.FREE


def run(username: str) -> str:
    written = io.StringIO()
    call_command("unlock_sign_in", "--username", username, stdout=written)
    return written.getvalue()


def test_command_forgets_failures_and_makes_a_pass() -> None:
    for _ in range(sign_in.FREE):
        attempt()

    said = run("ada")

    assert "ada: 5 failed sign-ins are forgotten" in said
    assert attempt() == NONE
    plain = said.strip().rpartition("=")[2]
    now = SignInFailures.objects.get(place__startswith="device ").last_at
    assert sign_in.device_of_pass(username="ada", plain=plain, now=now)


def test_command_says_whom_it_knows() -> None:
    with pytest.raises(CommandError, match="there are: ada"):
        run("ben")
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="deactivated"):
        run("ada")
