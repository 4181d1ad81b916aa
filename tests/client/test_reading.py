"""The commands that change nothing: what they show to people and to machines."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from holdout.exit_codes import ExitCode
from holdout.shown import Show

from tests.client.command import run
from tests.client.service import (
    LEFT,
    Service,
    a_board,
    a_budget,
    a_submission,
    a_token,
    a_verdict,
    an_audit,
    answer,
    file_answer,
    page,
)

SCORED = a_submission("SCORED")
OLDER_BENCHMARK = {
    "slug": "rain",
    "title": "Rain",
    "primary_metric": "log_loss",
    "greater_is_better": False,
}


@pytest.mark.parametrize(
    ("arguments", "answers", "shown"),
    [
        (("status", "x"), [answer(SCORED)], "0.75"),
        (("list", "-b", "rain"), [page(SCORED)], "SCORED"),
        (("cancel", "x"), [answer(a_submission("CANCELLED"))], "CANCELLED"),
        (("withdraw", "x"), [answer(a_submission("WITHDRAWN"))], "WITHDRAWN"),
        (("final", "x"), [answer(a_submission("SCORED", is_final=True))], "final"),
        (("template", "-b", "rain"), [file_answer(b"id\nitem-1\n")], "item-1"),
        (("tokens",), [page(a_token())], "nightly"),
        (("audit", "-b", "rain"), [page(an_audit())], "2026"),
        (
            ("leaderboard", "-b", "rain", "--csv"),
            [file_answer(b"rank,team\n1,a\n")],
            "1,a",
        ),
        (
            ("leaderboard", "-b", "rain"),
            [answer(a_board())],
            "team-[a]",
        ),
    ],
)
def test_reading(arguments: tuple[str, ...], answers: list[Any], shown: str) -> None:
    given = run(Service(answers=answers), *arguments)

    assert given.exit_code == 0
    assert shown in given.stdout


def test_budget_is_told_in_words() -> None:
    """The service's sentence goes first; the figures behind it follow in ordinary numbers."""
    nats = {"reserved": 1461.2, "used": 7.314, "told": 0.00004}
    left = {**a_budget(), "nats": nats, "proven_error": 0.15109228726688712}

    given = run(Service(answers=[answer(left)]), "budget", "-b", "rain")
    as_json = run(Service(answers=[answer(left)]), "budget", "-b", "rain", as_json=True)

    sentence, *rows = given.stdout.splitlines()
    assert sentence == LEFT
    assert [" ".join(row.split()) for row in rows] == [
        "round 1",
        "in the window 2 of 5 used in 24 hours",
        "in the round 12 of 100 used",
        "waiting 0 of 2",
        "accepted improvements 1 of 5 used",
        "revealed to the team 7.31 of 1,461 nats reserved (what answers tell of the labels at "
        "most; 1 nat is 1.44 bits)",
        "revealed to everybody less than 0.01 nats (by publications and references on boards)",
        "a score is off by at most 0.151092 from the same file's on endlessly many new items, in 95 of 100 "
        "rounds (by your own answers alone, not those of other teams)",
    ]
    assert json.loads(as_json.stdout) == left


def test_a_board_on_which_nobody_is_tested_says_so() -> None:
    board = {**a_board(), "unaudited": True}

    told = run(Service(answers=[answer(board)]), "leaderboard", "-b", "rain").stderr
    untold = run(Service(answers=[answer(a_board())]), "leaderboard", "-b", "rain").stderr

    assert "The round is unaudited: without a fresh holdout nobody is tested." in told
    assert "unaudited" not in untold


