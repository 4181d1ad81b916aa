"""The command line: exit codes, one JSON document, and a token that is never shown."""

import json
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.testing
from holdout import credentials
from holdout.cli import app
from holdout.credentials import Credentials
from holdout.errors import SettingsError
from holdout.exit_codes import MEANINGS, ExitCode
from holdout.session import Settings
from holdout.shown import Show

from tests.client.command import run
from tests.client.service import (
    TOKEN,
    URL,
    Service,
    a_round,
    a_submission,
    a_token,
    answer,
    file_answer,
    page,
    problem,
)

README = Path(__file__).parents[2] / "client" / "README.md"
SCORED = a_submission("SCORED")


def submitting(*later: Any) -> Service:
    return Service(answers=[page(a_round()), *later])


def test_submitted_and_not_waited_for(file: str) -> None:
    given = run(submitting(answer(a_submission(), 202)), "submit", file, "-b", "rain")

    assert given.exit_code == ExitCode.OK
    assert "QUEUED" in given.stdout


@pytest.mark.parametrize(
    "later",
    [
        [answer(SCORED, 200)],
        [answer(a_submission(), 202, Idempotency_Replayed="true"), answer(SCORED)],
    ],
)
def test_file_that_was_handed_in_before_is_said_beside_the_answer(
    file: str, later: list[Any]
) -> None:
    given = run(submitting(*later), "submit", file, "-b", "rain", as_json=True)

    assert given.stderr == "holdout: handed in before: the same submission, nothing charged\n"
    assert json.loads(given.stdout)["status"] == "SCORED"
    assert given.exit_code == ExitCode.OK


@pytest.mark.parametrize(
    "later",
    [
        # New after one that failed.
        [
            answer(a_submission(), 202, Idempotency_Replayed="true"),
            answer(a_submission("FAILED")),
            answer(a_submission(), 202),
        ],
        # Its answer was lost: what comes again is the answer to this very call.
        [
            httpx.ConnectError("away"),
            answer(a_submission(), 202, Idempotency_Replayed="true"),
            answer(SCORED),
        ],
    ],
)
def test_what_this_call_handed_in_was_not_there_before(file: str, later: list[Any]) -> None:
    given = run(submitting(*later), "submit", file, "-b", "rain")

    assert "handed in before" not in given.stderr
    assert given.exit_code == ExitCode.OK


def test_json_is_one_document_on_standard_output(file: str) -> None:
    service = submitting(answer(a_submission(), 202), answer(SCORED))

    given = run(service, "submit", file, "-b", "rain", "--wait", as_json=True)

    document = json.loads(given.stdout)
    assert (document["status"], document["released"]) == ("SCORED", 0.75)
    assert given.exit_code == 0


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (problem(422, "invalid_file", problems=[]), ExitCode.INVALID_FILE),
        (problem(429, "budget_total_exhausted"), ExitCode.BUDGET_EXHAUSTED),
        (
            problem(429, "budget_window_exhausted", retry_after=9999, next_slot_at="2026-03-02"),
            ExitCode.BUDGET_EXHAUSTED,
        ),
        (problem(401, "invalid_token"), ExitCode.REFUSED),
        (problem(403, "round_closed"), ExitCode.REFUSED),
        (problem(500, "internal_error"), ExitCode.SERVICE_FAILURE),
    ],
)
def test_refusals_have_exit_codes(file: str, refusal: httpx.Response, expected: ExitCode) -> None:
    content = refusal.json()
    given = run(submitting(refusal), "submit", file, "-b", "rain", "--wait")
    as_json = run(submitting(refusal), "submit", file, "-b", "rain", as_json=True)

    assert given.exit_code == as_json.exit_code == expected
    assert content["detail"] in given.stderr
    assert json.loads(as_json.stdout)["error"]["code"] == content["code"]


def test_problems_of_a_file_are_named(file: str) -> None:
    rows = [{"row": 3, "column": "label", "problem": "'x' is no class"}]

    given = run(submitting(problem(422, "invalid_file", problems=rows)), "submit", file, "-b", "r")

    assert "row 3, label: 'x' is no class" in given.stderr


