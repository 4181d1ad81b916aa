"""A team's list of its own submissions: filters, pages and their cursors."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.vault.api.stage import Caller, a_world, handed_in, problem, scored
from tests.vault.factories import World
from vault.models import Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

POST = "benchmarks/weather/submissions/"


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def test_list_is_narrowed(world: World, bot: Caller, team: Team) -> None:
    queued, done = handed_in(world, team, 1), scored(world, team, 2)

    def found(query: str) -> list[str]:
        return [each["id"] for each in bot.get(POST + query).json()["results"]]

    assert found("?status=SCORED") == [str(done.pk)]
    assert found(f"?sha256={queued.sha256}") == [str(queued.pk)]
    assert found(f"?sha256={queued.sha256}&status=SCORED") == []
    assert len(found("?round=1")) == 2
    assert found("?round=2") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[(f"round={text}", "round") for text in ("x", "-1", "1" * 30, "%D9%A1", "")],
        *[(f"status={text}", "status") for text in ("NONE", "%00", "scored", "")],
        *[(f"sha256={text}", "sha256") for text in ("%00", "'", "A" * 64, "0" * 63)],
        *[(f"key={text}", "key") for text in ("", "%00", "%C3%A9", "k" * 256)],
        *[(f"page_size={text}", "page_size") for text in ("0", "501", "x", "-1", "")],
        *[(f"cursor={text}", "cursor") for text in ("", "x", "AAAA", "cD0x", "%C3%A9", "bz14")],
    ],
)
def test_filter_that_can_match_nothing_is_an_error(bot: Caller, query: str, field: str) -> None:
    response = bot.get(f"{POST}?{query}")

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == field


def test_list_of_another_benchmark_is_empty(world: World, bot: Caller, team: Team) -> None:
    handed_in(world, team)
    a_world("other")

    assert bot.get("benchmarks/other/submissions/").json()["results"] == []


def test_pages_walk_the_whole_list_once(world: World, bot: Caller, team: Team) -> None:
    """A submission that arrives while the list is walked doubles and hides nothing."""
    made = [handed_in(world, team, number) for number in range(1, 8)]
    expected = [str(each.pk) for each in reversed(made)]

    path, found = f"{POST}?page_size=3", []
    while path:
        listed = bot.get(path).json()
        assert len(listed["results"]) <= 3
        found += [each["id"] for each in listed["results"]]
        if len(found) == 3:
            handed_in(world, team, 8)
        path = (listed["next"] or "").removeprefix("/api/v1/")

    assert found == expected


def test_one_can_walk_back(world: World, bot: Caller, team: Team) -> None:
    for number in range(1, 5):
        handed_in(world, team, number)
    first = bot.get(f"{POST}?page_size=2").json()
    second = bot.get(first["next"].removeprefix("/api/v1/")).json()

    back = bot.get(second["previous"].removeprefix("/api/v1/")).json()

    assert (first["previous"], second["next"]) == (None, None)
    assert back["results"] == first["results"]


def test_a_page_is_two_queries(world: World, bot: Caller, team: Team) -> None:
    for number in range(1, 10):
        scored(world, team, number)
    bot.get("benchmarks/weather/budget/")

    with CaptureQueriesContext(connection) as queries:
        listed = bot.get(POST).json()["results"]

    assert len(listed) == 9
    asked = [each["sql"] for each in queries.captured_queries]
    # One finds the benchmark, one the submissions, and one their answers.
    assert sum("vault_" in sql for sql in asked) == 3
