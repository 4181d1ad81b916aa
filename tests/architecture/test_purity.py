"""Time and chance enter at the edges: the domain is given `now` and `rng`."""

import ast
from pathlib import Path

import pytest

from config.settings import BASE_DIR

CLOCKS = {
    "timezone.now",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "dt.datetime.now",
    "dt.datetime.utcnow",
    "dt.date.today",
    "datetime.datetime.now",
    "time.time",
}
# With no seed, each of these draws one from the machine.
UNSEEDED = {"default_rng", "np.random.default_rng", "numpy.random.default_rng", "SeedSequence"}

# Where a request, a message or a person at a terminal comes in.
EDGES = (
    "vault/api/",
    "vault/admin/",
    "vault/pages/",
    "vault/management/",
    "vault/tasks.py",
    "audits/admin/",
    "audits/tasks.py",
    "audits/management/",
    "webhooks/admin.py",
    "webhooks/api.py",
    "webhooks/tasks.py",
)

DOMAIN = sorted(
    path
    for room in ("stats", "vault", "audits", "webhooks")
    for path in (BASE_DIR / room).rglob("*.py")
    if "migrations" not in path.parts and not str(path.relative_to(BASE_DIR)).startswith(EDGES)
)


def impurities(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CLOCKS or (name in UNSEEDED and not node.args and not node.keywords):
                found.append(f"{name} in line {node.lineno}")
    return found


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_domain_reads_no_clock_and_draws_no_seed(path: Path) -> None:
    assert impurities(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    ["timezone.now()", "dt.datetime.now(dt.UTC)", "time.time()", "np.random.default_rng()"],
)
def test_impurity_is_seen(source: str) -> None:
    assert impurities(f"def f():\n    return {source}\n") == [
        f"{source.partition('(')[0]} in line 2"
    ]


def test_what_is_given_is_no_impurity() -> None:
    assert impurities("rng = np.random.default_rng(seed)\nlater = now + dt.timedelta(1)\n") == []
