"""The whole service as processes, once for all service tests, in a state directory of its own."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.home import OWNER
from service.processes import PROJECT, Service, running
from tests.service.staging import Stage


@pytest.fixture(scope="session")
def of_one_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second process with tests of the service would start another one, and disturb what is timed here."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        mine = tmp_path_factory.getbasetemp()
        (mine.parent / "has-the-service").touch(exist_ok=False)


@pytest.fixture(scope="session")
def service(of_one_process: None) -> Iterator[Service]:
    """Leases of three seconds and a sweep each second, so that recovery can be watched."""
    with (
        tempfile.TemporaryDirectory(prefix="hv-service-") as name,
        running(
            home=_opened(Path(name)),
            port=0,
            admin_port=0,
            say=lambda text: None,
            LEASE_SECONDS="3",
            SWEEP_SECONDS="1",
            # Above what a test of anything else asks.
            ANONYMOUS_REQUESTS_PER_MINUTE="3000",
            PARSES_PER_MINUTE="400",
            WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8",
            # Receivers of tests listen where there is room.
            WEBHOOK_PORTS="1-65535",
            WEBHOOK_SECONDS="0.5",
        ) as service,
        _supervised(service),
    ):
        yield service


@contextmanager
def _supervised(service: Service) -> Iterator[None]:
    """What a test kills is started again, by one thread: programs end with the thread that started them."""
    stopped = threading.Event()

    def supervise() -> None:
        while not stopped.wait(0.1):
            service.supervise()

    thread = threading.Thread(target=supervise)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _opened(home: Path) -> Path:
    home.chmod(0o755)
    return home


@pytest.fixture(scope="session")
def stager(service: Service) -> Iterator[subprocess.Popen[str]]:
    """One process that stages all benchmarks of the session."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.service.stager"],
        env={
            **service.environment(role=OWNER),
            "PYTHONPATH": str(PROJECT),  # the service's copy of the code has no tests
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.communicate()


@pytest.fixture
def stage(stager: subprocess.Popen[str]) -> Callable[..., Stage]:
    def set_up(slug: str, **options: int) -> Stage:
        assert stager.stdin is not None
        assert stager.stdout is not None
        arguments = [f"--{name}={value}" for name, value in options.items()]
        stager.stdin.write(json.dumps(["--slug", slug, *arguments]) + "\n")
        stager.stdin.flush()
        printed = stager.stdout.readline()
        assert printed, f"{slug} was not staged; stderr says why"
        return Stage(slug=slug, tokens=json.loads(printed))

    return set_up
