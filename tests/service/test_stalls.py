"""Teams do not wait long for what the installation lost: with the settings of an installation."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from config import settings
from service.processes import Service, running
from tests.service.staging import client, csv_file, query
from tests.service.test_kill import kill_group

pytestmark = [pytest.mark.service, pytest.mark.live]


@pytest.fixture(scope="module")
def installed() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="hv-stalls-") as name:
        Path(name).chmod(0o755)
        with running(home=Path(name), port=0, admin_port=0, say=lambda text: None) as service:
            yield service


def signal_group(service: Service, name: str, number: signal.Signals) -> None:
    (program,) = [each for each in service.programs if each.name == name]
    assert program.process is not None
    os.killpg(program.process.pid, number)


def submitted(service: Service, *, slug: str, n: int) -> list[str]:
    """So many files of a team of its own."""
    printed = service.output_of("stage_benchmark", "--slug", slug, "--teams=1")
    rng = np.random.default_rng(8)
    ids = []
    with client(service, next(iter(json.loads(printed).values()))) as http:
        for _ in range(n):
            response = http.post(
                f"benchmarks/{slug}/submissions/",
                content=csv_file(rng),
                headers={"Content-Type": "text/csv"},
            )
            assert response.status_code == 202, response.text
            ids.append(str(response.json()["id"]))
    return ids


def seconds_until_scored(service: Service, ids: list[str], *, patience: float) -> float:
    since = time.monotonic()
    statement = (
        "SELECT count(*) FROM vault_submission WHERE id = ANY(%s::uuid[]) AND status = 'SCORED'"
    )
    while query(service, statement, ids) != [(len(ids),)]:
        service.supervise()
        assert time.monotonic() - since < patience
        time.sleep(0.1)
    return time.monotonic() - since


def test_killed_worker_stalls_its_teams_for_less_than_fifteen_seconds(installed: Service) -> None:
    signal_group(installed, "worker-scoring", signal.SIGSTOP)
    ids = submitted(installed, slug="stalled", n=1)
    query(
        installed,
        "UPDATE vault_submission SET status = 'SCORING', fence = 1, claimed_at = clock_timestamp(), "
        "leased_until = clock_timestamp() + make_interval(secs => %s) WHERE id = %s::uuid "
        "RETURNING id",
        settings.LEASE_SECONDS,
        ids[0],
    )

    kill_group(installed, "worker-scoring")

    assert seconds_until_scored(installed, ids, patience=60) < 15


def test_storage_that_is_away_for_a_second_costs_no_query(installed: Service) -> None:
    signal_group(installed, "worker-scoring", signal.SIGSTOP)
    ids = submitted(installed, slug="away", n=16)
    stored = installed.home / "files" / "predictions"
    away = stored.with_name("away")

    stored.rename(away)
    signal_group(installed, "worker-scoring", signal.SIGCONT)
    time.sleep(1.5)
    away.rename(stored)

    seconds_until_scored(installed, ids, patience=30)
    ((n_faults, kinds),) = query(
        installed,
        "SELECT sum(n_faults), (SELECT array_agg(DISTINCT kind ORDER BY kind) FROM vault_budgetentry "
        "WHERE submission_id = ANY(%s::uuid[])) FROM vault_submission WHERE id = ANY(%s::uuid[])",
        ids,
        ids,
    )
    assert int(str(n_faults)) >= 1
    assert kinds == ["COMMIT", "RESERVE"]
