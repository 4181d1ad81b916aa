"""`run.py bench poll`: how fast a bot's status poll is answered, beside a bare view on the same server.

The poll is the usual one: with a token, with `If-None-Match`, answered 304 after the row was read from
PostgreSQL. Beside it the same poll without an ETag, answered 200 with the submission. All are asked in
turn, so that a busy machine slows all of them.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from service.bench import load
from service.bench.staging import staged
from service.ports import free_port
from service.processes import Service, start_that_answers
from service.programs import Program, granian

CONNECTIONS = 16
ROUNDS = 5
SECONDS = 2.0
N_ITEMS = 400
# What `--gate` holds: the least of the bare view's rate, and how many times a 304 a 200 may cost.
MIN_RATIO = 0.3
MAX_NEWS_COST = 3.0


@dataclass(frozen=True, kw_only=True)
class PollRow:
    """Ratio of the poll's rate to the bare view's, of the median round; rates per second, p99 in ms.

    `news_cost` is how many times as long a 200 takes as a 304: the ratio of their rates, likewise.
    """

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
    news_rate: float
    news_cost: float


def measure() -> PollRow:
    """On a service of its own with a scored submission, after a round that is not counted."""
    with staged("poll") as (service, (token,)):
        path, etag = _scored(service, token)
        port = _port_beside(service)
        poll = load.request(path, Authorization=f"Bearer {token}", If_None_Match=etag)
        news = load.request(path, Authorization=f"Bearer {token}")
        asked = ((poll, 304), (load.request("/bare"), 200), (news, 200))
        rounds = [[_ask(port, *each) for each in asked] for _ in range(1 + ROUNDS)][1:]
    ratios = [polled.rate / bared.rate for polled, bared, _ in rounds]
    polls, bares, told = zip(*rounds, strict=True)
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
        news_rate=statistics.median(each.rate for each in told),
        news_cost=statistics.median(polled.rate / new.rate for polled, _, new in rounds),
    )


def too_slow(rows: Sequence[PollRow]) -> list[str]:
    """Say of each row what is slower than it may be."""
    refused = []
    for row in rows:
        if row.ratio < MIN_RATIO:
            refused.append(
                f"a poll has {row.ratio:.2f} of a bare view's rate, and needs {MIN_RATIO}"
            )
        if row.news_cost > MAX_NEWS_COST:
            refused.append(
                f"a 200 costs {row.news_cost:.2f} times a 304, and may cost {MAX_NEWS_COST:g} times"
            )
    return refused


def table(rows: Sequence[PollRow]) -> str:
    lines = [
        "| what | rate | p99 | beside | its rate | its p99 | ratio | of 5 rounds | 200s | 304/200 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        polled = f"{row.name} | {row.poll_rate:,.0f}/s | {row.poll_p99_ms:.1f} ms"
        bared = f"{row.beside} | {row.bare_rate:,.0f}/s | {row.bare_p99_ms:.1f} ms"
        spread = f"{row.low:.2f} to {row.high:.2f}"
        news = f"{row.news_rate:,.0f}/s | {row.news_cost:.2f}"
        lines.append(f"| {polled} | {bared} | {row.ratio:.2f} | {spread} | {news} |")
    return "\n".join(lines)


def _ask(port: int, request: bytes, status: int) -> load.Load:
    return load.closed_loop(
        port=port, requests=[request], status=status, connections=CONNECTIONS, seconds=SECONDS
    )


def _port_beside(service: Service) -> int:
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
    while start_that_answers(f"http://127.0.0.1:{port}/bare") is None:
        if time.monotonic() > deadline:
            raise load.LoadError(f"the server did not come up: {program.log.read_text()}")
        time.sleep(0.05)
    return port


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