def test_grid_is_an_ordinary_number() -> None:
    """Of a regression in small or large units."""
    for step, shown in ((0.00002, "0.00002"), (25_000.0, "25000")):
        board = {**a_board(), "resolution": step}

        given = run(Service(answers=[answer(board)]), "leaderboard", "-b", "rain")

        assert f"resolution {shown}" in given.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit",), "No audit is published yet."),
        (("list",), "Nothing is handed in yet."),
        (("list", "--status", "SCORED"), "No submission has this status or round."),
    ],
)
def test_empty_list_is_said_to_people(arguments: tuple[str, ...], said: str) -> None:
    """A bare header looks like a fault."""
    given = run(Service(answers=[page()]), *arguments, "-b", "rain")
    as_json = run(Service(answers=[page()]), *arguments, "-b", "rain", as_json=True)

    assert (given.stdout, given.stderr.strip()) == ("", said)
    assert json.loads(as_json.stdout) == []


def test_empty_board_is_said_to_people() -> None:
    given = run(Service(answers=[answer({**a_board(), "rows": []})]), "leaderboard", "-b", "rain")

    assert given.stdout == ""
    assert "Nobody is on the board yet." in given.stderr


def test_budget_of_an_older_service_has_no_sentence() -> None:
    older = {name: value for name, value in a_budget().items() if name != "summary"}

    given = run(Service(answers=[answer(older)]), "budget", "-b", "rain")

    assert given.stdout.split()[0] == "round"
    assert re.search(r"next query +never in this round", given.stdout)
    assert "nothing is guaranteed" in given.stdout


def test_audit_shows_verdicts() -> None:
    """The headline counts verdicts; the gate is named for what it is, and luck stands beside an interval."""
    given = run(Service(answers=[answer(an_audit())]), "audit", "3")

    assert "rain, round 1: 1 CONFIRMED, 0 INVALID, 0 without evidence of 1" in given.stderr
    assert "shift gate not tested; fresh figures to the nearest 0.0061" in given.stderr
    assert "a: CONFIRMED: the final." in given.stderr
    row = next(line for line in given.stdout.splitlines() if " a " in line)
    cells = ("1", "1", "a", "0.7000 [0.6700, 0.7300]", "0.0600 [0.0500, 0.0700]", "0.0200", ".002")
    assert " ".join(row.split()) == " ".join((*cells, "CONFIRMED"))


def test_audit_says_that_whole_groups_were_drawn() -> None:
    audit = an_audit()
    audit["document"]["drawn_groups"] = {"sentence": "Whole groups of items were drawn."}

    given = run(Service(answers=[answer(audit)]), "audit", "3")

    assert "Whole groups of items were drawn." in given.stderr


def test_validate_says_that_it_is_valid(file: str) -> None:
    given = run(Service(answers=[answer(a_verdict())]), "validate", file, "-b", "rain")

    assert "1 items of panel version 2" in given.stderr


def test_template_goes_into_a_file(tmp_path: Path) -> None:
    target = tmp_path / "template.csv"
    service = Service(answers=[file_answer(b"id\nitem-1\n"), answer(OLDER_BENCHMARK)])

    given = run(service, "template", "-b", "rain", "-o", str(target))

    assert given.exit_code == 0
    assert target.read_bytes() == b"id\nitem-1\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_template_does_not_overwrite_what_was_filled_in(tmp_path: Path, as_json: bool) -> None:
    target = tmp_path / "predictions.csv"
    target.write_text("id,label\nitem-1,1\n")
    service = Service(answers=[])

    given = run(service, "template", "-b", "rain", "-o", str(target), as_json=as_json)

    assert given.exit_code == ExitCode.USAGE
    assert "predictions.csv is there already: give another name, or --force" in given.output
    assert target.read_text() == "id,label\nitem-1,1\n"


def test_template_overwrites_where_it_is_told_to(tmp_path: Path) -> None:
    target = tmp_path / "predictions.csv"
    target.write_text("id,label\nitem-1,1\n")
    service = Service(answers=[file_answer(b"id\nitem-1\n"), answer(OLDER_BENCHMARK)])

    given = run(service, "template", "-b", "rain", "-o", str(target), "--force")

    assert given.exit_code == 0
    assert target.read_bytes() == b"id\nitem-1\n"


