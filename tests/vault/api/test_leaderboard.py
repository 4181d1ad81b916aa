"""The board over REST, in both forms, before and after publication."""

import csv
from typing import Any

import numpy as np
import pytest

from tests.vault.api.stage import CSV, Caller, a_world, problem, scored
from tests.vault.factories import World
from vault.models import Benchmark, PublishedResult, Round, Team, Unranking

ANYONE = Caller()
BOARD = "benchmarks/weather/leaderboard/"


@pytest.fixture
def world() -> World:
    world = a_world()
    teams: dict[str, list[float | None]] = {"b": [0.5, 0.75], "a": [0.75], "c": [None], "d": []}
    for name, values in teams.items():
        team = world.team(name)
        for number, value in enumerate(values):
            outcome = "scored" if value else "blind"
            scored(world, team, number, value=value, outcome=outcome)
    return world


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ANYONE.get(BOARD).json()["rows"]
    return found


def test_board_of_an_open_round(world: World) -> None:
    response = ANYONE.get(BOARD)

    shown = response.json()
    assert response["Vary"] == "Accept, Authorization"
    assert (shown["round"], shown["status"], shown["is_published"]) == (1, "OPEN", False)
    assert shown["resolution"] == 0
    assert [
        (row["rank"], row["team"], row["released"], row["attempts"]) for row in shown["rows"]
    ] == [
        (1, "weather-a", 0.75, 1),
        (1, "weather-b", 0.75, 2),
        (None, "weather-c", None, 1),
    ]
    assert all(row["fresh"] is None and row["verdict"] is None for row in shown["rows"])


def test_csv_is_the_same_board(world: World) -> None:
    for response in (ANYONE.get(BOARD + "?format=csv"), ANYONE.get(BOARD, Accept=CSV)):
        assert response["Content-Type"] == CSV
        lines = list(csv.DictReader(response.content.decode().splitlines()))
        assert [
            {name: "" if value in (None, []) else str(value) for name, value in row.items()}
            for row in rows()
        ] == lines


def test_errors_that_differ_by_dust_share_a_rank_and_a_figure() -> None:
    """All labels .3: predictions of .4 and of .2 are off by .1 each, however their sums end."""
    world = a_world()
    Benchmark.objects.update(
        task="regression", classes=[], prediction_form="value", primary_metric="mae", loss_cap=1.0
    )
    labels, callers = np.full(20, 0.3), {}
    for name, answer in {"a": 0.4, "b": 0.2, "c": 0.5}.items():
        team = world.team(name)
        made = scored(world, team, value=float(np.abs(labels - answer).mean()))
        callers[name] = Caller(team).get(f"submissions/{made.pk}/").json()

    assert [(row["rank"], row["released"]) for row in rows()] == [(1, 0.1), (1, 0.1), (3, 0.2)]
    lines = csv.DictReader(ANYONE.get(BOARD + "?format=csv").content.decode().splitlines())
    assert [(line["rank"], line["released"]) for line in lines] == [
        *(("1", "0.1"), ("1", "0.1")),
        ("3", "0.2"),
    ]
    assert [each["released"] for each in callers.values()] == [0.1, 0.1, 0.2]
    assert [each["on_display"] for each in callers.values()] == [0.1, 0.1, 0.2]


NAMES = [
    *('Übermut, "quoted"', "<b>команда</b>", "チーム 🐙", "a/b?c#d", "+x", "-x", "@x", "=1+1"),
    *("\uff1d1", "'apostrophe"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_stand_in_both_forms(name: str) -> None:
    world = a_world()
    team = world.team("a")
    Team.objects.filter(pk=team.pk).update(name=name, title=name)
    scored(world, team, value=-0.25)

    (row,) = rows()
    (line,) = csv.DictReader(
        ANYONE.get(BOARD + "?format=csv").content.decode().splitlines(), strict=True
    )

    assert (row["team"], row["title"]) == (name, name)
    guarded = name if name[0] not in "=+-@\uff1d" else f"'{name}"
    assert (line["team"], line["title"]) == (guarded, guarded)
    assert line["released"] == "-0.25"  # a number is no formula


def test_reason_of_an_unranking_is_no_formula(world: World) -> None:
    Unranking.objects.create(
        round=world.round, team=world.teams["a"], reason="=1+1", actor="ada", at=world.now
    )

    row = rows()[-1]
    line = list(csv.DictReader(ANYONE.get(BOARD + "?format=csv").content.decode().splitlines()))[-1]

    assert (row["team"], row["rank"], row["is_unranked"]) == ("weather-a", None, True)
    assert (row["unranked_reason"], line["unranked_reason"]) == ("=1+1", "'=1+1")


@pytest.mark.parametrize(("query", "accept"), [("?format=xml", ""), ("", "text/html")])
def test_other_forms_are_not_offered(world: World, query: str, accept: str) -> None:
    response = ANYONE.get(BOARD + query, Accept=accept)

    assert problem(response) == (406, "not_acceptable")
    assert response.json()["detail"] == "This comes as json or csv"


def test_published_results_wait_for_publication(world: World) -> None:
    """Invariant 5: the rows stand in the table a moment before the round is published."""
    team = world.teams["a"]
    PublishedResult.objects.create(
        round=world.round,
        team=team,
        submission=team.submissions.get(),
        fresh_value=0.6,
        verdict="NO_EVIDENCE",
    )
    Round.objects.update(status="AUDITED")
    assert all(row["fresh"] is None and row["verdict"] is None for row in rows())

    Round.objects.update(status="PUBLISHED")

    assert ANYONE.get(BOARD).json()["is_published"] is True
    assert (rows()[0]["fresh"], rows()[0]["verdict"]) == (0.6, "NO_EVIDENCE")


def test_earlier_rounds_are_kept(world: World) -> None:
    Round.objects.update(status="PUBLISHED")
    later = Round.objects.get()
    later.pk, later.number, later.status = None, 2, "OPEN"
    later.save(force_insert=True)

    assert ANYONE.get(BOARD).json()["round"] == 2
    assert ANYONE.get(BOARD).json()["rows"] == []
    assert len(ANYONE.get(BOARD + "?round=1").json()["rows"]) == 3


@pytest.mark.parametrize("query", ["?round=3", "?round=", "?round=one", "?round=%00"])
def test_round_that_is_not_there(world: World, query: str) -> None:
    assert problem(ANYONE.get(BOARD + query)) == (404, "not_found")


def test_planned_round_has_no_board() -> None:
    a_world("autumn", is_open=False)

    assert problem(ANYONE.get("benchmarks/autumn/leaderboard/")) == (404, "not_found")
