"""How many statements a file costs PostgreSQL on its way in, and that its answer says what is so."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.vault.api.stage import Caller, a_world, file_number, scored
from tests.vault.factories import World
from vault.models import Team

POST = "benchmarks/weather/submissions/"
# The benchmark; the round with its panel and whether the team is admitted; the transaction's two ends, the
# round's lock, the account with the round's status, the latest file and the same one, what is used, the
# file's lock, the row and its ledger line.
N_STATEMENTS = 11


def test_a_post_reads_everything_once(world: World, bot: Caller) -> None:
    bot.post(POST, file_number(1))  # the token is remembered, and the queue's pace known

    with CaptureQueriesContext(connection) as queries:
        assert bot.post(POST, file_number(2)).status_code == 202

    asked = _asked(queries)
    # In a test that is one transaction, savepoints stand for the transaction's two ends.
    assert len(asked) == N_STATEMENTS, "\n".join(asked)


def test_a_post_that_fills_its_window_asks_when_the_next_is_free() -> None:
    bot = Caller(a_world("few", window_limit=2, total_limit=3).team("ours"))
    bot.post("benchmarks/few/submissions/", file_number(1))

    with CaptureQueriesContext(connection) as queries:
        assert bot.post("benchmarks/few/submissions/", file_number(2)).status_code == 202

    assert len(_asked(queries)) == N_STATEMENTS + 1, "\n".join(_asked(queries))


def _asked(queries: CaptureQueriesContext) -> list[str]:
    roles = ("SET ROLE", "RESET ROLE")  # of the test
    return [each["sql"] for each in queries if not each["sql"].startswith(roles)]


def test_the_page_says_so() -> None:
    page = (settings.BASE_DIR / "docs" / "performance.md").read_text()
    said = re.findall(r"^\| POST of a new file \| \d+ \| (\d+) \|$", page, flags=re.MULTILINE)
    assert said == [str(N_STATEMENTS)]


def test_the_first_poll_can_be_a_304(world: World, bot: Caller) -> None:
    received = bot.post(POST, file_number(1))

    path = received["Location"].removeprefix("/api/v1/")
    assert bot.get(path)["ETag"] == received["ETag"]
    assert bot.get(path).json() == received.json()
    assert bot.get(path, **{"If-None-Match": received["ETag"]}).status_code == 304


def test_a_repeat_has_the_etag_of_its_present_state(world: World, bot: Caller, team: Team) -> None:
    submission = scored(world, team, 3)

    again = bot.post(POST, file_number(3))

    assert again.status_code == 200
    assert again["ETag"] == bot.get(f"submissions/{submission.pk}/")["ETag"]


def test_a_replayed_answer_has_no_etag(world: World, bot: Caller) -> None:
    """Its body is of an earlier state than the one that an ETag would name."""
    key = {"Idempotency-Key": "once"}
    bot.post(POST, file_number(1), headers=key)

    again = bot.post(POST, file_number(1), headers=key)

    assert again["Idempotency-Replayed"] == "true"
    assert "ETag" not in again


@pytest.mark.parametrize("limits", [{"window_limit": 1}, {"window_limit": 2, "total_limit": 3}])
def test_what_is_left_is_what_the_budget_says(limits: dict[str, Any]) -> None:
    """Of a new file it is counted under the lock, and said as if it had been asked for afterwards."""
    bot = Caller(a_world("few", **limits).team("ours"))

    for number in range(limits["window_limit"]):
        received = bot.post("benchmarks/few/submissions/", file_number(number))
        assert received.status_code == 202
        asked = bot.get("benchmarks/few/budget/")
        assert received["RateLimit-Policy"] == asked["RateLimit-Policy"]
        # The seconds until the next slot may have gone on by one.
        seconds = [
            each["RateLimit"].partition(";t=")[2].partition(",")[0] for each in (received, asked)
        ]
        assert bool(seconds[0]) == bool(seconds[1])
        without = [
            each["RateLimit"].replace(f";t={t}", "")
            for each, t in zip((received, asked), seconds, strict=True)
        ]
        assert without[0] == without[1]
