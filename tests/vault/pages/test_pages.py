"""The pages of a benchmark, as anybody may read them."""

import csv
import datetime as dt
import re
import xml.etree.ElementTree as ET
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.page_files import DIRECTORIES
from tests.vault.api.stage import CSV, Caller, a_world, problem, scored
from tests.vault.factories import World
from vault.models import Benchmark, LabelVersion, Round, Team
from vault.pages import badges, boards

PAGES = ("", "board/", "submit/", "badge.svg")
HOSTILE = "<script>alert(1)</script>&\"'{{ 7 }}"
ANYONE = Caller()


def get(path: str, method: str = "GET", caller: Caller = ANYONE, **headers: str) -> Any:
    return caller.ask(method, f"/benchmarks/weather/{path}", headers=headers)


def words(response: Any) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", response.content.decode())).split())


@pytest.mark.parametrize("path", PAGES)
def test_anybody_reads_them_and_no_script_runs(world: World, path: str) -> None:
    scored(world, world.team("ours"), value=0.75)
    response = get(path)

    assert response.status_code == 200
    assert response["Content-Type"].startswith("image/svg+xml" if "." in path else "text/html")
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert "script" not in policy
    page = response.content.decode()
    assert "<script" not in page
    assert not re.search(r"\s(style|on\w+)=", page)
    # Nothing comes from elsewhere, and what comes from here is there.
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        prefix, name = address[1:].rsplit("/", 1)
        assert (DIRECTORIES[f"{prefix}/"] / name).is_file()
    assert not re.findall(r'src="(?!/)', page)
    assert (response["Vary"], response["Cache-Control"]) == ("Authorization", "no-cache")
    assert get(path, "HEAD").status_code == 200
    assert get(path, **{"If-None-Match": response["ETag"]}).status_code == 304
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert problem(get(path, method)) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", PAGES)
def test_a_private_benchmark_is_found_by_its_teams_alone(world: World, path: str) -> None:
    Benchmark.objects.update(visibility=Benchmark.Visibility.PRIVATE)
    ours, other = Caller(world.team("ours")), Caller(Team.objects.create(name="outsider"))

    assert problem(get(path)) == problem(get(path, caller=other)) == (404, "not_found")
    assert get(path, caller=ours).status_code == 200


def test_a_round_that_has_not_opened_has_no_board() -> None:
    a_world(is_open=False)

    assert [get(path).status_code for path in PAGES] == [200, 404, 200, 404]
    assert "No round is open" in words(get("submit/"))
    for path in ("", "submit/"):
        assert "/benchmarks/weather/board/" not in get(path).content.decode()


def test_the_board_is_a_link_of_each_page(world: World) -> None:
    for path in ("", "board/", "submit/"):
        assert "/benchmarks/weather/board/" in get(path).content.decode().partition("</header>")[0]


def test_what_people_wrote_is_text(world: World) -> None:
    team = world.team("ours")
    Team.objects.filter(pk=team.pk).update(name=HOSTILE, title=HOSTILE)
    Benchmark.objects.update(
        title=HOSTILE, description=HOSTILE, rules=HOSTILE, data_url="javascript:alert(1)"
    )
    scored(world, team, value=0.75)

    for path in ("", "board/", "submit/"):
        page = get(path)
        assert b"<script" not in page.content
        assert b'href="javascript' not in page.content
        assert HOSTILE in words(page)
    badge = ANYONE.ask(
        "GET", "/benchmarks/weather/badge.svg", QUERY_STRING="team=" + "%3Cscript%3E"
    )
    assert badge.status_code == 404
    assert "/benchmarks/weather/?" not in badge.content.decode()


@pytest.mark.parametrize(
    "name", ["Übermut & <b>", "a/b?c#d", "チーム 🐙", "]]>", "\x00", "a\x08b", '"x"']
)
def test_a_badge_is_an_image_whatever_the_name(world: World, name: str) -> None:
    team = world.team("ours")
    if "\x00" not in name:
        Team.objects.filter(pk=team.pk).update(name=name)
    scored(world, team, value=0.75)

    badge = ANYONE.ask("GET", "/benchmarks/weather/badge.svg", QUERY_STRING=f"team={quote(name)}")

    if "\x00" in name:
        assert badge.status_code == 404
        return
    drawn = ET.fromstring(badge.content)  # noqa: S314
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["weather round 1", "provisional · 1 attempt"]
    assert "rank" not in badge.content.decode()


