"""What one team's large files leave to the others, and to the machine once they are read."""

import gzip
import os
import signal
import threading
from pathlib import Path

import pytest

from tests.vault.parser_children import (
    BODY,
    MakePool,
    N,
    children,
    parse,
    wait_until,
)
from vault import parser_pool
from vault.errors import InvalidFileError, PackedBodyError, ParserBusyError, UnpackedSizeError
from vault.files.memory_files import MemoryFile
from vault.models import Panel


def test_one_team_leaves_children_and_slots_to_the_others(
    make_pool: MakePool, published: Panel
) -> None:
    """Its files all hang; those of another team are read meanwhile."""
    pool = make_pool(processes=2, backlog=7, seconds=60)
    parse(pool, published)
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)

    def hang() -> None:
        with pool.slot(team_id=1):
            parse(pool, published, team_id=1)

    hanging = [threading.Thread(target=hang) for _ in range(3)]
    for thread in hanging:
        thread.start()
    wait_until(lambda: len(pool._turns._queue) == 2)
    with pytest.raises(ParserBusyError, match="3 large files of this team"), pool.slot(team_id=1):
        pass
    for _ in range(3):
        with pool.slot(team_id=2):
            assert parse(pool, published, team_id=2).canonical

    assert all(thread.is_alive() for thread in hanging)
    os.kill(pid, signal.SIGCONT)
    for thread in hanging:
        thread.join(60)


def test_child_that_keeps_memory_is_replaced_at_once(
    make_pool: MakePool, published: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    parse(pool, published)
    (first,) = children()
    ask = parser_pool._Child.ask

    def spent(child: parser_pool._Child, *given: object, **named: object):  # type: ignore[no-untyped-def]
        answer = ask(child, *given, **named)  # type: ignore[arg-type]
        child.is_spent = True
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(parser_pool._Child, "ask", spent)
        parse(pool, published)

    # Between its fork and its program, the new one is not known by its command yet.
    wait_until(lambda: len(children() - {first}) == 1)
    (second,) = children()
    parse(pool, published)
    assert children() == {second}


def test_children_are_small_again_after_large_files(make_pool: MakePool, published: Panel) -> None:
    """Each takes some hundred MB while it is read; what stays is far less, in the same child or another."""
    pool = make_pool()
    parse(pool, published)
    (pid,) = children()
    before = _resident_mb(pid)
    large = b"id,label\n" + b"".join(b"%d,%064d\n" % (i, i) for i in range(N, 3 * N)) * 150

    assert len(large) > 50 << 20
    for _ in range(2):
        with pytest.raises(InvalidFileError):
            parse(pool, published, large)
    parse(pool, published)

    (pid,) = children()
    assert _resident_mb(pid) < before + 64


def _resident_mb(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def test_packed_body_is_unpacked_in_the_child(make_pool: MakePool) -> None:
    pool = make_pool()
    with MemoryFile(gzip.compress(BODY)) as packed:
        for _ in range(2):
            with pool.unpack(packed, limit=len(BODY)) as unpacked, unpacked.view() as content:
                assert bytes(content) == BODY
        with pytest.raises(UnpackedSizeError) as caught:
            pool.unpack(packed, limit=len(BODY) - 1)
    assert caught.value.data == {"limit": len(BODY) - 1}
    with MemoryFile(BODY) as packed, pytest.raises(PackedBodyError, match="not packed by gzip"):
        pool.unpack(packed, limit=100)
    with MemoryFile() as packed, pytest.raises(PackedBodyError, match="empty"):
        pool.unpack(packed, limit=100)
    assert len(children()) == 1


def test_packed_body_that_takes_too_long_is_given_up(make_pool: MakePool) -> None:
    pool = make_pool(seconds=0.5)
    with MemoryFile(gzip.compress(BODY)) as packed:
        pool.unpack(packed, limit=len(BODY)).close()
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)

        with pytest.raises(PackedBodyError, match=r"takes more than 0\.5 s"):
            pool.unpack(packed, limit=len(BODY))
    assert not children()
