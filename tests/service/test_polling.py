"""Polling over real HTTP: 304s, waiting on request, and what 200 pollers do to everybody else."""

import json
import math
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from service.bench import load
from service.processes import Service
from tests.service.staging import Stage, client, csv_file
from vault.api.pace import N_LAST

pytestmark = pytest.mark.service

CSV = {"Content-Type": "text/csv"}
N_POLLERS = 200
POLLERS = Path(__file__).parent / "pollers.py"


@contextmanager
def stopped(service: Service, name: str) -> Iterator[None]:
    """Stop a program and its children, so that what they do waits."""
    (program,) = (each for each in service.programs if each.name == name)
    assert program.process is not None
    group = program.process.pid
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def submitted(http: httpx.Client, slug: str, seed: int) -> str:
    body = csv_file(np.random.default_rng(seed))
    answer = http.post(f"benchmarks/{slug}/submissions/", content=body, headers=CSV)
    assert answer.status_code == 202
    return str(answer.json()["id"])


def test_wait_ends_when_the_score_is_there(service: Service, stage: Callable[..., Stage]) -> None:
    staged = stage("waiting")
    (token,) = staged.tokens.values()
    with client(service, token) as http:
        with stopped(service, "worker-scoring"):
            name = submitted(http, "waiting", 1)
            first = http.get(f"submissions/{name}/")
            asked, answers = time.monotonic(), []
            waiting = threading.Thread(
                target=lambda: answers.append(
                    http.get(
                        f"submissions/{name}/",
                        headers={"Prefer": "wait=25", "If-None-Match": first.headers["ETag"]},
                    )
                )
            )
            waiting.start()
            time.sleep(1)
            assert waiting.is_alive()
        waiting.join()

    (answer,) = answers
    assert time.monotonic() - asked < 20
    assert answer.status_code == 200
    assert answer.json()["status"] == "SCORED"
    assert answer.headers["Preference-Applied"] == "wait=25"
    assert answer.headers["ETag"] != first.headers["ETag"]
    assert "Retry-After" not in answer.headers


def test_pace_slows_down_while_nothing_is_scored(
    service: Service, stage: Callable[..., Stage]
) -> None:
    """Half of its age, for who waits longer than the last scores took."""
    staged = stage("slow-queue")
    (token,) = staged.tokens.values()
    with client(service, token) as http:
        # What other tests have held up is no longer among the last scores.
        for seed in range(N_LAST):
            scored(http, submitted(http, "slow-queue", seed))
        with stopped(service, "worker-scoring"):
            first, later = paces(http)

    assert first <= 2 < later <= 5


def scored(http: httpx.Client, name: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = http.get(f"submissions/{name}/", headers={"Prefer": "wait=5"}).json()
        if found["status"] == "SCORED":
            return
    raise AssertionError(f"{name} was not scored")


def paces(http: httpx.Client) -> tuple[int, int]:
    """What a new submission is told, and what it is told five seconds later."""
    name = submitted(http, "slow-queue", N_LAST)
    first = int(http.get(f"submissions/{name}/").headers["Retry-After"])
    time.sleep(5)
    return first, int(http.get(f"submissions/{name}/").headers["Retry-After"])


def test_revoked_token_stops_within_ten_seconds(
    service: Service, stage: Callable[..., Stage]
) -> None:
    """In every process: the requests go to whichever is free, and all must be refused at the end."""
    staged = stage("revoking")
    (token,) = staged.tokens.values()
    with client(service, token) as http, client(service, token) as admin:
        (own,) = admin.get("tokens/").json()["results"]
        spare = admin.post("tokens/").json()["token"]
        http.headers["Authorization"] = f"Bearer {spare}"
        path = "benchmarks/revoking/budget/"
        assert {http.get(path).status_code for _ in range(40)} == {200}
        (other,) = (
            each["id"]
            for each in admin.get("tokens/").json()["results"]
            if each != own and each["id"] != own["id"]
        )

        assert admin.delete(f"tokens/{other}/").status_code == 204
        revoked, last_passed = time.monotonic(), 0.0
        while time.monotonic() - revoked < 10:
            if http.get(path).status_code == 200:
                last_passed = time.monotonic() - revoked
            time.sleep(0.01)

    assert last_passed < 9


@pytest.mark.live
def test_200_pollers_leave_others_within_twice_their_time(
    service: Service, stage: Callable[..., Stage]
) -> None:
    """The 99th percentile of other requests, with and without pollers in turn, five times each.

    The medians over the turns are compared, so that one busy moment of the machine decides nothing.
    """
    staged = stage("crowd", teams=4, total=N_POLLERS)
    port = urlsplit(service.url).port
    assert port is not None
    polls, reads = [], []
    with stopped(service, "worker-scoring"):
        for token in staged.tokens.values():
            with client(service, token) as http:
                for seed in range(N_POLLERS // len(staged.tokens)):
                    name = submitted(http, "crowd", seed)
                    etag = http.get(f"submissions/{name}/").headers["ETag"]
                    fields = {"Authorization": f"Bearer {token}", "If_None_Match": etag}
                    path = f"/api/v1/submissions/{name}/"
                    polls.append(load.request(path, **fields, Prefer="wait=4").decode())
            reads.append(
                load.request("/api/v1/benchmarks/crowd/budget/", Authorization=f"Bearer {token}")
            )
        alone, among = [], []
        seconds = long_enough(port, reads)
        for _ in range(5):
            alone.append(p99(port, reads, seconds))
            with polling(port, polls, seconds=seconds + 2) as crowd:
                time.sleep(1.5)
                among.append(p99(port, reads, seconds))
            seen = json.loads(crowd[0])
            assert seen.keys() <= {"304", "200", "waited"}
            assert seen["304"] >= N_POLLERS
            assert seen["waited"] > 0

    ratio = statistics.median(among) / statistics.median(alone)
    figures = f"p99 alone {alone}, among {N_POLLERS} pollers {among}, ratio {ratio:.2f}"
    sys.stdout.write(figures)
    assert ratio <= 2, figures


def measured(port: int, requests: list[bytes], seconds: int) -> load.Load:
    return load.closed_loop(
        port=port, requests=requests, status=200, connections=2, seconds=seconds
    )


def long_enough(port: int, requests: list[bytes]) -> int:
    """Seconds in which this machine answers as many as a percentile needs, at half its speed, too."""
    return max(4, math.ceil(4 * 200 / measured(port, requests, 4).n))


def p99(port: int, requests: list[bytes], seconds: int) -> float:
    found = measured(port, requests, seconds)
    # Of fewer, the percentile is the slowest one alone.
    assert found.n > 100
    return found.percentile(0.99)


@contextmanager
def polling(port: int, requests: list[str], *, seconds: float) -> Iterator[list[str]]:
    """The pollers at work; afterwards the list holds what they saw."""
    command = [sys.executable, "-P", str(POLLERS), "--port", str(port), f"--seconds={seconds}"]
    said: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as crowd:
        assert crowd.stdin is not None
        crowd.stdin.write(json.dumps(requests))
        crowd.stdin.close()
        crowd.stdin = None
        yield said
        said.append(crowd.communicate(timeout=60)[0])
