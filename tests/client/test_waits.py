"""Waits kept on disk: those of one directory, and no reason to stop where nothing can be kept."""

from pathlib import Path

import pytest
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import Service, a_round, a_submission, answer, page, problem

SCORED = a_submission("SCORED")


def break_off(file: str) -> None:
    """A submission is handed in, and its wait is killed."""
    killed = RuntimeError("killed")
    service = Service(answers=[page(a_round()), answer(a_submission(), 202), killed])
    with pytest.raises(RuntimeError, match="killed"):
        run(service, "submit", file, "-b", "rain", "--wait")


def test_wait_of_another_directory_is_left_alone(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    break_off(file)

    monkeypatch.chdir(tmp_path / "there")
    assert run(Service(), "wait").exit_code == ExitCode.USAGE
    monkeypatch.chdir(tmp_path / "here")
    assert run(Service(answers=[answer(SCORED)]), "wait").exit_code == ExitCode.OK


def test_wait_that_cannot_be_kept_goes_on(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query is charged: a read-only home must not hide its score."""
    (tmp_path / "state").write_text("no directory")
    service = Service(answers=[page(a_round()), answer(a_submission(), 202), answer(SCORED)])

    given = run(service, "submit", file, "-b", "rain", "--wait")

    assert given.exit_code == ExitCode.OK
    assert "SCORED" in given.stdout
    assert f"holdout wait {SCORED['id']}" in given.stderr


def test_submission_that_is_gone_is_not_waited_for_again(file: str) -> None:
    break_off(file)

    gone = run(Service(answers=[problem(404, "not_found")]), "wait")

    assert gone.exit_code == ExitCode.REFUSED
    assert run(Service(), "wait").exit_code == ExitCode.USAGE


def test_name_that_is_none_is_not_waited_for_again() -> None:
    assert run(Service(), "wait", "../x").exit_code == ExitCode.USAGE

    assert "no wait has broken off" in run(Service(), "wait").stderr


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"https://vault.example": 5}'])
def test_damaged_file_holds_no_waits(text: str, tmp_path: Path) -> None:
    path = tmp_path / "state" / "holdout" / "waits.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)

    assert run(Service(), "wait").exit_code == ExitCode.USAGE
    assert run(Service(answers=[answer(SCORED)]), "wait", SCORED["id"]).exit_code == ExitCode.OK
