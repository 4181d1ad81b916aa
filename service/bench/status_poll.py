"""`run.py bench poll`: how fast a bot's status poll is answered, beside a bare view on the same server.

The poll is the usual one: with a token, with `If-None-Match`, answered 304 after the row was read from
PostgreSQL. Both are asked in turn, so that a busy machine slows both.
"""

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from service.bench import load
from service.ports import free_port
from service.processes import Service, answers, running
from service.programs import Program, granian

CONNECTIONS = 16
ROUNDS = 5
SECONDS = 2.0
N_ITEMS = 400
# The throttle is asked each time, and never refuses.
NO_LIMIT = {"TOKEN_REQUESTS_PER_MINUTE": "100000000", "ANONYMOUS_REQUESTS_PER_MINUTE": "100000000"}


@dataclass(frozen=True, kw_only=True)
class PollRow:
    """Ratio of the poll's rate to the bare view's, of the median round; rates per second, p99 in ms."""

    name: str
    n: int
    beside: str
    ratio: float
    low: float
    high: float
    poll_rate: float
    bare_rate: float
    poll_p99_ms: float
    bare_p99_ms: float


def measure(*, rounds: int = ROUNDS, seconds: float = SECONDS) -> PollRow:
    with _staged() as (port, poll, bare):
        for request, status in ((poll, 304), (bare, 200)):
            _ask(port, request, status, seconds=seconds / 2)
        pairs = [
            (_ask(port, poll, 304, seconds=seconds), _ask(port, bare, 200, seconds=seconds))
            for _ in range(rounds)
        ]
    ratios = [polled.rate / bared.rate for polled, bared in pairs]
    polls, bares = zip(*pairs, strict=True)
    return PollRow(
        name="poll",
        n=CONNECTIONS,
        beside="bare Django view, 16 connections each",
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        poll_rate=statistics.median(each.rate for each in polls),
        bare_rate=statistics.median(each.rate for each in bares),
        poll_p99_ms=1000 * statistics.median(each.percentile(0.99) for each in polls),
        bare_p99_ms=1000 * statistics.median(each.percentile(0.99) for each in bares),
    )


def table(rows: Sequence[PollRow]) -> str:
    lines = [
        "| what | rate | p99 | beside | its rate | its p99 | ratio | of 5 rounds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        polled = f"{row.name} | {row.poll_rate:,.0f}/s | {row.poll_p99_ms:.1f} ms"
        bared = f"{row.beside} | {row.bare_rate:,.0f}/s | {row.bare_p99_ms:.1f} ms"
        spread = f"{row.low:.2f} to {row.high:.2f}"
        lines.append(f"| {polled} | {bared} | {row.ratio:.2f} | {spread} |")
    return "\n".join(lines)


def _ask(port: int, request: bytes, status: int, *, seconds: float) -> load.Load:
    return load.closed_loop(
        port=port, requests=[request], status=status, connections=CONNECTIONS, seconds=seconds
    )


@contextmanager
def _staged() -> Iterator[tuple[int, bytes, bytes]]:
    """Start a service of its own with a scored submission; give the server's port and the two requests."""
    home = Path(tempfile.mkdtemp(prefix="hv-bench-"))
    home.chmod(0o755)
    try:
        with running(home=home, port=0, admin_port=0, say=lambda text: None, **NO_LIMIT) as service:
            staged = service.output_of("stage_benchmark", "--slug", "poll")
            (token,) = json.loads(staged).values()
            path, etag = _scored(service, token)
            with _beside(service) as port:
                poll = load.request(path, Authorization=f"Bearer {token}", If_None_Match=etag)
                yield port, poll, load.request("/bare")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _beside(service: Service) -> Iterator[int]:
    """Start the API's server once more, with the bare view."""
    port = free_port()
    (web,) = (each for each in service.programs if each.name == "web")
    program = Program(
        name="bench",
        command=granian(port, application="service.bench.polled_server:application"),
        environment=web.environment,
        account=web.account,
        log=service.home / "logs" / "bench.log",
    )
    service.programs.append(program)
    program.start(cwd=service.code)
    deadline = time.monotonic() + 60
    while not answers(f"http://127.0.0.1:{port}/bare"):
        if time.monotonic() > deadline:
            raise load.LoadError(f"the server did not come up: {program.log.read_text()}")
        time.sleep(0.05)
    yield port


def _scored(service: Service, token: str) -> tuple[str, str]:
    """Return the path and ETag of a submission that has its score."""
    rows = "".join(f"item-{i:04d},{i % 2}\n" for i in range(N_ITEMS))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=service.url, headers=headers, timeout=30) as http:
        answer = http.post("/api/v1/benchmarks/poll/submissions/", content="id,label\n" + rows)
        path = answer.headers["Location"]
        while answer.json()["status"] != "SCORED":
            if time.monotonic() > deadline:
                raise load.LoadError("no score within a minute")
            answer = http.get(path, headers={"Prefer": "wait=10"})
        return path, answer.headers["ETag"]