def test_next_slot_is_told(file: str) -> None:
    full = problem(429, "budget_window_exhausted", retry_after=9999, next_slot_at="2026-03-02T00")

    assert "2026-03-02T00" in run(submitting(full), "submit", file, "-b", "rain").stderr


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_submission_that_ends_without_a_score(file: str, status: str) -> None:
    service = submitting(answer(a_submission(), 202), answer(a_submission(status)))

    assert run(service, "submit", file, "-b", "rain", "--wait").exit_code == ExitCode.NOT_SCORED


def test_final_is_declared_once_scored(file: str) -> None:
    service = submitting(
        answer(a_submission(), 202),
        answer(SCORED),
        answer(a_submission("SCORED", is_final=True)),
    )

    given = run(service, "submit", file, "-b", "rain", "--wait", "--final", as_json=True)

    assert service.asked[-1].url.path.endswith("/final/")
    assert json.loads(given.stdout)["is_final"] is True


def test_wait_goes_on_where_it_broke_off(file: str) -> None:
    """Killed while it waits: a new process without an id goes on, and the next has nothing to do."""
    broken = submitting(answer(a_submission(), 202), RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        run(broken, "submit", file, "-b", "rain", "--wait")

    service = Service(answers=[answer(SCORED)])
    assert run(service, "wait").exit_code == ExitCode.OK
    assert SCORED["id"] in str(service.asked[0].url)
    assert run(Service(), "wait").exit_code == ExitCode.USAGE


def test_timeout_keeps_the_wait(file: str) -> None:
    pending = [answer(a_submission(), Retry_After="20") for _ in range(20)]
    service = submitting(answer(a_submission(), 202), *pending)

    given = run(service, "submit", file, "-b", "rain", "--wait", "--timeout", "60")

    assert given.exit_code == ExitCode.TIMEOUT
    assert "`holdout wait` goes on" in given.stderr
    assert run(Service(answers=[answer(SCORED)]), "wait").exit_code == ExitCode.OK


def test_timeout_counts_the_wait_for_a_slot(file: str) -> None:
    full = problem(429, "budget_window_exhausted", retry_after=40)
    pending = [answer(a_submission(), Retry_After="5") for _ in range(20)]
    service = submitting(full, answer(a_submission(), 202), *pending)

    given = run(service, "submit", file, "-b", "rain", "--wait", "--timeout", "60")

    assert given.exit_code == ExitCode.TIMEOUT
    assert service.now - 1000 == pytest.approx(60)


def test_threshold_is_a_number(file: str) -> None:
    given = run(Service(), "submit", file, "-b", "rain", "--wait", "--fail-below", "nan")

    assert given.exit_code == ExitCode.USAGE


def test_pipeline_is_named(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GITHUB_SHA": "abc123",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "team/model",
        "GITHUB_RUN_ID": "17",
    }.items():
        monkeypatch.setenv(name, value)
    service = submitting(answer(a_submission(), 202))

    run(service, "submit", file, "-b", "rain", "--latency-p95-ms", "38")

    assert dict(service.asked[1].url.params) == {
        "commit": "abc123",
        "ci_run_url": "https://github.example/team/model/actions/runs/17",
        "latency_p95_ms": "38.0",
    }


def test_login_keeps_the_token_for_its_owner_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")
    given = run(Service(answers=[page(a_token())]), "login", entered=f"{TOKEN}\n")

    path = tmp_path / "config" / "holdout" / "credentials.json"
    assert given.exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stored = credentials.found({"XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert (stored.url, stored.token) == (URL, TOKEN)
    assert TOKEN not in repr(stored)
    other = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOLDOUT_URL": "https://other.example"}
    assert credentials.found(other).token == ""


def test_bad_token_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = run(Service(answers=[problem(401, "invalid_token")]), "login", entered="hv_x\n")

    assert given.exit_code == ExitCode.REFUSED
    assert not (tmp_path / "config").exists()


def test_token_comes_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hv_y\n")

    found = credentials.found({"HOLDOUT_TOKEN_FILE": str(tmp_path / "token"), "HOME": "/none"})

    assert found == Credentials(url=credentials.DEFAULT_URL, token="hv_y")


def test_damaged_credentials_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")
    path = tmp_path / "config" / "holdout" / "credentials.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")

    given = run(Service(), "status", "x")

    assert given.exit_code == ExitCode.USAGE
    assert "login" in given.stderr


def test_without_a_token_only_what_is_public_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")

    refused = run(Service(), "budget", "-b", "rain")
    public = run(Service(answers=[page()]), "audit", "-b", "rain")

    assert refused.exit_code == ExitCode.USAGE
    assert "HOLDOUT_TOKEN" in refused.stderr
    assert public.exit_code == ExitCode.OK


def test_input_that_is_no_text(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    option = run(submitting(), "submit", file, "-b", "rain", "--commit", "\udcff")
    monkeypatch.delenv("HOLDOUT_TOKEN")
    monkeypatch.setenv("HOLDOUT_TOKEN_FILE", str(tmp_path / "token"))
    (tmp_path / "token").write_bytes(b"hv_\xff")
    settings = Settings(url=None, show=Show(as_json=False), insecure_http=False)

    assert option.exit_code == ExitCode.USAGE
    assert "no text" in option.stderr
    with pytest.raises(SettingsError, match="is no text"):
        settings.credentials()


def test_nothing_entered_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")

    given = run(Service(), "login", entered="\n")

    assert given.exit_code == ExitCode.USAGE
    assert "no token was entered" in given.stderr


def test_timeout_may_be_for_ever(file: str) -> None:
    service = submitting(answer(a_submission(), 202), answer(a_submission()), answer(SCORED))

    given = run(service, "submit", file, "-b", "rain", "--wait", "--timeout", "inf")

    assert given.exit_code == ExitCode.OK


def test_missing_file_is_a_mistake_of_the_caller() -> None:
    given = run(Service(), "submit", "/nowhere/p.csv", "-b", "rain")

    assert given.exit_code == ExitCode.USAGE
    assert "/nowhere/p.csv" in given.stderr


def test_rotated_token_is_kept_and_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOLDOUT_TOKEN")
    stored_in = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    credentials.store(stored_in, Credentials(url=URL, token=TOKEN))
    listed = page(a_token(6, is_current=False), a_token(7))
    service = Service(answers=[listed, answer(a_token(8, token="hv_successor"), 201)])

    given = run(service, "rotate", "--grace", "60")

    assert "hv_successor" not in given.output
    assert "/tokens/7/rotate/" in str(service.asked[1].url)
    assert credentials.found(stored_in).token == "hv_successor"


def test_token_of_the_environment_is_not_rotated() -> None:
    """The pipeline would go on with the old one until it ends."""
    given = run(Service(), "rotate")

    assert given.exit_code == ExitCode.USAGE
    assert "environment" in given.stderr


def test_exit_codes_are_documented_everywhere() -> None:
    assert set(MEANINGS) == set(ExitCode)
    listed = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text(), flags=re.M))
    assert listed == {str(code.value): meaning for code, meaning in MEANINGS.items()}
    helped = typer.testing.CliRunner().invoke(app, ["--help"]).output
    assert all(f"{code.value}  {meaning}" in helped for code, meaning in MEANINGS.items())


def test_settings_of_the_command_line_reach_the_client() -> None:
    opened = []

    class StopError(Exception):
        pass

    def note(**given: Any) -> Any:
        opened.append(given)
        raise StopError

    settings = replace(
        Settings(url="http://elsewhere", show=Show(as_json=False), insecure_http=True),
        open_client=note,
    )
    with pytest.raises(StopError):
        settings.client()
    assert opened == [
        {"url": "http://elsewhere", "token": TOKEN, "insecure_http": True, "patience": 120.0}
    ]


def test_number_that_is_none_is_refused_where_seconds_are_asked_for(file: str) -> None:
    for arguments in (["--patience", "nan", "budget"], ["wait", "x", "--timeout", "nan"]):
        given = run(Service(), *arguments, "-b", "rain")
        assert given.exit_code == ExitCode.USAGE


def test_download_is_the_file_as_it_was_taken(tmp_path: Path) -> None:
    service = Service(answers=[file_answer(b"id,label\n1,0\n")])
    path = tmp_path / "own.csv"

    assert run(service, "download", "x", "-o", str(path)).exit_code == ExitCode.OK
    assert path.read_bytes() == b"id,label\n1,0\n"
    assert service.asked[0].url.path == "/api/v1/submissions/x/file/"
    assert run(Service(), "download", "x", "-o", str(path)).exit_code == ExitCode.USAGE
