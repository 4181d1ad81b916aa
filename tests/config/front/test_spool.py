"""A body arrives whole, in time and in its place, or nothing of it is kept."""

import asyncio
import errno
import selectors
import stat
import tempfile
from pathlib import Path
from typing import IO, Any

import pytest

from config.front import spool
from config.front.spool import Pace, Spool
from tests.config.front.messages import GONE, STALL, receiving
from vault.api.problems import ProblemError

PATIENT = Pace(seconds=3600, window_seconds=3600, bytes_per_second=1)
IN_MEMORY = 1000


def received(made: Spool, receive: Any, *, length: int) -> bytes:
    async def act() -> bytes:
        with await made.receive(receive, length=length) as body:
            return body.read()

    return asyncio.run(act())


def refused(made: Spool, receive: Any, *, length: int) -> str:
    """The code of the problem with which a body is refused."""
    with pytest.raises(ProblemError) as caught:
        received(made, receive, length=length)
    return caught.value.code


def a_spool(directory: Path | None, **changes: Any) -> Spool:
    return Spool(**{"directory": directory, "in_memory": IN_MEMORY, "pace": PATIENT, **changes})


@pytest.mark.parametrize("in_memory_only", [True, False])
@pytest.mark.parametrize("size", [1, IN_MEMORY, IN_MEMORY + 1, 50_000])
def test_body_is_read_as_it_was_sent(tmp_path: Path, size: int, in_memory_only: bool) -> None:
    sent = bytes(i % 251 for i in range(size))
    pieces = [sent[i : i + 300] for i in range(0, size, 300)]

    made = a_spool(None if in_memory_only else tmp_path)

    assert received(made, receiving(pieces), length=size) == sent
    assert received(made, receiving([*pieces, b""]), length=size) == sent


def test_large_body_lies_in_a_nameless_file_that_is_closed_to_others(tmp_path: Path) -> None:
    async def act() -> tuple[int, list[Path]]:
        with await a_spool(tmp_path).receive(receiving([b"x" * 5000]), length=5000) as body:
            assert isinstance(body, tempfile.SpooledTemporaryFile)
            mode = Path(f"/proc/self/fd/{body.fileno()}").stat().st_mode
            return stat.S_IMODE(mode), list(tmp_path.iterdir())

    assert asyncio.run(act()) == (0o600, [])


def test_without_a_directory_no_file_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unsealed labels come this way."""
    monkeypatch.setattr(tempfile, "TemporaryFile", None)

    assert len(received(a_spool(None), receiving([b"x" * 50_000]), length=50_000)) == 50_000


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([b"ab", GONE], "incomplete_body"),
        ([GONE], "incomplete_body"),
        ([b"ab"], "incomplete_body"),
        ([b"abcdef"], "incomplete_body"),
        ([b"x" * 4000, GONE], "incomplete_body"),
        ([b"ab", STALL], "upload_too_slow"),
        ([STALL], "upload_too_slow"),
    ],
)
def test_what_is_not_all_of_it_is_not_kept(
    tmp_path: Path, pieces: list[bytes | str], code: str
) -> None:
    hasty = Pace(seconds=3600, window_seconds=0.05, bytes_per_second=1)
    length = 5 if len(pieces[0]) < 100 else 5000

    assert refused(a_spool(tmp_path, pace=hasty), receiving(pieces), length=length) == code
    assert list(tmp_path.iterdir()) == []


class InstantLoop(asyncio.SelectorEventLoop):
    """Time passes at once when nothing else is to be done."""

    def __init__(self) -> None:
        super().__init__(InstantSelector(self))
        self.now = 0.0

    def time(self) -> float:
        return self.now


class InstantSelector(selectors.DefaultSelector):
    def __init__(self, loop: InstantLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        self._loop.now += timeout or 0.0
        return super().select(0)


PACE = Pace(seconds=100, window_seconds=10, bytes_per_second=5)


@pytest.mark.parametrize(
    ("pieces", "is_in_time"),
    [
        ([(9, b"x" * 50), (9, b"x" * 50), (9, b"x" * 400)], True),
        # The window begins when it has had its share, not by the clock.
        ([(9, b"x" * 50), (9, b"x" * 49), (2, b"x" * 401)], False),
        # A quick start buys no rest.
        ([(1, b"x" * 450), (11, b"x" * 50)], False),
        ([(11, b"x" * 500)], False),
        # The deadline of all of it.
        ([(9.5, b"x" * 50)] * 10, True),
        ([(9.5, b"x" * 50)] * 11, False),
    ],
)
def test_rate_is_held_over_each_window(pieces: list[tuple[float, bytes]], is_in_time: bool) -> None:
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        seconds, piece = left.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def act() -> int:
        length = sum(len(piece) for _, piece in pieces)
        with await a_spool(None, pace=PACE).receive(receive, length=length) as body:
            return len(body.read())

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        if is_in_time:
            assert runner.run(act()) == sum(len(piece) for _, piece in pieces)
        else:
            with pytest.raises(ProblemError) as caught:
                runner.run(act())
            assert caught.value.code == "upload_too_slow"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(body: IO[bytes], part: bytes) -> None:
        raise OSError(number, "full")

    monkeypatch.setattr(spool, "_write_through", full)

    code = refused(a_spool(tmp_path), receiving([b"x" * 5000]), length=5000)
    assert code == "storage_full"
    assert list(tmp_path.iterdir()) == []


def test_other_faults_of_the_disk_are_not_dressed_up(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        received(a_spool(tmp_path / "gone"), receiving([b"x" * 5000]), length=5000)
