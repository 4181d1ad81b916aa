"""`run.py` starts on a machine that has nothing: its pure parts, and what it may lean on."""

import ast
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import run
from config.settings import BASE_DIR
from service import commands

SOURCE = (BASE_DIR / "run.py").read_text()


def test_run_imports_the_standard_library_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])

    assert imported
    assert imported <= set(sys.stdlib_module_names)


def test_old_python_can_read_the_file_and_be_told() -> None:
    ast.parse(SOURCE, feature_version=(3, 8))


def test_commands_are_those_of_the_environment() -> None:
    # `stats` runs where `service` cannot be imported.
    assert set(run.COMMANDS) == {*commands.COMMANDS, "stats"}
    assert set(run.LOCKS) <= set(run.COMMANDS)


@pytest.mark.parametrize(
    ("variables", "of_root", "of_others"),
    [
        ({}, "/var/lib/holdout-vault", str(Path.home() / ".local/share/holdout-vault")),
        ({"XDG_DATA_HOME": "/srv/data"}, "/var/lib/holdout-vault", "/srv/data/holdout-vault"),
        ({"HOLDOUT_VAULT_HOME": "/srv/vault"}, "/srv/vault", "/srv/vault"),
    ],
)
def test_state_directory_suits_the_user(
    variables: dict[str, str], of_root: str, of_others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOLDOUT_VAULT_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    for user_id, expected in ((0, of_root), (1000, of_others)):
        monkeypatch.setattr(os, "geteuid", lambda number=user_id: number)
        assert run.state_directory() == Path(expected)


def test_relative_state_directory_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDOUT_VAULT_HOME", "state")

    assert run.state_directory() == Path.cwd() / "state"


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Below the system's own temporary directory: pytest's is closed to others."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def test_path_below_a_closed_directory_is_not_open_to_others(open_directory: Path) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)

    assert run.open_to_others(open_directory / "python")
    assert not run.open_to_others(closed / "python")


def test_link_counts_by_where_it_leads(open_directory: Path) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").touch()
    (open_directory / "python").symlink_to(closed / "python")

    assert not run.open_to_others(open_directory / "python")


def test_failing_command_is_reported_with_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(sys.executable, "-c", "pass")
    assert not run.run(sys.executable, "-c", "print('why'); raise SystemExit(3)")

    assert "why" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-stats.lock",
        "requirements-uv.lock",
    ],
)
def test_lock_file_pins_every_package_by_hash_and_names_no_address(name: str) -> None:
    text = (BASE_DIR / name).read_text()
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]

    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index-url" not in text


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The demo without a service; what was done to its play at the end."""
    ended: list[str] = []
    play = SimpleNamespace(kill=lambda: ended.append("kill"), wait=lambda: ended.append("wait"))
    service = SimpleNamespace(home=tmp_path, url="http://api", admin_url="http://admin")
    monkeypatch.setattr(commands, "running", lambda **given: nullcontext(service))
    monkeypatch.setattr(commands, "_play", lambda service, **given: play)
    monkeypatch.setattr(commands, "watch", lambda service, process: 0)
    monkeypatch.setattr(commands, "stay_up", lambda service: None)
    monkeypatch.setattr(commands, "own", lambda path, account: None)
    monkeypatch.setattr(commands, "secret_text", lambda secret: "a-password")
    monkeypatch.setattr(commands, "organizer_password", lambda home: None)
    return ended


@pytest.mark.parametrize(("arguments", "n_told"), [(["--exit"], 1), ([], 2)])
def test_demo_says_at_its_start_what_it_does_and_where_it_can_be_watched(
    arguments: list[str], n_told: int, no_service: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And again below its table, if the service stays up."""
    assert commands.demo([*arguments, "--seed", "7"]) == 0

    printed = capsys.readouterr().out
    assert printed.index("The demo (seed 7)") < printed.index("http://admin/admin/")
    assert printed.count("a-password") == n_told


def test_demo_that_is_interrupted_ends_its_play(
    no_service: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(service: Any, process: Any) -> int:
        raise commands.Stopped

    monkeypatch.setattr(commands, "watch", interrupted)

    with pytest.raises(commands.Stopped):
        commands.demo([])
    assert no_service == ["kill", "wait"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["-q"], ["-x", "-k", "budget"], ["-m", "calibration"], ["tests/vault", "-q"], ["-n", "1"]],
)
def test_arguments_of_tests_are_added_to_all_cores(arguments: list[str]) -> None:
    """`run.py test -q` once ran on one core: what was given stood in the place of `-n auto`."""
    assert commands.pytest_arguments(arguments) == [*commands.ALL_CORES, *arguments]


@pytest.mark.parametrize(
    "arguments",
    [
        ["tests/vault/queue/test_sweeping.py", "-q"],
        ["-q", "tests/service/test_run.py::test_old_python_can_read_the_file_and_be_told"],
        ["-q", "-p", "no:xdist"],
        ["-m", "live"],
    ],
)
def test_named_files_live_plays_and_no_xdist_run_in_one_process(arguments: list[str]) -> None:
    assert commands.pytest_arguments(arguments) == arguments


@pytest.mark.parametrize("given", [["-n", "2"], ["-n2"], ["--numprocesses=2"]])
def test_number_of_processes_that_is_given_has_its_way(given: list[str]) -> None:
    """The later one wins; a service's tests stay together all the same."""
    arguments = ["tests/vault/queue/test_sweeping.py", *given]

    assert commands.pytest_arguments(arguments) == [*commands.ALL_CORES, *arguments]


def test_checks_run_side_by_side_and_are_told_of_in_turn(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The first ends only after the last has begun."""
    begun = str(tmp_path / "begun")
    waits = "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)\nprint('waited')"
    begins = "pathlib.Path(sys.argv[1]).touch(); print('on stderr', file=sys.stderr)"
    python = [sys.executable, "-S", "-c"]
    checks = {
        "first": [*python, f"import pathlib, sys, time\n{waits}", begun],
        "bad": [*python, "raise SystemExit(2)"],
        "last": [*python, f"import pathlib, sys\n{begins}", begun],
    }

    found = list(commands.outcomes(checks, {}))

    assert found == [("first", True), ("bad", False), ("last", True)]
    assert capsys.readouterr().out == ("check: first\nwaited\ncheck: bad\ncheck: last\non stderr\n")
