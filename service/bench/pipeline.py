"""`run.py bench pipeline`: what a submission costs from its POST to its released score.

`docs/performance.md` says what is measured. Each round is a fixed number of files, and ends early when its
time is over; a row has the median rate of the rounds, and the processor time of all of them.

A machine is measured beside: the processor time of one file that plain Python reads, aligns and scores. In
multiples of that a submission costs about the same on every machine, which is what `--gate` holds.
"""

import csv
import http.client
import io
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.bench import apart, processor_time
from service.bench.load import LoadError
from service.bench.staging import staged
from service.processes import Service

NAME = "pipeline"
N_TEAMS = 8
ROUNDS = 3
# Files of one team in a round, by the number of items.
SIZES = {2_400: 40, 100_000: 15}
N_WARM_UP = 3
ROUND_SECONDS = 60.0
POLL_SECONDS = 0.05
PATIENCE = 60.0
PENDING = ("QUEUED", "SCORING")
SCRIPT_SECONDS = 5.0
N_SCRIPT_FILES = 8
N_YARDSTICKS = 25
# What a submission may cost, in files of plain Python: half as much again as it did on two cores that were
# left alone (docs/performance.md).
MAX_COST = {2_400: 30.0, 100_000: 1.5}


@dataclass(frozen=True, kw_only=True)
class PipelineRow:
    """What a released submission took; `cpu_ms` by process group of the service."""

    name: str
    n: int  # items of a file
    rate: float  # released submissions per second, of the median round
    script_rate: float  # files per second of a plain script on one core
    cpu_ms: dict[str, float]  # milliseconds of processor time per released submission
    yardstick_ms: float  # the same in which plain Python reads, aligns and scores such a file

    @property
    def cost(self) -> float:
        """Processor time of a submission in files of plain Python."""
        return sum(self.cpu_ms.values()) / self.yardstick_ms


def file(n: int, number: int) -> bytes:
    """CSV of n items, whose answers and order are drawn from this number alone."""
    rng = np.random.default_rng(number)
    lines = _lines(n)[rng.permutation(n)]
    lines[:, -2] += rng.integers(2, size=n, dtype=np.uint8)
    return b"id,label\n" + lines.tobytes()


@cache
def _lines(n: int) -> NDArray[np.uint8]:
    """Write one row of bytes for each item; all ids are of one length."""
    width = max(4, len(str(n - 1)))
    text = "".join(f"item-{i:0{width}d},0\n" for i in range(n))
    return np.frombuffer(text.encode(), dtype=np.uint8).reshape(n, -1)


def measure(
    n: int,
    *,
    files_of_team: int | None = None,
    rounds: int = ROUNDS,
    script_seconds: float = SCRIPT_SECONDS,
) -> PipelineRow:
    """Measure a service of its own, then the script, never both at once."""
    each = SIZES[n] if files_of_team is None else files_of_team
    rates, n_released = [], 0
    with staged(NAME, f"--teams={N_TEAMS}", f"--items={n}") as (service, tokens):
        play(service, tokens, n=n, first=0, each=N_WARM_UP)
        before = processor_time.spent(_roots(service))
        for number in range(rounds):
            first = N_TEAMS * (N_WARM_UP + number * each)
            released, seconds = play(service, tokens, n=n, first=first, each=each)
            rates.append(released / seconds)
            n_released += released
        after = processor_time.spent(_roots(service))
    return PipelineRow(
        name=NAME,
        n=n,
        rate=round(statistics.median(rates), 2),
        script_rate=round(script_rate(n, seconds=script_seconds), 2),
        cpu_ms={
            group: round((after[group] - before.get(group, 0.0)) / n_released, 2) for group in after
        },
        yardstick_ms=round(yardstick_ms(n), 3),
    )


def play(
    service: Service, tokens: Sequence[str], *, n: int, first: int, each: int
) -> tuple[int, float]:
    """Play one round: each team hands in `each` files, numbered from `first` on.

    Returns how many were released, and in how many seconds.
    """
    starts = range(first, first + len(tokens) * each, each)
    bodies = [[file(n, start + i) for i in range(each)] for start in starts]
    started = time.perf_counter()
    ends = started + ROUND_SECONDS
    with ThreadPoolExecutor(len(tokens)) as threads:
        released = threads.map(
            lambda token, own: _team(service, token, own, ends=ends), tokens, bodies
        )
    return sum(released), time.perf_counter() - started


