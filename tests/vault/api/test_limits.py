"""RateLimit fields: read back by their grammar, they say what the budget says."""

import re
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, csv_of, file_number, problem
from tests.vault.factories import World
from vault.api import throttles
from vault.models import Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

POST = "benchmarks/weather/submissions/"
VALIDATE = "benchmarks/weather/validate/"
ITEM = re.compile(r'"([a-z]+)"((?:;[a-z]+=(?:\d+|"[a-z-]+"))*)')


def fields(value: str) -> dict[str, dict[str, int | str]]:
    """A list of RFC 9651: strings with parameters."""
    read = {}
    for item in value.split(", "):
        match = ITEM.fullmatch(item)
        assert match, item
        pairs = (each.split("=") for each in match[2].split(";")[1:])
        read[match[1]] = {
            name: text.strip('"') if text.startswith('"') else int(text) for name, text in pairs
        }
    return read


@pytest.fixture
def world() -> World:
    world = a_world()
    world.round.window_limit, world.round.total_limit = 2, 5
    world.round.window_seconds, world.round.concurrent_limit = 3600, 2
    world.round.save()
    return world


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def test_submission_and_budget_tell_what_is_left(bot: Caller) -> None:
    submitted = bot.post(POST, file_number(1))
    budget = bot.get("benchmarks/weather/budget/")

    for response in (submitted, budget):
        assert fields(response["RateLimit-Policy"]) == {
            "window": {"q": 2, "w": 3600},
            "total": {"q": 5},
            "concurrent": {"q": 2, "qu": "concurrent-requests"},
        }
        assert fields(response["RateLimit"]) == {
            "window": {"r": 1},
            "total": {"r": 4},
            "concurrent": {"r": 1},
        }


def test_answer_that_is_given_again_tells_what_is_left_now(bot: Caller, team: Team) -> None:
    """And asks nobody to come again for what is over."""
    first = bot.post(POST, file_number(1), headers={"Idempotency-Key": "k"})
    bot.post(POST, file_number(2))
    Submission.objects.filter(team=team).update(status="SCORED", finished_at=timezone.now())

    again = bot.post(POST, file_number(1), headers={"Idempotency-Key": "k"})

    assert again["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert (fields(first["RateLimit"])["window"]["r"], "Retry-After" in first) == (1, True)
    assert (fields(again["RateLimit"])["window"]["r"], "Retry-After" in again) == (0, False)


def test_full_window_says_when_there_is_more(bot: Caller) -> None:
    bot.post(POST, file_number(1))
    last = bot.post(POST, file_number(2))
    refused = bot.post(POST, file_number(3))

    assert problem(refused) == (429, "budget_window_exhausted")
    assert refused.json()["policy"] == "window"
    assert fields(refused["RateLimit-Policy"]) == {"window": {"q": 2, "w": 3600}}
    left = fields(refused["RateLimit"])["window"]
    assert left == {"r": 0, "t": int(refused["Retry-After"])}
    window = fields(last["RateLimit"])["window"]
    assert window["r"] == 0
    assert 3590 <= int(window["t"]) <= 3600


def test_used_up_total_has_no_time(world: World, bot: Caller) -> None:
    world.round.window_limit, world.round.concurrent_limit = 50, 50
    world.round.save()
    for number in range(1, 6):
        bot.post(POST, file_number(number))

    refused = bot.post(POST, file_number(6))

    assert problem(refused) == (429, "budget_total_exhausted")
    assert refused.json()["policy"] == "total"
    assert fields(refused["RateLimit"]) == {"total": {"r": 0}}
    assert "Retry-After" not in refused
    assert "next_slot_at" not in refused.json()


def test_pending_submissions_are_a_limit_of_their_own(world: World, bot: Caller) -> None:
    world.round.window_limit = 50
    world.round.save()
    for number in (1, 2):
        bot.post(POST, file_number(number))

    refused = bot.post(POST, file_number(3))

    assert problem(refused) == (429, "budget_concurrent_exhausted")
    assert refused.json()["policy"] == "concurrent"
    assert fields(refused["RateLimit"]) == {"concurrent": {"r": 0, "t": 2}}


@pytest.fixture
def _few_parses(settings: Any) -> None:
    settings.PARSES_PER_MINUTE = 3
    throttles._flood.cache_clear()


@pytest.mark.usefixtures("_few_parses")
def test_dry_runs_and_rejected_files_are_throttled_together(bot: Caller) -> None:
    bot.post(VALIDATE, file_number(1))
    bot.post(POST, csv_of([7] * 12))
    bot.post(VALIDATE, csv_of([7] * 12))

    for path in (VALIDATE, POST):
        refused = bot.post(path, file_number(1))
        assert problem(refused) == (429, "parse_throttled")
        assert refused.json()["policy"] == "parses"
        assert "not the query budget" in refused.json()["detail"]
        assert fields(refused["RateLimit-Policy"]) == {"parses": {"q": 3, "w": 60}}
        assert fields(refused["RateLimit"])["parses"]["t"] == int(refused["Retry-After"])


@pytest.mark.usefixtures("_few_parses")
def test_good_files_and_other_teams_are_not_throttled(world: World, bot: Caller) -> None:
    world.round.window_limit, world.round.concurrent_limit = 50, 50
    world.round.save()
    for number in range(1, 6):
        assert bot.post(POST, file_number(number)).status_code == 202
    for number in range(3):
        bot.post(VALIDATE, file_number(number))

    assert Caller(world.team("rival")).post(VALIDATE, file_number(1)).status_code == 200
    assert bot.get("benchmarks/weather/budget/").status_code == 200
