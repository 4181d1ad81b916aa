"""The service runs a copy of the code as it was at the start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service import snapshot


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    for name in ("config", "vault/static", "tests"):
        (made / name).mkdir(parents=True)
    (made / "config" / "started.py").write_text("print('version 1')")
    (made / "vault" / "static" / "page.css").write_text("body {}")
    (made / "tests" / "test_it.py").write_text("")
    (made / "manage.py").write_text("")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def names(directory: Path) -> set[str]:
    found = (each.relative_to(directory) for each in directory.rglob("*") if each.is_file())
    return {str(each) for each in found if "__pycache__" not in each.parts}


def test_copy_has_what_the_service_runs(home: Path, project: Path) -> None:
    code = snapshot.take(home=home, project=project)

    assert names(code) == {"complete", "config/started.py", "vault/static/page.css", "manage.py"}
    assert snapshot.is_current(code, project=project)


def test_copy_is_open_to_other_accounts_and_compiled(home: Path, project: Path) -> None:
    (project / "config" / "started.py").chmod(0o600)
    (project / "config").chmod(0o700)
    before = os.umask(0o077)
    try:
        code = snapshot.take(home=home, project=project)
    finally:
        os.umask(before)

    assert {each.stat().st_mode & 0o777 for each in code.rglob("*") if each.is_dir()} == {0o755}
    (compiled,) = (code / "config").rglob("*.pyc")
    for path in (compiled, code / "config" / "started.py"):
        assert path.stat().st_mode & 0o777 == 0o644


def test_update_reaches_the_next_start_alone(home: Path, project: Path) -> None:
    code = snapshot.take(home=home, project=project)
    (project / "config" / "started.py").write_text("print('version 2')")

    assert not snapshot.is_current(code, project=project)
    assert run(code) == "version 1"
    newer = snapshot.take(home=home, project=project)
    assert run(newer) == "version 2"
    assert [each.name for each in (home / "code").iterdir()] == [newer.name]


def run(code: Path) -> str:
    command = [sys.executable, "-P", "-m", "config.started"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(code)}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_copy_of_the_same_code_is_taken_again(home: Path, project: Path) -> None:
    code = snapshot.take(home=home, project=project)
    made = code.stat().st_ino
    (project / "config" / "__pycache__").mkdir()
    (project / "config" / "__pycache__" / "started.pyc").write_bytes(b"")
    (project / "tests" / "test_it.py").write_text("changed")

    again = snapshot.take(home=home, project=project)

    assert (again, again.stat().st_ino) == (code, made)


def test_copy_that_was_interrupted_is_made_anew(home: Path, project: Path) -> None:
    code = snapshot.take(home=home, project=project)
    (code / "complete").unlink()
    (code / "manage.py").write_text("half of it")

    assert snapshot.take(home=home, project=project) == code
    assert (code / "manage.py").read_text() == ""


def test_copy_of_an_older_version_of_the_launcher_is_removed(home: Path, project: Path) -> None:
    (home / "code" / "config").mkdir(parents=True)

    code = snapshot.take(home=home, project=project)

    assert list((home / "code").iterdir()) == [code]


@pytest.mark.parametrize("act", ["add", "remove", "rename"])
def test_fingerprint_knows_names_and_contents(project: Path, act: str) -> None:
    before = snapshot.fingerprint(project)
    page = project / "vault" / "static" / "page.css"
    if act == "add":
        page.with_name("other.css").touch()
    elif act == "remove":
        page.unlink()
    else:
        page.rename(page.with_name("other.css"))

    assert snapshot.fingerprint(project) != before


def test_project_itself_is_no_copy(project: Path) -> None:
    assert snapshot.is_current(project, project=project)
