"""What a start finds of an earlier one: it ends its own, and nothing else."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service import leftovers
from service.processes import locked
from service.programs import Program

# Leads a group with a child that shares its command line and does not notice its end, as a web worker.
LEADER = "import os, time; os.fork(); time.sleep(600)"


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Program]:
    """A program with a child, written down as `locked` finds it."""
    (tmp_path / "processes").mkdir()
    program = Program(
        name="web",
        command=[sys.executable, "-c", LEADER],
        environment={leftovers.MARK: "marked"},
        log=tmp_path / "web.log",
        record=tmp_path / "processes" / "web.json",
    )
    program.start(cwd=tmp_path)
    wait_until(lambda: len(group_of(program)) == 2)
    yield program
    program.end()


def pid_of(program: Program) -> int:
    assert program.process is not None
    return program.process.pid


def group_of(program: Program) -> list[int]:
    """The processes of its group that are alive."""
    found = (leftovers.look(int(path.name)) for path in leftovers.PROC.glob("[0-9]*"))
    return [
        each.pid
        for each in found
        if each is not None and each.is_alive and each.group == pid_of(program)
    ]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def orphan(program: Program) -> None:
    """Kill the leader alone, and take note of its death as a machine's first process does."""
    os.kill(pid_of(program), signal.SIGKILL)
    os.waitpid(pid_of(program), 0)
    assert len(group_of(program)) == 1


def ended(home: Path) -> list[str]:
    said: list[str] = []
    with locked(home, say=said.append):
        return said


def test_orphans_of_an_earlier_run_are_ended(leader: Program, tmp_path: Path) -> None:
    orphan(leader)

    said = ended(tmp_path)

    assert said == ["web of an earlier run was still there, and was ended"]
    assert group_of(leader) == []
    assert ended(tmp_path) == []


def test_leader_of_an_earlier_run_is_ended_with_its_group(leader: Program, tmp_path: Path) -> None:
    assert len(ended(tmp_path)) == 1
    assert group_of(leader) == []


def test_environment_that_is_closed_is_replaced_by_the_command(
    leader: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root without its powers, of the web's account: in a container."""
    read_bytes = Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name == "environ":
            raise PermissionError
        return read_bytes(path)

    orphan(leader)
    monkeypatch.setattr(Path, "read_bytes", read)

    assert len(ended(tmp_path)) == 1
    assert group_of(leader) == []


@pytest.mark.parametrize(
    "change",
    [
        {"began": 1},  # the number was given anew
        {"boot": "another"},
    ],
)
def test_number_that_was_given_anew_is_left_alone(
    leader: Program, tmp_path: Path, change: dict[str, object]
) -> None:
    assert leader.record is not None
    written = json.loads(leader.record.read_text())
    leader.record.write_text(json.dumps(written | change))

    assert ended(tmp_path) == []
    assert len(group_of(leader)) == 2


def test_group_without_its_leader_and_without_our_mark_is_left_alone(
    leader: Program, tmp_path: Path
) -> None:
    assert leader.record is not None
    written = json.loads(leader.record.read_text())
    leader.record.write_text(json.dumps(written | {"mark": "another"}))
    orphan(leader)

    assert ended(tmp_path) == []
    (left,) = group_of(leader)
    os.kill(left, signal.SIGKILL)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": 1}'])
def test_what_cannot_be_read_ends_nothing(tmp_path: Path, content: str) -> None:
    record = tmp_path / "processes" / "web.json"
    record.parent.mkdir()
    record.write_text(content)

    assert ended(tmp_path) == []
    assert not record.exists()


def test_program_that_ends_well_is_not_written_down(leader: Program, tmp_path: Path) -> None:
    leader.end()

    assert list((tmp_path / "processes").iterdir()) == []


def test_name_of_a_process_may_hold_anything(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "60"])
    try:
        wait_until(lambda: "a) S 1" in (leftovers.PROC / str(process.pid) / "stat").read_text())
        seen = leftovers.look(process.pid)
        assert seen is not None
        assert (seen.group, seen.session) == (os.getpgid(process.pid), os.getsid(process.pid))
    finally:
        process.kill()
        process.wait()