def script_rate(n: int, *, seconds: float) -> float:
    """Files per second of the plain script."""
    with tempfile.TemporaryDirectory(prefix="hv-script-") as directory:
        (Path(directory) / "labels.csv").write_bytes(file(n, 0))
        for number in range(1, 1 + N_SCRIPT_FILES):
            (Path(directory) / f"file-{number}.csv").write_bytes(file(n, number))
        return float(apart.answer_of("plain_script", directory, str(seconds)))


def yardstick_ms(n: int) -> float:
    """Processor time of one file by the standard library alone: the least of some, whatever else runs."""
    labels = _answers(file(n, 0))
    spent = []
    for number in range(1, 1 + N_YARDSTICKS):
        content = file(n, number)
        started = time.process_time()
        given = _answers(content)
        n_right = sum(given[item] == label for item, label in labels.items())
        spent.append(time.process_time() - started)
        if not 0 < n_right < n:
            raise ValueError(f"file {number} was not drawn")
    return 1000 * min(spent)


def _answers(content: bytes) -> dict[str, str]:
    return {row["id"]: row["label"] for row in csv.DictReader(io.StringIO(content.decode()))}


def too_costly(rows: Sequence[PipelineRow]) -> list[str]:
    """Say of each row that costs more than it may what it costs."""
    return [
        f"a submission of {row.n:,} items costs {row.cost:.1f} times a file of plain Python, and may cost "
        f"{MAX_COST[row.n]:g} times"
        for row in rows
        if row.cost > MAX_COST[row.n]
    ]


def table(rows: Sequence[PipelineRow]) -> str:
    lines = [
        "| pipeline of | released | script | CPU of a submission | in files of plain Python | by process |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        parts = ", ".join(f"{group} {ms:.1f}" for group, ms in row.cpu_ms.items())
        total = f"{sum(row.cpu_ms.values()):.1f} ms"
        lines.append(
            f"| {row.n:,} items | {row.rate:,.1f}/s | {row.script_rate:,.1f}/s | {total} | {row.cost:.1f} "
            f"| {parts} |"
        )
    return "\n".join(lines)


def _roots(service: Service) -> dict[int, str]:
    """List the leading processes, each with the name of its group."""
    programs = [*service.programs, *([service.database] if service.database else [])]
    return {
        each.process.pid: each.name.removeprefix("worker-").lower()
        for each in programs
        if each.process is not None
    }


def _team(service: Service, token: str, bodies: Sequence[bytes], *, ends: float) -> int:
    """Hand in one file after the other, each once the one before is released; how many were."""
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=PATIENCE)
    n_released = 0
    try:
        for body in bodies:
            if time.perf_counter() > ends:
                break
            _released(connection, {"Authorization": f"Bearer {token}"}, body)
            n_released += 1
    finally:
        connection.close()
    return n_released


def _released(
    connection: http.client.HTTPConnection, caller: Mapping[str, str], body: bytes
) -> None:
    """Hand in one file and poll until it has its score."""
    path = f"/api/v1/benchmarks/{NAME}/submissions/"
    connection.request("POST", path, body, {**caller, "Content-Type": "text/csv"})
    status, headers, answer = _answer(connection)
    if status != 202:
        raise LoadError(f"a file was answered {status}: {answer[:300]!r}")
    location, deadline = headers["Location"], time.perf_counter() + PATIENCE
    while (state := json.loads(answer)["status"]) in PENDING:
        polling = {**caller, "If-None-Match": headers["ETag"]} if "ETag" in headers else caller
        status = 304
        while status == 304:
            if time.perf_counter() > deadline:
                raise LoadError(f"no score within {PATIENCE:g} s")
            time.sleep(POLL_SECONDS)
            connection.request("GET", location, headers=polling)
            status, headers, answer = _answer(connection)
        if status != 200:
            raise LoadError(f"a poll was answered {status}: {answer[:300]!r}")
    if state != "SCORED":
        raise LoadError(f"a file was not scored: {answer[:300]!r}")


def _answer(
    connection: http.client.HTTPConnection,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    response = connection.getresponse()
    return response.status, response.headers, response.read()
