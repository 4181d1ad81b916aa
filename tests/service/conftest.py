"""The whole service as processes, once for all service tests, in a state directory of its own."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.service import Service, running
from tests.service.staging import Stage


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
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
        ) as service,
    ):
        yield service


def _opened(home: Path) -> Path:
    home.chmod(0o755)
    return home


@pytest.fixture
def stage(service: Service) -> Callable[..., Stage]:
    def set_up(slug: str, **options: int) -> Stage:
        arguments = [f"--{name}={value}" for name, value in options.items()]
        printed = service.output_of("stage_benchmark", "--slug", slug, *arguments)
        return Stage(slug=slug, tokens=json.loads(printed))

    return set_up