@pytest.mark.parametrize(
    ("row", "is_published", "said", "colour"),
    [
        ({"verdict": "CONFIRMED"}, True, "CONFIRMED · 3 attempts", badges.VERMILLION),
        ({"verdict": "NO_EVIDENCE"}, True, "NO_EVIDENCE · 3 attempts", badges.BLUE),
        ({"verdict": "CONFIRMED"}, False, "provisional · 3 attempts", badges.QUIET),
        (
            {"verdict": "SHIFT", "is_unranked": True, "has_fresh": True, "fresh": ".71"},
            True,
            "SHIFT · unranked · .71 on new labels · 3 attempts",
            badges.BLUE,
        ),
        ({"verdict": "", "is_reference": True}, True, "reference · 3 attempts", badges.BLUE),
        (
            {
                **{"verdict": "CONFIRMED", "file_named": "best_scored", "is_late": True},
                **{"has_fresh": True, "fresh": ".73"},
            },
            True,
            "CONFIRMED (best-scored file) · handed in late · .73 on new labels · 3 attempts",
            badges.VERMILLION,
        ),
    ],
)
def test_a_badge_says_status_score_and_attempts(
    row: dict[str, Any], is_published: bool, said: str, colour: str
) -> None:
    plain = {
        **{"is_reference": False, "is_unranked": False, "has_fresh": False, "attempts": 3},
        **{"is_late": False, "file_named": None},
    }

    assert badges._of_team({**plain, **row}, is_published=is_published) == (said, colour)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["CONFIRMED", "WITHIN_LUCK"], "audited · 1 of 2 tested teams CONFIRMED · 4 attempts"),
        (["NO_EVIDENCE", "INVALID"], "audited · 0 of 1 tested team CONFIRMED · 4 attempts"),
        (["SHIFT", "NOT_TESTED"], "the gate fired · 2 teams · 4 attempts"),
        (["NOT_TESTED", None], "nobody tested · 2 teams · 4 attempts"),
    ],
)
def test_a_rounds_badge_counts_those_of_whom_something_could_be_found(
    verdicts: list[str | None], said: str
) -> None:
    reference = {"is_reference": True, "attempts": 9, "verdict": None}
    rows = [{"is_reference": False, "attempts": 2, "verdict": each} for each in verdicts]

    assert badges._of_round([*rows, reference], is_published=True)[0] == said
    assert badges._of_round(rows, is_published=False)[0] == "provisional · 2 teams · 4 attempts"


def quote(name: str) -> str:
    return "".join(f"%{byte:02x}" for byte in name.encode())


def test_the_board_has_the_rows_and_figures_of_the_api(world: World) -> None:
    """In its order, with the reference as a line where its score puts it."""
    teams: dict[str, list[float | None]] = {
        "b": [0.5, 0.75],
        "a": [0.75],
        "c": [None],
        "d": [0.25],
    }
    for name, values in teams.items():
        team = world.team(name)
        for number, value in enumerate(values):
            outcome = "scored" if value else "blind"
            scored(world, team, number, value=value, outcome=outcome)

    page = get("board/").content.decode()

    board = ANYONE.get("benchmarks/weather/leaderboard/").json()
    lines = list(
        csv.DictReader(
            ANYONE.get("benchmarks/weather/leaderboard/", Accept=CSV).content.decode().splitlines()
        )
    )
    places = [page.index(f">{row['team']}<") for row in board["rows"]]
    assert places == sorted(places)
    assert [line["team"] for line in lines] == [row["team"] for row in board["rows"]]
    told = [
        " ".join(re.sub("<[^>]+>", " ", row).split())
        for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)[1:]
    ]
    assert told == [
        "weather-a 1 .75 1",
        "weather-b 1 .75 2",
        "weather-d 3 .25 1",
        "weather-c – no value yet 1",
    ]
    assert "Provisional until fresh." in page


def test_references_are_lines_through_the_ranking() -> None:
    def row(team: str, rank: int | None, released: float | None, *, line: bool = False) -> Any:
        return {"team": team, "rank": rank, "released": released, "is_reference": line}

    listed = [
        *(row("a", 1, 0.9), row("b", 2, 0.7), row("c", 3, 0.5), row("none", None, None)),
        *(row("low", None, 0.1, line=True), row("mid", None, 0.7, line=True)),
        row("blind", None, None, line=True),
    ]
    board = {"is_published": False}

    higher = boards._with_lines(listed, board=board, metric="accuracy")
    lower = boards._with_lines(
        [{**each, "released": each["released"] and -each["released"]} for each in listed],
        board=board,
        metric="log_loss",
    )

    assert [each["team"] for each in higher] == ["a", "mid", "b", "c", "low", "none", "blind"]
    assert [each["team"] for each in lower] == [each["team"] for each in higher]


