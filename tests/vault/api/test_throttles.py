"""The flood throttle: exact counts against a clock that the test holds, and what it says over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.vault.api.stage import Caller, a_world, problem
from vault.api import throttles
from vault.api.throttles import Flood

PUBLIC = "benchmarks/"
OWN = "benchmarks/weather/budget/"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Three requests a minute for anybody, five for a token, counted anew."""
    settings.ANONYMOUS_REQUESTS_PER_MINUTE = 3
    settings.TOKEN_REQUESTS_PER_MINUTE = 5
    throttles._flood.cache_clear()
    monkeypatch.setattr(throttles, "MAX_CALLERS", 20_000)


def test_a_minutes_requests_fit_and_not_one_more(clock: Clock) -> None:
    flood = Flood(per_minute=60, clock=clock)

    assert [flood.wait("a") for _ in range(60)] == [0.0] * 60
    assert flood.wait("a") == pytest.approx(1.0)


def test_who_waits_as_long_as_was_said_is_served(clock: Clock) -> None:
    flood = Flood(per_minute=60, clock=clock)
    for _ in range(60):
        flood.wait("a")
    wait = flood.wait("a")

    clock.now += 0.4 * wait
    assert flood.wait("a") > 0
    clock.now += 0.6 * wait
    assert flood.wait("a") == 0


def test_being_refused_costs_nothing(clock: Clock) -> None:
    flood = Flood(per_minute=60, clock=clock)
    for _ in range(1000):
        flood.wait("a")

    assert flood.wait("a") == pytest.approx(1.0)


@pytest.mark.parametrize("per_minute", [1, 3, 600, 60_000])
def test_never_more_than_twice_the_rate_in_any_minute(clock: Clock, per_minute: int) -> None:
    """A full bucket, and what leaks while it is emptied; over an hour, the rate itself."""
    flood = Flood(per_minute=per_minute, clock=clock)
    step, served = 60 / per_minute / 3, []
    for _ in range(min(12 * per_minute, 20_000)):
        if flood.wait("a") == 0:
            served.append(clock.now)
        clock.now += step

    inside = max(sum(1 for at in served if start <= at < start + 60) for start in served[:50])
    assert inside <= 2 * per_minute + 1
    minutes = (clock.now - 1000) / 60
    assert len(served) <= per_minute * (minutes + 1) + 1


def test_callers_do_not_wait_for_each_other(clock: Clock) -> None:
    flood = Flood(per_minute=1, clock=clock)

    assert [flood.wait(caller) for caller in "abc"] == [0, 0, 0]


def test_threads_together_get_exactly_the_limit(clock: Clock) -> None:
    flood, start = Flood(per_minute=100, clock=clock), threading.Barrier(8)

    def ask(_: int) -> int:
        start.wait(10)
        return sum(flood.wait("a") == 0 for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 100


def test_memory_is_bounded_whoever_asks(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "MAX_CALLERS", 100)
    flood = Flood(per_minute=2, clock=clock)

    for number in range(1000):
        flood.wait(f"caller {number}")
        assert len(flood._empty_at) <= 101


def test_who_waits_for_nothing_is_forgotten_first(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "MAX_CALLERS", 100)
    flood = Flood(per_minute=1, clock=clock)
    for number in range(90):
        flood.wait(f"early {number}")
    clock.now += 60
    flood.wait("late")
    for number in range(20):
        flood.wait(f"new {number}")

    assert flood.wait("late") > 0


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),  # one customer's network
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("nonsense", "other nonsense", False),
    ],
)
def test_addresses_of_one_customer_are_one(first: str, second: str, are_one: bool) -> None:
    assert (throttles.network(first) == throttles.network(second)) is are_one


@pytest.mark.usefixtures("_few")
def test_stranger_is_told_when_to_come_back() -> None:
    stranger = Caller()
    assert [stranger.get(PUBLIC).status_code for _ in range(3)] == [200] * 3

    response = stranger.get(PUBLIC)

    shown = response.json()
    assert problem(response) == (429, "throttled")
    assert 1 <= int(response["Retry-After"]) == shown["retry_after"] <= 20
    assert (shown["limit"], shown["window_seconds"]) == (3, 60)
    assert "query budget" in shown["detail"]


@pytest.mark.usefixtures("_few")
def test_guessing_tokens_is_counted() -> None:
    stranger = Caller()
    answers = [
        problem(stranger.get(OWN, Authorization=f"Bearer hv_{number}")) for number in range(4)
    ]

    assert answers == [(401, "invalid_token")] * 3 + [(429, "throttled")]


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PURGE"])
def test_addresses_without_a_route_are_counted(method: str) -> None:
    stranger = Caller()
    answers = [
        problem(stranger.ask(method, f"/nowhere/{number}", headers={"Accept": "text/html"}))
        for number in range(4)
    ]

    assert answers == [(404, "not_found")] * 3 + [(429, "throttled")]


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}])
def test_asking_without_a_token_for_what_needs_one_is_counted(header: dict[str, str]) -> None:
    stranger = Caller()
    answers = [stranger.get(OWN, **header).status_code for _ in range(4)]

    assert answers == [401] * 3 + [429]


@pytest.mark.usefixtures("_few")
def test_each_token_has_its_own_count_and_strangers_do_not_use_it_up() -> None:
    world = a_world()
    first, second = Caller(world.team("first")), Caller(world.team("second"))
    for _ in range(9):
        Caller().get(PUBLIC)

    assert [first.get(OWN).status_code for _ in range(6)] == [200] * 5 + [429]
    assert second.get(OWN).status_code == 200


@pytest.mark.usefixtures("_few")
def test_probes_are_never_throttled() -> None:
    stranger = Caller()

    for path in ("/healthz", "/readyz"):
        assert [stranger.ask("GET", path).status_code for _ in range(20)] == [200] * 20


@pytest.mark.usefixtures("_few")
def test_forged_address_is_not_believed(settings: Any) -> None:
    """Without a proxy, X-Forwarded-For is only what the caller says."""
    answers = [
        Caller().get(PUBLIC, **{"X-Forwarded-For": f"192.0.2.{i}"}).status_code for i in range(4)
    ]

    assert answers == [200, 200, 200, 429]
