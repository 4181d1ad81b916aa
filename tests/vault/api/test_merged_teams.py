"""What teams and strangers read after two teams were merged."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, file_number, problem, scored
from tests.vault.factories import World, acting_as, make_keys
from vault.models import Submission
from vault.teams import merging

pytestmark = pytest.mark.usefixtures("db", "api_site")

BOARD = "benchmarks/weather/leaderboard/"
POST = "benchmarks/weather/submissions/"
ANYONE = Caller()


@pytest.fixture
def world(tmp_path: Any, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.TOKEN_CACHE_SECONDS = 0
    make_keys(directory=tmp_path, settings=settings)
    world = a_world(window_limit=4, total_limit=4)
    for name in ("a", "b"):
        world.team(name)
    return world


def merge(world: World) -> None:
    with acting_as("researcher"):
        merging.merge(
            absorbed=world.teams["b"],
            kept=world.teams["a"],
            reason="one person",
            actor="ada",
            now=timezone.now(),
        )


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ANYONE.get(BOARD).json()["rows"]
    return found


def test_its_token_is_401_from_then_on_for_every_request(world: World) -> None:
    old = Caller(world.teams["b"])
    assert old.get("benchmarks/weather/budget/").status_code == 200

    merge(world)

    for answer in (
        old.get("benchmarks/weather/budget/"),
        old.get(POST),
        old.get("tokens/"),
        old.post(POST, file_number(1)),
    ):
        assert problem(answer) == (401, "invalid_token")


def test_one_budget_and_one_row(world: World) -> None:
    bot = Caller(world.teams["a"])
    scored(world, world.teams["a"], 1, value=0.6)
    scored(world, world.teams["b"], 2, value=0.7)
    scored(world, world.teams["b"], 3, value=0.65)
    assert [row["absorbed"] for row in rows()] == [[], []]

    merge(world)

    (row,) = rows()
    assert (row["team"], row["rank"], row["released"], row["attempts"]) == (
        *("weather-a", 1, 0.7, 3),
    )
    assert row["absorbed"] == ["weather-b"]
    left = bot.get("benchmarks/weather/budget/").json()
    assert (left["total"]["used"], left["total"]["limit"]) == (3, 4)
    assert bot.post(POST, file_number(4)).status_code == 202
    refused = bot.post(POST, file_number(5))
    assert problem(refused) == (429, "budget_total_exhausted")
    assert "r=-" not in refused["RateLimit"]


def test_limits_are_never_told_below_nothing(world: World) -> None:
    bot = Caller(world.teams["a"])
    for number in range(1, 4):
        scored(world, world.teams["a"], number)
        scored(world, world.teams["b"], number + 10)
    merge(world)

    answer = bot.get("benchmarks/weather/budget/")

    assert answer.json()["total"]["used"] == 6
    assert "r=-" not in answer["RateLimit"]
    assert problem(bot.post(POST, file_number(5))) == (429, "budget_total_exhausted")


def test_it_reads_nothing_of_the_absorbed_teams_files(world: World) -> None:
    """Invariant 9: they count, and no token reads them."""
    own = scored(world, world.teams["a"], 1)
    theirs = scored(world, world.teams["b"], 2)
    merge(world)
    bot = Caller(world.teams["a"])

    listed = [each["id"] for each in bot.get(POST).json()["results"]]

    assert listed == [str(own.pk)]
    for path in (f"submissions/{theirs.pk}/", f"submissions/{theirs.pk}/file/"):
        assert bot.get(path).status_code == 404
    assert bot.post(f"submissions/{theirs.pk}/withdraw/").status_code == 404
    assert Submission.objects.get(pk=theirs.pk).status == "SCORED"


def test_idempotency_keys_are_not_taken_over(world: World) -> None:
    """The same key of both teams stands for two requests, before and after; a repeat is charged once."""
    key = {"Idempotency-Key": "nightly"}
    theirs = Caller(world.teams["b"]).post(POST, file_number(1), headers=key)
    merge(world)
    bot = Caller(world.teams["a"])

    first = bot.post(POST, file_number(2), headers=key)
    again = bot.post(POST, file_number(2), headers=key)

    assert (theirs.status_code, first.status_code, again.status_code) == (202, 202, 202)
    assert again["Idempotency-Replayed"] == "true"
    assert first["Location"] == again["Location"] != theirs["Location"]
    assert bot.get("benchmarks/weather/budget/").json()["total"]["used"] == 2


def test_the_board_as_csv_names_them_in_one_cell(world: World) -> None:
    scored(world, world.teams["a"], 1)
    scored(world, world.teams["b"], 2)
    before = list(csv.DictReader(io.StringIO(ANYONE.get(BOARD + "?format=csv").content.decode())))
    merge(world)

    (row,) = csv.DictReader(io.StringIO(ANYONE.get(BOARD + "?format=csv").content.decode()))

    assert [each["absorbed"] for each in before] == ["", ""]
    assert row["absorbed"] == '["weather-b"]'