def test_the_board_asks_the_database_as_often_for_many_teams(world: World) -> None:
    counted = []
    for n in (2, 12):
        for number in range(n):
            scored(world, world.team(f"{n}-{number}"), number, value=number / 20)
        with CaptureQueriesContext(connection) as queries:
            assert get("board/").status_code == 200
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_a_benchmark_says_its_rules_and_limits(world: World) -> None:
    Benchmark.objects.update(
        prediction_form="probability",
        primary_metric="log_loss",
        secondary_metrics=["accuracy"],
        decision_threshold=0.3,
        data_url="https://data.example/",
        rules="One file.\nNo more.",
        cost_matrix=[[0, 1], [5, 0]],
    )
    page = get("")

    said = words(page)
    for each in (
        *("One file. No more.", "lower is better", "a probability above 0.3 as class 1"),
        *("no probability below 0.01", "Also scored accuracy", "columns id , probability"),
        *("60 items", "5", "auditable rounds left"),
    ):
        assert each in said, each
    assert b'href="https://data.example/"' in page.content
    assert world.query.commitment in said
    assert "version 1" not in said


def test_a_benchmark_says_what_a_model_keeps_to_and_how_good_labels_are(world: World) -> None:
    Benchmark.objects.update(constraints={"latency_p95_ms": 50.0}, label_noise=0.05)

    said = words(get(""))

    assert "self-reported, at most: 50.0" in said
    assert "is labelled otherwise in 5 %" in said


def test_a_correction_shows_every_commitment_and_which_one_counts(world: World) -> None:
    """A stranger compares a disclosed file with the newest, and with none that was replaced."""
    newest = "ab" * 32
    LabelVersion.objects.create(
        holdout=world.query,
        number=2,
        n_labelled=60,
        arrived_at=world.now,
        reason="two stations were mixed up",
        commitment=newest,
    )

    said = words(get(""))

    assert said.index(world.query.commitment) < said.index(newest)
    assert ": two stations were mixed up" in said
    assert "the newest version is what counts from then on, and what a disclosure shows" in said


def test_the_newest_round_stands_first_and_links_what_is_there(world: World) -> None:
    first = world.round
    later = Round.objects.get(pk=first.pk)
    later.pk, later.number, later.status, later.opened_at = None, 2, "PLANNED", None
    Round.objects.filter(pk=first.pk).update(status="CLOSED", closed_at=first.opened_at)
    later.save()

    page = get("").content.decode()

    assert [int(each) for each in re.findall(r'<th scope="row">(\d+)<', page)] == [2, 1]
    assert re.findall(r"/board/\?round=(\d+)", page) == ["1"]
    assert "/audit/" not in page


def test_how_to_hand_in_names_this_place(world: World, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    page = words(get("submit/"))

    assert "export HV=https://testserver/api/v1 " in page
    assert "HOLDOUT_URL=https://testserver " in page
    assert "${{ secrets.HOLDOUT_TOKEN }}" in page
    assert "/benchmarks/weather/submissions/" in page


def test_a_round_that_waits_or_has_ended_asks_for_no_files(world: World) -> None:
    now = timezone.now()
    day = dt.timedelta(days=1)
    Round.objects.update(opens_at=now + 3 * day, closes_at=now + 30 * day)
    assert "Round 1: teams hand in from" in words(get("submit/"))
    assert "is open until" not in words(get("submit/"))
    assert "Teams hand in from" in words(get("board/"))

    Round.objects.update(opens_at=now - 3 * day, closes_at=now - day)
    assert "it takes no files any more" in words(get("submit/"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((-1, ""), (1, "less than a day left"), (86_400, "1 day left")),
        *((99 * 86_400, "99 days left"), (100 * 86_400, "")),
    ],
)
def test_the_end_is_near_or_a_date(world: World, seconds: int, said: str) -> None:
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    round = Round(status="OPEN", closes_at=now + dt.timedelta(seconds=seconds))
    assert boards.ends_in(round, now=now) == said
    round.status = "CLOSED"
    assert boards.ends_in(round, now=now) == ""