def test_template_keeps_what_came_while_it_was_fetched(tmp_path: Path) -> None:
    target = tmp_path / "predictions.csv"

    def slow(request: httpx.Request) -> httpx.Response:
        target.write_text("mine")
        return httpx.Response(200, content=b"id\n", headers={"Content-Type": "text/csv"})

    given = run(Service(answers=[slow]), "template", "-b", "rain", "-o", str(target))

    assert given.exit_code == ExitCode.USAGE
    assert target.read_text() == "mine"


def test_template_goes_to_a_device_without_a_question() -> None:
    service = Service(answers=[file_answer(b"id\n"), answer(OLDER_BENCHMARK)])

    assert run(service, "template", "-b", "rain", "-o", "/dev/null").exit_code == 0


def test_template_comes_with_the_rules_of_scoring(tmp_path: Path) -> None:
    """A CSV template has no line for a comment; until now nothing told that .999 gains nothing on .99."""
    rules = {
        "task": "binary",
        "prediction_form": "probability",
        "secondary_metrics": ["expected_cost"],
        "decision_threshold": 0.3,
        "probability_clip": 0.01,
        "cost_matrix": [[0, 1], [5, 0]],
    }
    service = Service(answers=[file_answer(b"id\n"), answer(OLDER_BENCHMARK | rules)])

    given = run(service, "template", "-b", "rain", "-o", str(tmp_path / "template.csv"))

    assert "a probability above 0.3 is scored as class 1" in given.stderr
    assert "below 0.01 as 0.01" in given.stderr
    assert "above 0.99 as 0.99" in given.stderr
    assert "[[0, 1], [5, 0]]" in given.stderr


@pytest.mark.parametrize(("used", "shown"), [(0, "now"), (2, "2026-03-02 00:00:01 UTC")])
def test_next_query_is_now_or_later(used: int, shown: str) -> None:
    concurrent = {"limit": 2, "used": used}
    left = {**a_budget(), "next_slot_at": "2026-03-02T00:00:00.25Z", "concurrent": concurrent}
    # As an older service says it.
    del left["summary"]

    given = run(Service(answers=[answer(left)]), "budget", "-b", "rain")

    assert re.search(rf"next query +{shown}", given.stdout)


def test_ids_are_whole_in_a_log() -> None:
    row = a_submission("SCORED", commit="2f6c1d9" * 6, outcome="no_improvement")

    given = run(Service(answers=[page(row)]), "list", "-b", "rain")

    assert row["id"] in given.stdout
    assert row["commit"] in given.stdout


def test_scopes_are_words() -> None:
    given = run(Service(answers=[page(a_token(scopes=["read", "submit"]))]), "tokens")

    assert "read, submit" in given.stdout


def test_name_of_a_team_does_not_steer_the_terminal() -> None:
    given = run(Service(answers=[answer(a_board("a\x1b[2J\ud800b"))]), "leaderboard", "-b", "rain")

    assert "\x1b" not in given.stdout
    assert "a\ufffd[2J\ufffdb" in given.stdout


def test_terminal_that_lacks_a_letter_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))

    Show(as_json=False).table([{"team": "チーム a"}], ["team"])

    sys.stdout.flush()
    assert b"??? a" in written.getvalue()


def test_csv_is_utf_8() -> None:
    content = "rank,team\n1,チーム\n".encode()

    given = run(Service(answers=[file_answer(content)]), "leaderboard", "-b", "rain", "--csv")

    assert given.stdout_bytes == content


def test_open_board_has_no_columns_of_a_published_one() -> None:
    given = run(Service(answers=[answer(a_board())]), "leaderboard", "-b", "rain")

    assert given.stdout.split("\n")[0].split() == ["rank", "team", "released", "attempts"]


def test_name_of_a_team_is_shown_as_it_is() -> None:
    given = run(
        Service(answers=[answer(a_board(":smile: [b]команда"))]), "leaderboard", "-b", "rain"
    )

    assert ":smile: [b]команда" in given.stdout


def test_list_of_commands_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    given = run(Service(), "-h")

    assert "..." not in given.stdout.split("Commands:")[1].split("Exit codes")[0]
