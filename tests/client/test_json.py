"""`--json`: wherever it stands, one document on standard output, whatever happens."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.testing
from holdout import credentials
from holdout.cli import COMMANDS, app
from holdout.credentials import Credentials
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import (
    TOKEN,
    URL,
    Service,
    a_board,
    a_budget,
    a_round,
    a_submission,
    a_token,
    a_verdict,
    an_audit,
    answer,
    file_answer,
    page,
    problem,
)
from tests.client.test_heads import a_head, a_key
from tests.client.test_verifying_commitments import ID, a_detail, a_file
from tests.client.test_verifying_draws import BATCH, drawn_answers

SCORED = a_submission("SCORED")
QUEUED = a_submission()
# Of each command: its arguments, what the service answers, and a member of its document.
CALLS: dict[str, tuple[list[str], list[Any], str]] = {
    "login": ([], [page(a_token())], "n_tokens"),
    "submit": (["FILE", "-b", "rain"], [page(a_round()), answer(QUEUED, 202)], "status"),
    "wait": (["x"], [answer(SCORED)], "released"),
    "status": (["x"], [answer(SCORED)], "released"),
    "list": (["-b", "rain"], [page(SCORED)], "released"),
    "rounds": (["-b", "rain"], [page(a_round())], "changes"),
    "cancel": (["x"], [answer(a_submission("CANCELLED"))], "status"),
    "final": (["x"], [answer(SCORED)], "is_final"),
    "withdraw": (["x"], [answer(a_submission("WITHDRAWN"))], "status"),
    "validate": (
        ["FILE", "-b", "rain"],
        [answer(a_verdict())],
        "n_items",
    ),
    "template": (
        ["-b", "rain", "-o", "template.csv"],
        [file_answer(b"id\nitem-1\n")],
        "size",
    ),
    "download": (["x", "-o", "own.csv"], [file_answer(b"id\nitem-1\n")], "size"),
    "budget": (["-b", "rain"], [answer(a_budget())], "total"),
    "leaderboard": (["-b", "rain"], [answer(a_board())], "rows"),
    "audit": (["3"], [answer(an_audit())], "document"),
    "verify-commitment": (
        ["--holdout", ID, "-b", "rain"],
        [file_answer(json.dumps(a_file()).encode(), "application/json"), a_detail()],
        "is_verified",
    ),
    "verify-draw": (
        [BATCH, "-b", "rain"],
        drawn_answers(),
        "is_verified",
    ),
    "verify-head": (["-b", "rain"], [answer(a_head()), page(a_key())], "verified_with"),
    "tokens": ([], [page(a_token())], "label"),
    "rotate": ([], [page(a_token()), answer(a_token(8, token="hv_successor"), 201)], "path"),
}


@pytest.fixture(autouse=True)
def _stored_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `login` leaves it, which is what `rotate` replaces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOLDOUT_TOKEN")
    kept = Credentials(url=URL, token=TOKEN)
    credentials.store({"XDG_CONFIG_HOME": str(tmp_path / "config")}, kept)


def called(command: str, service: Service, file: str) -> Any:
    arguments = [file if each == "FILE" else each for each in CALLS[command][0]]
    return run(service, command, *arguments, "--json", entered=f"{TOKEN}\n")


def test_every_command_is_here() -> None:
    assert CALLS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("arguments", [("--json", "status", "x"), ("status", "x", "--json")])
def test_before_the_command_and_after_it(arguments: tuple[str, ...]) -> None:
    given = run(Service(answers=[answer(SCORED)]), *arguments)

    assert json.loads(given.stdout)["status"] == "SCORED"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_it(command: str) -> None:
    given = typer.testing.CliRunner().invoke(app, [command, "--help"])

    assert "--json " in given.stdout


@pytest.mark.parametrize("command", CALLS)
def test_every_command_writes_one_document(command: str, file: str) -> None:
    _, answers, member = CALLS[command]

    given = called(command, Service(answers=list(answers)), file)

    document = json.loads(given.stdout)
    assert given.exit_code == ExitCode.OK
    assert member in (document[0] if isinstance(document, list) else document)
    assert "hv_successor" not in given.output


@pytest.mark.parametrize("command", CALLS)
def test_every_error_is_one_document(command: str, file: str) -> None:
    refused = called(command, Service(answers=[problem(403, "forbidden", scope="submit")]), file)
    broken = called(command, Service(answers=[httpx.Response(200, content=b"<html>")] * 2), file)

    error = json.loads(refused.stdout)["error"]
    assert (error["code"], error["detail"], error["scope"]) == (
        "forbidden",
        "said forbidden",
        "submit",
    )
    assert refused.exit_code == ExitCode.REFUSED
    assert "said forbidden" in refused.stderr
    assert json.loads(broken.stdout)["error"]["code"] == "malformed_answer"
    assert broken.exit_code == ExitCode.SERVICE_FAILURE


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json"],
        ["--json", "nothing"],
        ["--json", "--nothing"],
        ["submit", "--json"],
        ["wait", "--timeout", "soon", "--json"],
        ["submit", "/nowhere/p.csv", "-b", "rain", "--json"],
        ["audit", "--json"],
        ["template", "-b", "rain", "--json"],
        ["leaderboard", "-b", "rain", "--csv", "--json"],
    ],
)
def test_wrong_command_line_is_one_document(arguments: list[str]) -> None:
    given = run(Service(), *arguments)

    error = json.loads(given.stdout)["error"]
    assert given.exit_code == ExitCode.USAGE
    assert error["code"] == "usage"
    assert error["detail"] in given.stderr


def test_wrong_command_line_is_prose_for_people() -> None:
    given = run(Service(), "submit")

    assert (given.exit_code, given.stdout) == (ExitCode.USAGE, "")
    assert "Missing" in given.stderr


@pytest.mark.parametrize("flag", [["--json"], []])
def test_interrupted_from_the_keyboard(file: str, flag: list[str]) -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    service = Service(answers=[page(a_round()), answer(QUEUED, 202), interrupt])

    given = run(service, "submit", file, "-b", "rain", "--wait", *flag)

    assert given.exit_code == ExitCode.INTERRUPTED
    assert f"submission {QUEUED['id']} is QUEUED" in given.stderr
    if flag:
        told = json.loads(given.stdout)
        assert (told["error"]["code"], told["submission"]["id"]) == ("interrupted", QUEUED["id"])
    else:
        assert given.stdout == ""


def test_timeout_names_the_submission(file: str) -> None:
    """It is charged: a pipeline must be able to go on with it."""
    pending = [answer(QUEUED, Retry_After="20") for _ in range(5)]
    service = Service(answers=[page(a_round()), answer(QUEUED, 202), *pending])

    given = run(service, "submit", file, "-b", "rain", "--wait", "--timeout", "30", "--json")

    document = json.loads(given.stdout)
    assert given.exit_code == ExitCode.TIMEOUT
    assert document["error"]["code"] == "timeout"
    assert document["submission"]["id"] == QUEUED["id"]
    assert f"{QUEUED['id']} is QUEUED" in given.stderr


def test_score_that_cannot_be_judged_is_still_told(file: str) -> None:
    failed = problem(500, "internal_error")
    service = Service(answers=[page(a_round()), answer(QUEUED, 202), answer(SCORED), failed])

    given = run(service, "submit", file, "-b", "rain", "--fail-below", "0.1", "--json")

    document = json.loads(given.stdout)
    assert given.exit_code == ExitCode.SERVICE_FAILURE
    assert document["error"]["code"] == "internal_error"
    assert document["submission"]["released"] == 0.75
    assert "is SCORED, released 0.75" in given.stderr


def test_score_below_the_threshold_is_its_submission(file: str) -> None:
    better = answer({"slug": "r", "title": "R", "primary_metric": "a", "greater_is_better": True})
    service = Service(answers=[answer(SCORED), better])

    given = run(service, "wait", "x", "--fail-below", "0.9", "--json")

    assert json.loads(given.stdout)["released"] == 0.75
    assert given.exit_code == ExitCode.BELOW_THRESHOLD


def test_text_of_any_alphabet_is_written_anywhere() -> None:
    service = Service(answers=[answer(a_board("Grüße \ud800"))])

    given = run(service, "leaderboard", "-b", "rain", "--json")

    assert given.stdout.isascii()
    assert json.loads(given.stdout)["rows"][0]["team"] == "Grüße \ud800"
