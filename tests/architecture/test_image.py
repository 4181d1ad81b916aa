"""The container image carries no lab: every process starts without it, and no door installs it at all."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import BASE_DIR

SITES = ("api", "admin", "none")
LAB_COMMANDS = {
    *("demo", "rehearse_demo", "tabulate_demos", "stage_benchmark"),
    *("simulate", "calibrate", "plan_round"),
}
START = """
import importlib, json, sys
import django
django.setup()
from django.conf import settings
from django.core.management import call_command, get_commands
importlib.import_module(settings.ROOT_URLCONF)
for entry in ("config.wsgi", "config.celery", "audits.tasks", "vault.tasks"):
    if entry.startswith("config") or settings.SITE == "none":
        importlib.import_module(entry)
call_command("check")
rooms = {name.partition(".")[0] for name in sys.modules}
print(json.dumps({"commands": sorted(get_commands()), "rooms": sorted(rooms)}))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's part of the image: what the Dockerfile copies."""
    made = tmp_path_factory.mktemp("image")
    copied = re.findall(r"^COPY (?!--)(\S+) \./", (BASE_DIR / "Dockerfile").read_text(), re.M)
    for name in copied:
        source = BASE_DIR / name
        if source.is_dir():
            shutil.copytree(source, made / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, made / name)
    return made


def started(directory: Path, *, site: str) -> dict[str, set[str]]:
    """The commands and the imported packages of a process that has loaded all that it serves."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", START],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(directory),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HOLDOUT_VAULT_SITE": site,
            "HOLDOUT_VAULT_SECRET_KEY": "test",
            "HOLDOUT_VAULT_DATABASE_HOST": "/nonexistent",
            "HOLDOUT_VAULT_DATABASE_USER": "test",
            "HOLDOUT_VAULT_DATABASE_PASSWORD": "test",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {name: set(values) for name, values in found.items()}


@pytest.mark.parametrize("site", SITES)
def test_every_process_starts_without_the_lab(image: Path, site: str) -> None:
    assert not (image / "lab").exists()

    found = started(image, site=site)

    assert found["rooms"].isdisjoint({"lab", "service"})
    assert found["commands"].isdisjoint(LAB_COMMANDS)
    assert found["commands"] >= {"migrate", "grant_roles", "seal_holdout", "verify_journal"}


def test_commands_of_the_lab_are_there_where_its_package_is() -> None:
    assert started(BASE_DIR, site="none")["commands"] >= LAB_COMMANDS


@pytest.mark.parametrize("site", ["api", "admin"])
def test_no_door_installs_the_lab_where_its_package_is(site: str) -> None:
    found = started(BASE_DIR, site=site)

    assert "lab" not in found["rooms"]
    assert found["commands"].isdisjoint(LAB_COMMANDS)
