"""Invariant 2 under attack: a file that eats memory, time or the parser itself costs nothing."""

import gzip
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_django import Settings

from vault import panel, parser_pool, parsing
from vault.errors import (
    InvalidFileError,
    PackedBodyError,
    ParserBusyError,
    UnpackedSizeError,
    VaultError,
)
from vault.memory_files import MemoryFile
from vault.models import Benchmark, Panel
from vault.parser_pool import Limits, ParserPool
from vault.parsing import CSV, PARQUET, FileSpec, Predictions

SPEC = FileSpec(form="label", task="binary", classes=("0", "1"))
N = 3000
BODY = ("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(N))).encode()

MakePool = Callable[..., ParserPool]


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    pools = []

    def make(
        *, processes: int = 1, backlog: int = 0, memory_mb: int = 2048, seconds: float = 20.0
    ) -> ParserPool:
        limits = Limits(processes=processes, backlog=backlog, memory_mb=memory_mb, seconds=seconds)
        pools.append(ParserPool(limits))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def published(db: None, tmp_path: Path, settings: Settings) -> Panel:
    settings.MEDIA_ROOT = str(tmp_path)
    benchmark = Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy_score",
    )
    return panel.publish(benchmark=benchmark, ids=pa.array(range(N)))


def parse(
    pool: ParserPool, published: Panel, body: bytes = BODY, content_type: str = CSV
) -> Predictions:
    return pool.parse(body=body, content_type=content_type, spec=SPEC, panel=published)


# Children of the process's own pool, which tests of the API have left at work.
others: set[int] = set()


@pytest.fixture(autouse=True)
def leave_others_out() -> None:
    others.clear()
    others.update(children())


def children() -> set[int]:
    """Processes of a test's pools that are running, from the kernel's own list."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
            command = (status.parent / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        is_ours = int(fields["PPid"]) == os.getpid() and "vault.parser_child" in command
        if is_ours and not fields["State"].strip().startswith("Z"):
            found.add(int(fields["Pid"]))
    return found - others


def test_a_child_parses_as_this_process_does(make_pool: MakePool, published: Panel) -> None:
    pool = make_pool()

    expected = parsing.parse(body=BODY, content_type=CSV, spec=SPEC, panel_ids=panel.ids(published))

    assert parse(pool, published) == expected
    assert parse(pool, published) == expected
    assert len(children()) == 1


def test_problems_come_back_from_the_child(make_pool: MakePool, published: Panel) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse(make_pool(), published, BODY.replace(b"\n7,1\n", b"\n7,5\n"))

    assert caught.value.data["problems"] == [
        {"row": 9, "column": "label", "problem": "'5' is not one of the classes 0, 1"}
    ]
    assert caught.value.data["n_problems"] == 1
    assert len(children()) == 1


def test_parse_bounded_uses_the_settings(published: Panel) -> None:
    with parser_pool.slot():
        predictions = parser_pool.parse_bounded(
            body=BODY, content_type=CSV, benchmark=published.benchmark, panel=published
        )

    parser_pool._pool(os.getpid()).close()
    assert len(predictions.canonical) > N


def test_a_slow_file_ends_the_child_and_counts_as_invalid(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool(seconds=1.0)
    parse(pool, published)
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)

    started = time.monotonic()
    with pytest.raises(InvalidFileError, match="longer than 1 s"):
        parse(pool, published)

    assert time.monotonic() - started < 5
    assert pid not in children()
    parse(pool, published)


def test_a_file_that_needs_too_much_memory_counts_as_invalid(
    make_pool: MakePool, published: Panel
) -> None:
    """The child has about 100 MB to spare, and keeps working on the next file."""
    pool = make_pool(memory_mb=_memory_of_an_idle_child() + 100)
    parse(pool, published)

    with pytest.raises(InvalidFileError, match="more memory"):
        parse(pool, published, b"id,label\n1," + b"x" * (120 << 20) + b"\n")

    assert parse(pool, published).canonical


def test_a_parquet_page_that_unpacks_to_hundreds_of_megabytes_is_refused(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool(memory_mb=_memory_of_an_idle_child() + 100)
    sink = io.BytesIO()
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * N, pa.int32()), ["x" * (300 << 20)])
    pq.write_table(
        pa.table({"id": pa.array(range(N)), "label": bomb}),
        sink,
        store_schema=False,
        compression="zstd",
        dictionary_pagesize_limit=1 << 30,
        write_statistics=False,
    )

    assert len(sink.getvalue()) < 1 << 20
    with pytest.raises(InvalidFileError):
        parse(pool, published, sink.getvalue(), PARQUET)
    assert parse(pool, published).canonical


def _memory_of_an_idle_child() -> int:
    """Address space that the interpreter and its libraries take, in MB."""
    code = (
        "import vault.parser_child, re, pathlib;"
        "print(re.search(r'VmPeak:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    return int(done.stdout) // 1024


def test_a_killed_child_is_replaced_unnoticed(make_pool: MakePool, published: Panel) -> None:
    pool = make_pool()
    expected = parse(pool, published)
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)

    assert parse(pool, published) == expected
    assert pid not in children()


def test_a_file_that_ends_its_child_every_time_counts_as_invalid(
    make_pool: MakePool, published: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a crash inside a library would."""
    pool = make_pool()
    parse(pool, published)
    ask = parser_pool._Child.ask

    def crash(child: parser_pool._Child, header: dict[str, object], *rest: object, **more: object):  # type: ignore[no-untyped-def]
        if header["act"] == "parse":
            os.kill(child.pid, signal.SIGKILL)
        return ask(child, header, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(parser_pool._Child, "ask", crash)
        with pytest.raises(InvalidFileError, match="memory"):
            parse(pool, published)
    assert parse(pool, published).canonical


def test_a_parser_that_does_not_start_is_not_the_files_fault(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool(memory_mb=20)

    with pytest.raises(VaultError) as caught:
        parse(pool, published)
    assert not isinstance(caught.value, InvalidFileError)


def test_slot_turns_away_when_the_backlog_is_full(make_pool: MakePool) -> None:
    pool = make_pool(processes=1, backlog=1)

    with pool.slot(), pool.slot():
        with pytest.raises(ParserBusyError) as caught, pool.slot():
            pass
        assert caught.value.data["retry_after"] > 0
    with pool.slot(), pool.slot():
        pass


def test_threads_share_the_children(make_pool: MakePool, published: Panel) -> None:
    pool = make_pool(processes=2, backlog=6)
    panel_ids = panel.ids(published)
    bodies = []
    for seed in range(24):
        labels = np.random.default_rng(seed).integers(0, 2, N)
        rows = "".join(f"{i},{label}\n" for i, label in enumerate(labels))
        bodies.append(f"id,label\n{rows}".encode())
    published.benchmark.refresh_from_db()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda body: parse(pool, published, body), bodies))

    assert len(children()) <= 2
    assert results == [
        parsing.parse(body=body, content_type=CSV, spec=SPEC, panel_ids=panel_ids)
        for body in bodies
    ]


