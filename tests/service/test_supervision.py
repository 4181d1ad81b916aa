"""What the launcher does about processes that die."""

import sys
import time
from pathlib import Path

import pytest

from service import leftovers, snapshot
from service import processes as service_module
from service import programs as module
from service.home import EmbeddedServerError
from service.processes import Service
from service.programs import Program


def a_program(tmp_path: Path, name: str, script: str) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-c", script],
        environment={},
        log=tmp_path / f"{name}.log",
    )


def watched(tmp_path: Path, script: str) -> tuple[Service, Program]:
    program = a_program(tmp_path, "worker", script)
    return Service(home=tmp_path, code=tmp_path, programs=[program]), program


def supervise_for(service: Service, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        service.supervise()
        time.sleep(0.01)


def test_program_that_is_killed_is_started_again(tmp_path: Path) -> None:
    service, program = watched(tmp_path, "import time; time.sleep(60)")
    said: list[str] = []
    service.say = said.append
    program.start(cwd=tmp_path)
    first = program.process
    assert first is not None
    try:
        first.kill()
        first.wait()
        supervise_for(service, module.RESTART_SECONDS + 0.2)

        assert program.process is not first
        assert not program.is_dead()
        assert said == [f"worker ended (killed by signal 9), was started again; see {program.log}"]
        assert "worker ended (killed by signal 9) and is run again" in program.log.read_text()
    finally:
        service.stop()
    assert program.is_dead()


def test_program_that_cannot_start_ends_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    service, program = watched(tmp_path, "print('started', flush=True); raise SystemExit(1)")
    program.start(cwd=tmp_path)

    with pytest.raises(EmbeddedServerError, match=r"worker keeps ending; see .*worker\.log"):
        supervise_for(service, 30)

    assert program.log.read_text().count("started") == module.MAX_FAILED_STARTS


def test_nothing_of_a_program_is_left_behind(tmp_path: Path) -> None:
    """A child that does not notice that its parent has ended."""
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]).wait()"
    service, program = watched(tmp_path, script)
    program.start(cwd=tmp_path)
    while not (said := program.log.read_text().split()):
        time.sleep(0.05)

    service.stop()

    status = Path("/proc") / said[0] / "status"
    deadline = time.monotonic() + 10
    while status.exists() and "zombie" not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_failed_starts_of_long_ago_are_forgiven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRM_SECONDS", 0.0)
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    service, program = watched(tmp_path, "print('started', flush=True)")
    program.start(cwd=tmp_path)

    while program.log.read_text().count("started") <= module.MAX_FAILED_STARTS:
        supervise_for(service, 0.1)

    assert program.n_failed_starts == 0
    service.stop()


def test_database_that_is_killed_is_started_again_and_first(tmp_path: Path) -> None:
    service, program = watched(tmp_path, "import time; time.sleep(60)")
    database = a_program(tmp_path, "PostgreSQL", "import time; time.sleep(60)")
    service.database = database
    said: list[str] = []
    service.say = said.append
    for each in (database, program):
        each.start(cwd=tmp_path)
    try:
        for each in (program, database):
            assert each.process is not None
            each.process.kill()
            each.process.wait()
        supervise_for(service, module.RESTART_SECONDS + 0.2)

        assert not database.is_dead()
        assert [each.split()[0] for each in said] == ["PostgreSQL", "worker"]
    finally:
        service.stop()
        database.end()


def test_database_that_cannot_start_ends_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    service, _ = watched(tmp_path, "")
    service.database = a_program(tmp_path, "PostgreSQL", "raise SystemExit(1)")
    service.database.start(cwd=tmp_path)

    with pytest.raises(EmbeddedServerError, match="PostgreSQL keeps ending"):
        supervise_for(service, 30)


def test_children_of_a_killed_leader_end_before_it_is_started_again(tmp_path: Path) -> None:
    """A web worker that lost its parent would share the port with the new ones."""
    script = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
    service, program = watched(tmp_path, script)
    program.start(cwd=tmp_path)
    try:
        while len(said := program.log.read_text().split()) < 2:
            time.sleep(0.05)
        assert program.process is not None
        (child,) = (int(each) for each in said if int(each) != program.process.pid)
        program.process.kill()
        while not program.is_dead():
            time.sleep(0.05)

        deadline = time.monotonic() + 10
        while (seen := leftovers.look(child)) is not None and seen.is_alive:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        service.stop()


def test_update_of_the_code_is_said_once_and_reaches_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "vault").mkdir(parents=True)
    (project / "vault" / "said.py").write_text("print('old')")
    monkeypatch.setattr(service_module, "PROJECT", project)
    monkeypatch.setattr(service_module, "UPDATE_SECONDS", 0.0)
    service, program = watched(tmp_path, "import runpy; runpy.run_module('vault.said')")
    service.code = snapshot.take(home=tmp_path, project=project)
    program.environment["PYTHONPATH"] = str(service.code)
    said: list[str] = []
    service.say = lambda text: said.append(text) if "the code in" in text else None
    supervise_for(service, 0.1)
    assert said == []

    (project / "vault" / "said.py").write_text("print('new')")
    program.start(cwd=service.code)
    while "old" not in program.log.read_text():
        time.sleep(0.05)
    supervise_for(service, 0.1)

    assert len(said) == 1
    assert "stop the service and start it again" in said[0]
    assert "new" not in program.log.read_text()
    service.stop()
