"""What an earlier run of the same state directory left running, and its end.

A launcher that is killed takes its programs along, but not always what these have started: a web worker
whose parent was killed stays on the port. Each program leads a process group, and when it starts, the number
of the group and the moment at which the program began are written down. By these the next start finds what
is left of it and ends that alone: a number may have been given anew since. Where there is no /proc, nothing
is written.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")
# In the environment of every program: drawn anew for each start of the service.
MARK = "HOLDOUT_VAULT_START"
PATIENCE = 20.0  # seconds from the request to end to the end


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One process as the kernel describes it to everybody."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    ticks: int  # of processor time, with those of its children that have ended and were waited for
    began: int  # ticks since the boot

    @property
    def is_alive(self) -> bool:
        return self.state not in "ZX"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A program that was started: `pid` is its number, and its group's and session's."""

    boot: str
    pid: int
    began: int
    mark: str
    command: list[str]
    end_signal: int


def look(pid: int) -> Seen | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (OSError, ValueError):
        return None
    # The second field is the name in brackets, which may hold anything.
    fields = text[text.rindex(")") + 2 :].split()
    return Seen(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        ticks=sum(map(int, fields[11:15])),
        began=int(fields[19]),
    )


def all_seen() -> Iterator[Seen]:
    """Look at every process of the machine."""
    for path in PROC.glob("[0-9]*"):
        seen = look(int(path.name))
        if seen is not None:
            yield seen


def write(path: Path, *, pid: int, mark: str, command: list[str], end_signal: int) -> None:
    """Write down a program that has just been started."""
    seen, boot = look(pid), _boot()
    if seen is None or not boot:
        return
    record = Record(
        boot=boot, pid=pid, began=seen.began, mark=mark, command=command, end_signal=end_signal
    )
    incoming = path.with_suffix(".new")
    incoming.write_text(json.dumps(asdict(record)))
    incoming.replace(path)


def end_all(directory: Path, *, say: Callable[[str], None]) -> None:
    """End what is left of the programs that are written down in a directory, and forget them."""
    for path in sorted(directory.glob("*.json")):
        record = _read(path)
        if record is not None and record.boot == _boot() and _end(record):
            say(f"{path.stem} of an earlier run was still there, and was ended")
        path.unlink()


def _boot() -> str:
    with suppress(OSError):
        return (PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    return ""


def _read(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _end(record: Record) -> bool:
    """Ask the leader, then insist; tell whether anything was there."""
    if not any(_left(record)):
        return False
    leader = look(record.pid)
    if leader is not None and leader.is_alive:
        _send(leader, signal.Signals(record.end_signal))
        _wait(lambda: not _is_led(record))
    # What has lost its leader would not know how to end well.
    _wait(lambda: not _kill(_left(record)))
    return True


def _kill(processes: Iterable[Seen]) -> bool:
    """Tell whether there were any."""
    found = list(processes)
    for seen in found:
        _send(seen, signal.SIGKILL)
    return bool(found)


def _wait(is_over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_over() and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_led(record: Record) -> bool:
    leader = look(record.pid)
    return leader is not None and leader.began == record.began and leader.is_alive


def _left(record: Record) -> Iterator[Seen]:
    leader = look(record.pid)
    if leader is not None and leader.began != record.began:
        # The number was given anew, which the kernel does when nothing is left of the old group.
        return
    is_led = _is_led(record)
    for seen in all_seen():
        if (
            seen.is_alive
            and seen.group == seen.session == record.pid
            and seen.began >= record.began
            and (is_led or _is_ours(seen, record))
        ):
            yield seen


def _is_ours(seen: Seen, record: Record) -> bool:
    """Know it by the mark in its environment; where that is closed to us, by the command that it shares."""
    directory = PROC / str(seen.pid)
    try:
        try:
            environment = (directory / "environ").read_bytes().split(b"\0")
            return f"{MARK}={record.mark}".encode() in environment
        except PermissionError:
            words = (directory / "cmdline").read_bytes().split(b"\0")[:-1]
            return [os.fsdecode(each) for each in words] == record.command
    except OSError:
        return False


def _send(seen: Seen, number: signal.Signals) -> None:
    """Signal this very process: the handle stays its own when its number is given anew."""
    with suppress(ProcessLookupError, PermissionError):
        handle = os.pidfd_open(seen.pid)
        try:
            now = look(seen.pid)
            if now is not None and now.began == seen.began:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
