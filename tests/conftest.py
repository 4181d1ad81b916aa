"""Tests run on embedded PostgreSQL: `python3 run.py test` starts it and sets the environment."""

import datetime as dt

import numpy as np
import pytest
from django.core.management import call_command
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django.plugin import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.emptying import empty_tables
from tests.sharing import OneService

# A busy machine is no failure, and a failure comes again: no deadline, and the same examples each time.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Grant the roles, and empty tables quickly between tests."""
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]
    with django_db_blocker.unblock():
        call_command("grant_roles", verbosity=0)


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260301)


pytest_plugins = ["tests.vault.factories"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return OneService(config, log) if config.getoption("dist") == "load" else None
