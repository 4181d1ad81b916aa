"""Tests that share the running service are in the unit that one process has; see tests/sharing.py."""

from pathlib import Path

import pytest

from config.settings import BASE_DIR
from tests.sharing import SERVICE, unit_of

MARK = "pytestmark = [pytest.mark.service", "pytestmark = pytest.mark.service"
FILES = sorted((BASE_DIR / "tests").rglob("test_*.py"))


def name_of(path: Path) -> str:
    return f"{path.relative_to(BASE_DIR)}::test_something[True]"


def test_tests_of_the_service_go_together() -> None:
    marked = [path for path in FILES if is_marked(path)]

    assert len(marked) > 10
    assert {unit_of(name_of(path)) for path in marked} == {SERVICE}


def is_marked(path: Path) -> bool:
    return any(line.startswith(MARK) for line in path.read_text().splitlines())


@pytest.mark.parametrize(
    "name",
    ["tests/vault/test_locks.py::test_a", "tests/service/bench/test_load.py::test_a[service]"],
)
def test_any_other_test_goes_alone(name: str) -> None:
    assert unit_of(name) == name
