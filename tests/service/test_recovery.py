"""What the running service recovers from: killed servers and leaders, and scorings that hang."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from service import leftovers, ports
from service.processes import Service, running, start_that_answers
from service.programs import Program
from tests.service.staging import client, csv_file, query, session
from tests.service.test_kill import submit_until_received

pytestmark = [pytest.mark.service, pytest.mark.live]

PATIENCE = 240  # seconds; a slow machine needs many of them


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hv-recovery-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def recovering(home: Path, said: list[str]) -> Iterator[Service]:
    with running(
        home=home, port=0, admin_port=0, say=said.append, SCORING_SECONDS="8", SWEEP_SECONDS="2"
    ) as service:
        yield service


def wait_until(service: Service, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        service.supervise()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def named(service: Service, name: str) -> Program:
    (program,) = (each for each in service.programs if each.name == name)
    return program


def kill_leader(program: Program) -> int:
    assert program.process is not None
    program.process.send_signal(signal.SIGKILL)
    return program.process.pid


def staged(service: Service, slug: str) -> str:
    """A benchmark with one team, whose token it is."""
    (token,) = json.loads(
        service.output_of("stage_benchmark", "--slug", slug, "--teams=1")
    ).values()
    return str(token)


def statuses(service: Service, slug: str) -> list[str]:
    rows = query(
        service,
        "SELECT s.status FROM vault_submission s JOIN vault_round r ON r.id = s.round_id "
        "JOIN vault_benchmark b ON b.id = r.benchmark_id WHERE b.slug = %s ORDER BY s.sequence",
        slug,
    )
    return [str(status) for (status,) in rows]


def is_up(service: Service) -> bool:
    try:
        return query(service, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize("name", ["database", "valkey"])
def test_killed_server_comes_back_and_no_query_is_lost(
    recovering: Service, said: list[str], name: str
) -> None:
    token = staged(recovering, f"killed-{name}")
    program = recovering.database if name == "database" else named(recovering, name)
    assert program is not None
    rng = np.random.default_rng(17)
    said.clear()
    for number in range(12):
        if number == 6:
            kill_leader(program)
            wait_until(recovering, lambda: any(program.name in each for each in said))
        wait_until(recovering, lambda: is_up(recovering))
        submit_until_received(recovering, slug=f"killed-{name}", token=token, body=csv_file(rng))

    wait_until(recovering, lambda: statuses(recovering, f"killed-{name}") == ["SCORED"] * 12)

    told = f"{program.name} ended (killed by signal 9), was started again; see {program.log}"
    assert told in said
    kinds = query(
        recovering,
        "SELECT e.kind, count(*), count(DISTINCT submission_id) FROM vault_budgetentry e "
        "JOIN vault_submission s ON s.id = e.submission_id JOIN vault_round r ON r.id = s.round_id "
        "JOIN vault_benchmark b ON b.id = r.benchmark_id WHERE b.slug = %s GROUP BY 1 ORDER BY 1",
        f"killed-{name}",
    )
    assert kinds == [("COMMIT", 12, 12), ("RESERVE", 12, 12)]


def test_killed_web_leader_leaves_nobody_on_its_port(recovering: Service) -> None:
    web = named(recovering, "web")
    group = kill_leader(web)

    wait_until(recovering, lambda: web.process is not None and web.process.pid != group)

    assert members(group) == []
    wait_until(
        recovering, lambda: start_that_answers(f"{recovering.url}/readyz") == recovering.start
    )


def members(group: int) -> list[int]:
    found = (leftovers.look(int(path.name)) for path in leftovers.PROC.glob("[0-9]*"))
    return [
        each.pid for each in found if each is not None and each.is_alive and each.group == group
    ]


def test_scoring_that_hangs_fails_and_the_worker_goes_on(recovering: Service) -> None:
    """It waits for a row that another session holds, as for a lock that nobody gives back."""
    token = staged(recovering, "hanging")
    rng = np.random.default_rng(18)
    with session(recovering) as holder:
        holder.execute("LOCK TABLE vault_release IN SHARE MODE")
        submit_until_received(recovering, slug="hanging", token=token, body=csv_file(rng))
        wait_until(recovering, lambda: statuses(recovering, "hanging") == ["FAILED"])
        holder.rollback()

    with client(recovering, token) as http:
        (listed,) = http.get("benchmarks/hanging/submissions/").json()["results"]
    assert listed["error_code"] == "scoring_failed"
    submit_until_received(recovering, slug="hanging", token=token, body=csv_file(rng))
    wait_until(recovering, lambda: statuses(recovering, "hanging") == ["FAILED", "SCORED"])


def test_all_processes_run_the_copy_that_was_taken_at_the_start(
    recovering: Service, home: Path
) -> None:
    assert recovering.code.parent == home / "code"
    worker = named(recovering, "worker-scoring")
    group = kill_leader(worker)
    wait_until(recovering, lambda: worker.process is not None and worker.process.pid != group)

    for program in recovering.programs:
        assert program.process is not None
        if program.name != "valkey":
            directory = os.readlink(f"/proc/{program.process.pid}/cwd")
            assert directory == str(recovering.code), program.name


def test_second_service_takes_another_port_and_keeps_it(recovering: Service) -> None:
    taken = int(recovering.url.rpartition(":")[2])
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hv-recovery-") as name:
        found = []
        for _ in range(2):
            with ports.held(home=Path(name), door=ports.API, asked=taken, say=said.append) as port:
                found.append(port)

    assert found[0] == found[1] != taken
    assert said[0].startswith(f"port {taken} is taken by another Holdout Vault: the API is on port")
