"""The client as it is installed: from its own distribution into an empty environment."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.processes import PROJECT

pytestmark = pytest.mark.service

# What pip says where no index answers; any other failure is the distribution's.
NO_INDEX = ("No matching distribution found", "Could not find a version", "Connection")


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "pip"), "install", "--quiet", "--retries", "1"]
    done = subprocess.run(
        [*pip, str(PROJECT / "client")], capture_output=True, text=True, check=False
    )
    if done.returncode and any(each in done.stderr for each in NO_INDEX):
        pytest.skip("pip reaches no package index: the client's distribution was not installed")
    assert done.returncode == 0, done.stderr
    return place / "bin"


def test_installed_command_runs(binaries: Path) -> None:
    done = subprocess.run(
        [str(binaries / "holdout"), "--help"],
        cwd=binaries,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "submit" in done.stdout
    assert "Exit codes" in done.stdout


def test_nothing_of_the_service_comes_along(binaries: Path) -> None:
    listed = subprocess.run(
        [str(binaries / "pip"), "list", "--format", "freeze"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}

    assert {"holdout-client", "httpx", "typer", "rich"} <= names
    assert not names & {"django", "djangorestframework", "numpy", "holdout-vault"}
