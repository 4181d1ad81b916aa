"""`run.py bench pipeline`: what a submission costs from its POST to its released score.

A service of its own, on loopback. Eight teams hand in distinct files in a closed loop, each over one
connection: POST, then a poll every 50 ms with the latest ETag until there is a score, then the next file.
The teams' threads run on the same cores as the service. Mechanism `exact`, metric accuracy, CSV files that
answer all n items of a panel in a drawn order, so that each has to be aligned; half of the items are scored.
Each round is a fixed number of files, and ends early when its time is over; a row has the median rate of the
rounds, and the processor time of all of them.

A machine is measured beside: the processor time of one file that plain Python reads, aligns and scores. In
multiples of that a submission costs about the same on every machine, which is what `--gate` holds.
"""

import csv
import http.client
import importlib.util
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.bench import processor_time
from service.bench.large_audit import ONE_THREAD
from service.bench.load import LoadError
from service.bench.status_poll import NO_LIMIT
from service.processes import PROJECT, Service, running

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
SCRIPT_NEEDS = ("pandas", "sklearn")
N_SCRIPT_FILES = 8
N_YARDSTICKS = 9
# What a submission may cost, in files of plain Python: half as much again as it did on two cores that were
# left alone (docs/performance.md).
MAX_COST = {2_400: 30.0, 100_000: 1.5}


@dataclass(frozen=True, kw_only=True)
class PipelineRow:
    """
    What a released submission took.

    Parameters
    ----------
    n : int
        Items of a file.
    rate : float
        Released submissions per second, of the median round.
    script_rate : float or None
        Files per second of a plain script on one core; None where its libraries are not installed.
    cpu_ms : dict
        Milliseconds of processor time per released submission, by process group of the service.
    yardstick_ms : float
        Milliseconds of processor time in which plain Python reads, aligns and scores such a file.
    """

    name: str
    n: int
    rate: float
    script_rate: float | None
    cpu_ms: dict[str, float]
    yardstick_ms: float

    @property
    def cost(self) -> float:
        """Processor time of a submission in files of plain Python."""
        return sum(self.cpu_ms.values()) / self.yardstick_ms


@dataclass(frozen=True, kw_only=True)
class Files:
    """Distinct prediction files of n items, in an order of their own: whoever reads one has to align it."""

    n: int

    def content(self, number: int) -> bytes:
        """CSV whose answers and order are drawn from this number alone."""
        rng = np.random.default_rng(number)
        lines = _lines(self.n)[rng.permutation(self.n)]
        lines[:, -2] += rng.integers(2, size=self.n, dtype=np.uint8)
        return b"id,label\n" + lines.tobytes()


@cache
def _lines(n: int) -> NDArray[np.uint8]:
    """One row of bytes for each item; all ids are of one length."""
    width = max(4, len(str(n - 1)))
    text = "".join(f"item-{i:0{width}d},0\n" for i in range(n))
    return np.frombuffer(text.encode(), dtype=np.uint8).reshape(n, -1)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What the closed loop of one round did."""

    released: int
    seconds: float

    @property
    def rate(self) -> float:
        """Released submissions per second."""
        return self.released / self.seconds


def measure(
    n: int,
    *,
    files_of_team: int | None = None,
    rounds: int = ROUNDS,
    seconds: float = ROUND_SECONDS,
    script_seconds: float = SCRIPT_SECONDS,
) -> PipelineRow:
    """Measure a service of its own, then the script, never both at once."""
    each = SIZES[n] if files_of_team is None else files_of_team
    files, loops = Files(n=n), []
    with _staged(n) as (service, tokens):
        play(service, tokens, files, first=0, each=N_WARM_UP, seconds=seconds)
        before = processor_time.spent(_roots(service))
        for number in range(rounds):
            first = N_TEAMS * (N_WARM_UP + number * each)
            loops.append(play(service, tokens, files, first=first, each=each, seconds=seconds))
        after = processor_time.spent(_roots(service))
    released = sum(loop.released for loop in loops)
    return PipelineRow(
        name=NAME,
        n=n,
        rate=round(statistics.median(loop.rate for loop in loops), 2),
        script_rate=script_rate(files, seconds=script_seconds),
        cpu_ms={
            group: round((after[group] - before.get(group, 0.0)) / released, 2) for group in after
        },
        yardstick_ms=round(yardstick_ms(files), 3),
    )


def play(
    service: Service,
    tokens: Sequence[str],
    files: Files,
    *,
    first: int,
    each: int,
    seconds: float,
) -> Loop:
    """One round: each team hands in `each` files of its own, numbered from `first` on."""
    bodies = [
        [files.content(first + team * each + i) for i in range(each)] for team in range(len(tokens))
    ]
    started = time.perf_counter()
    with ThreadPoolExecutor(len(tokens)) as threads:
        released = list(
            threads.map(
                lambda token, own: _team(service, token, own, ends=started + seconds),
                tokens,
                bodies,
            )
        )
    return Loop(released=sum(released), seconds=time.perf_counter() - started)


def script_rate(files: Files, *, seconds: float) -> float | None:
    """Files per second of the plain script; None, said aloud, where it cannot run."""
    missing = [name for name in SCRIPT_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        said = f"the script is left out: {', '.join(missing)} is not installed"
        sys.stderr.write(f"bench: {said}\n")
        return None
    with tempfile.TemporaryDirectory(prefix="hv-script-") as directory:
        (Path(directory) / "labels.csv").write_bytes(files.content(0))
        for number in range(1, 1 + N_SCRIPT_FILES):
            (Path(directory) / f"file-{number}.csv").write_bytes(files.content(number))
        path = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "service.bench.plain_script", directory, str(seconds)],
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, path))},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    return round(float(json.loads(done.stdout)), 2)


def yardstick_ms(files: Files) -> float:
    """Processor time of one file by the standard library alone: the least of some, whatever else runs."""
    labels = _answers(files.content(0))
    spent = []
    for number in range(1, 1 + N_YARDSTICKS):
        content = files.content(number)
        started = time.process_time()
        given = _answers(content)
        n_right = sum(given[item] == label for item, label in labels.items())
        spent.append(time.process_time() - started)
        if not 0 < n_right < files.n:
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
        script = "-" if row.script_rate is None else f"{row.script_rate:,.1f}/s"
        parts = ", ".join(f"{group} {ms:.1f}" for group, ms in row.cpu_ms.items())
        total = f"{sum(row.cpu_ms.values()):.1f} ms"
        lines.append(
            f"| {row.n:,} items | {row.rate:,.1f}/s | {script} | {total} | {row.cost:.1f} | {parts} |"
        )
    return "\n".join(lines)


@contextmanager
def _staged(n: int) -> Iterator[tuple[Service, list[str]]]:
    """Start a service of its own with an open round of n items; give it and the teams' tokens."""
    home = Path(tempfile.mkdtemp(prefix="hv-bench-"))
    home.chmod(0o755)
    try:
        with running(home=home, port=0, admin_port=0, say=lambda text: None, **NO_LIMIT) as service:
            staged = service.output_of(
                "stage_benchmark", "--slug", NAME, f"--teams={N_TEAMS}", f"--items={n}"
            )
            yield service, list(json.loads(staged).values())
    finally:
        shutil.rmtree(home, ignore_errors=True)


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
