"""What tests of the parser's pool share: a published panel, pools that end, and the children at work."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from vault import panel
from vault.files.canonical import Predictions
from vault.files.parsing import CSV, FileSpec
from vault.models import Benchmark, Panel
from vault.parser_pool import Limits, ParserPool

SPEC = FileSpec(form="label", task="binary", classes=("0", "1"))
N = 3000
BODY = ("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(N))).encode()

MakePool = Callable[..., ParserPool]


@contextmanager
def pools() -> Iterator[MakePool]:
    made = []

    def make(
        *, processes: int = 1, backlog: int = 0, memory_mb: int = 2048, seconds: float = 20.0
    ) -> ParserPool:
        limits = Limits(processes=processes, backlog=backlog, memory_mb=memory_mb, seconds=seconds)
        made.append(ParserPool(limits))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def publish() -> Panel:
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
    pool: ParserPool,
    published: Panel,
    body: bytes = BODY,
    content_type: str = CSV,
    *,
    team_id: int | None = None,
) -> Predictions:
    return pool.parse(
        body=body, content_type=content_type, spec=SPEC, panel=published, team_id=team_id
    )


# Children of the process's own pool, which tests of the API have left at work.
others: set[int] = set()


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
        is_ours = int(fields["PPid"]) == os.getpid() and "vault.files.parser_child" in command
        if is_ours and not fields["State"].strip().startswith("Z"):
            found.add(int(fields["Pid"]))
    return found - others


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
