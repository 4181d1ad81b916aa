"""Invariant 2 under attack: a file that eats memory, time or the parser itself costs nothing."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vault.parser_children import (
    BODY,
    SPEC,
    MakePool,
    N,
    children,
    parse,
    wait_until,
)
from vault import panel, parser_pool
from vault.errors import InvalidFileError, ParserBusyError, VaultError
from vault.files import parsing
from vault.files.parsing import CSV, PARQUET
from vault.models import Panel


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


def test_the_pool_of_this_process_is_made_of_the_settings(published: Panel) -> None:
    pool = parser_pool.pool()
    with pool.slot():
        parsed = parse(pool, published)

    pool.close()
    assert pool is parser_pool.pool()
    assert len(parsed.canonical) > N


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
        "import vault.files.parser_child, re, pathlib;"
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


def test_a_child_that_is_killed_before_it_has_the_panel_is_replaced(
    make_pool: MakePool, published: Panel
) -> None:
    pool = make_pool()
    parse(pool, published)
    other = panel.publish(benchmark=published.benchmark, ids=pa.array([N]))
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)

    rows = "".join(f"{i},0\n" for i in range(other.n_items))
    assert parse(pool, other, f"id,label\n{rows}".encode()).canonical


def test_children_that_are_killed_again_and_again_are_no_fault_of_the_file(
    make_pool: MakePool, published: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = parser_pool._Child.ask

    def killed(child: parser_pool._Child, header: dict[str, object], *rest: object, **more: object):  # type: ignore[no-untyped-def]
        os.kill(child.pid, signal.SIGKILL)
        return ask(child, header, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(parser_pool._Child, "ask", killed)
    with pytest.raises(ParserBusyError, match="being restarted"):
        parse(make_pool(), published)


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
    code = "import sys, vault.files.parser_child; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


PARENT = """
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(
    [sys.executable, "-m", "vault.files.parser_child", "2048", "60"], stdin=theirs.fileno()
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
        wait_until(lambda: "vault.files.parser_child" in (child / "cmdline").read_text())
        parent.kill()

    wait_until(lambda: not _is_running(child))


def _is_running(process: Path) -> bool:
    """An ended child that nobody has waited for is still listed, without a command."""
    try:
        return bool((process / "cmdline").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return False


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