def test_a_child_keeps_a_few_panels_and_asks_again_for_others(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool()
    panels = [published]
    for version in range(5):
        extra = pa.array([N + version])
        panels.append(panel.publish(benchmark=published.benchmark, ids=extra))

    for chosen in [*panels, *panels]:
        rows = "".join(f"{i},0\n" for i in range(chosen.n_items))
        predictions = parse(pool, chosen, f"id,label\n{rows}".encode())
        assert predictions.canonical.endswith(b"\0" * chosen.n_items)
    assert len(children()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_damaged_parquet_files_are_invalid_and_nothing_else(
    make_pool: MakePool, published: Panel, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pool = make_pool()
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": range(N), "label": [str(i % 2) for i in range(N)]}), sink)
    sound = sink.getvalue()
    assert parse(pool, published, sound, PARQUET) == parse(pool, published)
    n_refused = 0
    for _ in range(40):
        damaged = bytearray(sound)
        for position in rng.integers(0, len(sound), 3):
            damaged[position] ^= int(rng.integers(1, 256))
        try:
            parse(pool, published, bytes(damaged), PARQUET)
        except InvalidFileError:
            n_refused += 1

    assert n_refused > 0


def test_children_see_no_secret_and_no_django(make_pool: MakePool, published: Panel) -> None:
    parse(make_pool(), published)
    (pid,) = children()

    environment = Path(f"/proc/{pid}/environ").read_text()

    assert "HOLDOUT_VAULT" in "".join(os.environ)
    assert "HOLDOUT_VAULT" not in environment
    code = "import sys, vault.parser_child; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


PARENT = """
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(
    [sys.executable, "-m", "vault.parser_child", "2048", "60"], stdin=theirs.fileno()
)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_children_end_with_their_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().decode().strip()
        _wait_until(lambda: "vault.parser_child" in (child / "cmdline").read_text())
        parent.kill()

    _wait_until(lambda: not _is_running(child))


def _is_running(process: Path) -> bool:
    """An ended child that nobody has waited for is still listed, without a command."""
    try:
        return bool((process / "cmdline").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_threads_wait_for_a_child_rather_than_start_more(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool(processes=1, backlog=3, seconds=20)
    parse(pool, published)
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(0.5, os.kill, (pid, signal.SIGCONT))
    timer.start()

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(lambda _: parse(pool, published), range(3)))

    timer.join()
    assert len(set(results)) == 1
    assert children() == {pid}


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
            pool.parse(body=BODY, content_type=CSV, spec=SPEC, panel=published, team_id=1)

    hanging = [threading.Thread(target=hang) for _ in range(3)]
    for thread in hanging:
        thread.start()
    _wait_until(lambda: len(pool._turns._queue) == 2)
    with pytest.raises(ParserBusyError, match="3 files of this team"), pool.slot(team_id=1):
        pass
    for _ in range(3):
        with pool.slot(team_id=2):
            assert pool.parse(
                body=BODY, content_type=CSV, spec=SPEC, panel=published, team_id=2
            ).canonical

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

    (second,) = children()
    assert second != first
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
