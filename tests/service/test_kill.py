"""Invariant 3: `kill -9` of any process loses no submission, scores none twice, charges none twice."""

import os
import signal
import time
from collections.abc import Callable

import httpx
import numpy as np
import pytest

from service.processes import Service
from tests.service.staging import Stage, client, csv_file, query

pytestmark = pytest.mark.service

N_SUBMISSIONS = 200
PATIENCE = 120  # seconds until everything must have recovered


def kill_group(service: Service, name: str) -> None:
    """Kill a program and its children the hard way, as a crash of the machine's memory would."""
    (program,) = [each for each in service.programs if each.name == name]
    assert program.process is not None
    os.killpg(program.process.pid, signal.SIGKILL)


def submit_until_received(service: Service, *, slug: str, token: str, body: bytes) -> str:
    """Post as a bot does: again after a lost connection; an equal file is never charged twice."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with client(service, token) as http:
                response = http.post(
                    f"benchmarks/{slug}/submissions/",
                    content=body,
                    headers={"Content-Type": "text/csv"},
                )
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if response.status_code in (200, 202):
            return str(response.json()["id"])
        assert response.status_code >= 500, response.text
        time.sleep(0.1)
    raise AssertionError("the web process did not come back")


def wait_until_all_scored(service: Service, ids: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    pending = -1
    while pending and time.monotonic() < deadline:
        ((count,),) = query(
            service,
            "SELECT count(*) FROM vault_submission WHERE id = ANY(%s::uuid[]) AND status <> 'SCORED'",
            ids,
        )
        pending = int(str(count))
        time.sleep(0.2)
    assert pending == 0


def test_kill_9_of_worker_broker_and_web_in_the_middle_of_200_submissions(
    service: Service, stage: Callable[..., Stage]
) -> None:
    staged = stage("kill", teams=4)
    rng = np.random.default_rng(2)
    files = [csv_file(rng) for _ in range(N_SUBMISSIONS)]
    tokens = list(staged.tokens.values())
    killed = {40: "worker-scoring", 90: "valkey", 140: "web", 170: "worker-scoring"}
    ids = []
    for index, body in enumerate(files):
        if index in killed:
            kill_group(service, killed[index])
        token = tokens[index % len(tokens)]
        ids.append(submit_until_received(service, slug="kill", token=token, body=body))
    wait_until_all_scored(service, ids)

    assert len(set(ids)) == N_SUBMISSIONS
    for table, column, condition in [
        ("vault_release", "submission_id", "true"),
        ("vault_rawscore", "submission_id", "metric = 'accuracy'"),
        ("vault_budgetentry", "submission_id", "kind = 'RESERVE'"),
        ("vault_budgetentry", "submission_id", "kind = 'COMMIT'"),
    ]:
        ((rows, distinct),) = query(
            service,
            f"SELECT count(*), count(DISTINCT {column}) FROM {table} "  # noqa: S608
            f"WHERE {column} = ANY(%s::uuid[]) AND {condition}",
            ids,
        )
        assert (rows, distinct) == (N_SUBMISSIONS, N_SUBMISSIONS), table
    ((total,),) = query(
        service,
        "SELECT count(*) FROM vault_submission s JOIN vault_round r ON r.id = s.round_id "
        "JOIN vault_benchmark b ON b.id = r.benchmark_id WHERE b.slug = 'kill'",
    )
    assert total == N_SUBMISSIONS
