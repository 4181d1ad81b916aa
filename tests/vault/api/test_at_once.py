"""Two requests at once: one submission, one charge, and the same answer to both."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.vault.api.stage import Caller, a_world, file_number
from vault.models import BudgetEntry, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]

POST = "benchmarks/weather/submissions/"


def all_at_once(n: int, act: Any) -> list[Any]:
    start = threading.Barrier(n)

    def run(number: int) -> Any:
        start.wait(10)
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, range(n)))


def test_same_file_at_once_is_one_submission() -> None:
    bot = Caller(a_world(concurrent_limit=1, total_limit=1).team("ours"))

    responses = all_at_once(6, lambda _: bot.post(POST, file_number(1)))

    assert sorted(each.status_code for each in responses) == [200] * 5 + [202]
    assert len({each.json()["id"] for each in responses}) == 1
    assert len({each["Location"] for each in responses}) == 1
    assert Submission.objects.count() == BudgetEntry.objects.count() == 1


def test_different_files_at_once_share_the_budget() -> None:
    """Invariant 1, through the API: exactly what is left is given."""
    bot = Caller(a_world(total_limit=3).team("ours"))

    responses = all_at_once(6, lambda number: bot.post(POST, file_number(number)))

    assert sorted(each.status_code for each in responses) == [202] * 3 + [429] * 3
    assert Submission.objects.count() == BudgetEntry.objects.count() == 3


def test_cancelling_at_once_gives_back_once() -> None:
    bot = Caller(a_world().team("ours"))
    address = bot.post(POST, file_number(1))["Location"]

    responses = all_at_once(4, lambda _: bot.ask("DELETE", address))

    assert sorted(each.status_code for each in responses) == [200, 409, 409, 409]
    assert BudgetEntry.objects.filter(kind="REFUND").count() == 1


def test_same_file_of_two_teams_at_once_is_two_submissions() -> None:
    world = a_world()
    bots = [Caller(world.team(name)) for name in ("ours", "theirs")]

    responses = all_at_once(2, lambda number: bots[number].post(POST, file_number(1)))

    assert [each.status_code for each in responses] == [202, 202]
    assert Submission.objects.values("sha256").distinct().count() == 1
    assert Submission.objects.count() == 2
