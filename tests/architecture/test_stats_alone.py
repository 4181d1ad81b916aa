"""`stats/` stands on numpy, scipy and scikit-learn alone, and is tested where nothing else is installed."""

import re
import subprocess
import sys
from pathlib import Path

from config.settings import BASE_DIR

# What a test needs beside what the statistics need.
TEST_TOOLS = {"pytest", "hypothesis", "coverage"}
BLOCKED = (
    *("django", "rest_framework", "celery", "kombu", "redis", "psycopg", "pyarrow", "httpx"),
    *("cryptography", "whitenoise", "granian", "uuid_utils"),
    *("service", "config", "lab", "audits", "webhooks", "vault"),
)
IMPORT_ALL = f"""
import importlib, pkgutil, sys
for name in {BLOCKED!r}:
    sys.modules[name] = None  # importing it now raises ImportError
import stats
for module in pkgutil.walk_packages(stats.__path__, prefix="stats."):
    importlib.import_module(module.name)
    print(module.name)
"""


def entries(name: str) -> dict[str, str]:
    """Of each pin of a lock file, marker included: the whole entry with its hashes."""
    found = re.findall(r"^\S.*?(?=^\S|\Z)", (BASE_DIR / name).read_text(), flags=re.M | re.S)
    return {entry.partition("\\")[0].strip(): entry for entry in found}


def test_every_module_is_imported_where_nothing_else_can_be() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALL],
        cwd=BASE_DIR,
        env={"PYTHONPATH": str(BASE_DIR), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    files = [path for path in (BASE_DIR / "stats").rglob("*.py") if path.name != "__init__.py"]

    assert done.returncode == 0, done.stderr
    assert {"stats." + ".".join(_below_stats(path)) for path in files} <= set(done.stdout.split())


def _below_stats(path: Path) -> tuple[str, ...]:
    return path.relative_to(BASE_DIR / "stats").with_suffix("").parts


def test_pins_are_those_of_the_whole_test_environment() -> None:
    whole = entries("requirements-dev.lock")
    alone = entries("requirements-stats.lock")

    assert alone
    assert {pin: whole.get(pin) for pin in alone} == alone


def test_a_package_is_pinned_for_every_python_or_not_at_all() -> None:
    names = {pin.partition("==")[0] for pin in entries("requirements-stats.lock")}
    whole = entries("requirements-dev.lock")

    assert names >= {"numpy", "scipy", "scikit-learn"} | TEST_TOOLS
    assert {pin for pin in whole if pin.partition("==")[0] in names} == set(
        entries("requirements-stats.lock")
    )


def test_no_blocked_package_is_pinned() -> None:
    names = {pin.partition("==")[0].replace("-", "_") for pin in entries("requirements-stats.lock")}

    assert names.isdisjoint({*BLOCKED, "djangorestframework", "psycopg_binary"})
