"""The rooms import each other as the contracts in pyproject.toml say, and each contract bites."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from config.settings import BASE_DIR

ROOMS = ("service", "config", "lab", "audits", "webhooks", "vault", "stats")
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
]

# Contract, a module, and an import in it that the contract must not let pass.
PLANTS = [
    ("Service, then config", "config.celery", "service.ports"),
    ("Service, then config", "vault.journal", "audits.models"),
    ("Service, then config", "audits.models", "lab.demo.desk"),
    ("Service, then config", "vault.rounds", "webhooks.outbox"),
    ("Service, then config", "audits.runs", "webhooks.models"),
    ("Service, then config", "webhooks.messages", "audits.models"),
    ("Configuration starts", "config.asgi", "subprocess"),
    ("Statistics know no web", "stats.metrics", "random"),
    ("Statistics know no web", "stats.intervals", "django.conf"),
    ("Files become arrays", "vault.files.parsing", "vault.models"),
    ("Files become arrays", "vault.files.hints", "vault.panel"),
    ("Labels are reached", "vault.submissions", "vault.sealing.holdouts"),
    ("Labels are reached", "vault.tasks", "vault.sealing.holdouts"),
    ("A disclosure is asked for", "vault.rounds", "vault.sealing.disclosures"),
    ("A correction is asked for", "vault.rounds", "vault.sealing.corrections"),
    ("A label file is reported on", "vault.sealing.label_report", "django.conf"),
    ("A label file is reported on", "vault.files.label_tables", "vault.models"),
    ("Labels are sealed where they live", "vault.sealing.prepared", "vault.models"),
    ("Envelopes are looked into", "vault.admin.envelopes", "vault.sealing.verification"),
    ("A batch of labels is sealed", "vault.sealing.batch_format", "django.conf"),
    ("A board that is not ours", "audits.boards.board", "django.conf"),
    ("A board that is not ours", "audits.boards.examined", "audits.models"),
    ("Batches of labels are opened", "vault.label_providers", "vault.sealing.label_batches"),
    ("Keys and ciphers", "vault.scoring", "vault.sealing.crypto"),
    ("Keys and ciphers", "vault.rounds", "vault.sealing.sealing_keys"),
    ("Journal heads are signed", "vault.rounds", "vault.signing_keys"),
    ("The API's process", "vault.api.service", "vault.signing_keys"),
    ("Figures are drawn by", "audits.judged", "matplotlib"),
    ("What was not released", "vault.leaderboard", "vault.history"),
    ("The API's process", "vault.api.results", "vault.release"),
    ("The API's process", "vault.submissions", "vault.scoring"),
    ("Audits touch the vault", "audits.models", "vault.budget"),
    ("Audits touch the vault", "audits.apps", "vault.history"),
    ("Audits touch the vault", "audits.models", "vault.api.representations"),
    ("Webhooks tell", "webhooks.outbox", "vault.scoring"),
    ("Webhooks tell", "webhooks.subscriptions", "vault.api.representations"),
    ("The lab's rooms", "lab.attacks.votes", "lab.leagues.players"),
    ("The lab's rooms", "lab.leagues.large_round", "lab.planning.round_plan"),
    ("What is played in memory", "lab.attacks.arena", "vault.replay"),
    ("What is played in memory", "lab.demo.rehearsal.audit", "audits.summary"),
    ("The cast sees", "lab.demo.cast.climber", "vault.models"),
    ("The cast sees", "lab.demo.cast.booster", "stats.metrics"),
    ("The client is a distribution", "holdout.client", "numpy"),
    ("The client is a distribution", "holdout.records", "vault.statuses"),
    ("The service does not need", "vault.teams.tokens", "holdout.errors"),
    ("Mechanisms share", "stats.mechanisms.exact", "stats.mechanisms.rounded"),
]

# Of these the linter names the arrows that it would remove, which need not be the planted one.
CIRCLE = ("No rooms stand in a circle", "vault.models.team", "vault.teams.tokens")


def lint(directory: Path) -> str:
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-c"),
            "from importlinter.cli import lint_imports_command as run; run()",
            *("--config", "pyproject.toml", "--no-cache"),
        ],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{directory}:{directory / 'client'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_rooms_keep_the_contracts() -> None:
    report = lint(BASE_DIR)

    assert "BROKEN" not in report, report
    for name in CONTRACTS:
        assert f"{name} KEPT" in report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the code in which every plant stands."""
    return lint(planted(PLANTS, tmp_path_factory.mktemp("planted")))


def planted(plants: Iterable[tuple[str, str, str]], copy: Path) -> Path:
    shutil.copy(BASE_DIR / "pyproject.toml", copy)
    for room in (*ROOMS, "client"):
        shutil.copytree(BASE_DIR / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for _, importer, imported in plants:
        home = copy / "client" if importer.startswith("holdout") else copy
        path = home / Path(*importer.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        path.write_text(f"{path.read_text()}\nimport {imported}\n")
    return copy


def test_circle_of_rooms_breaks_its_contract(tmp_path: Path) -> None:
    name = next(each for each in CONTRACTS if each.startswith(CIRCLE[0]))

    report = lint(planted([CIRCLE], tmp_path))

    assert f"{name} BROKEN" in report
    assert "No cycles are allowed in vault." in report
    assert [each for each in CONTRACTS if f"{each} BROKEN" in report] == [name]


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTS)
def test_planted_import_breaks_its_contract(
    contract: str, importer: str, imported: str, report: str
) -> None:
    name = next(each for each in CONTRACTS if each.startswith(contract))
    # The part of the report that explains this contract: from its heading to the next one.
    part = report.partition("Broken contracts")[2].partition(f"\n{name}\n")[2]
    others = [part.find(f"\n{other}\n") for other in CONTRACTS if f"\n{other}\n" in part]
    explained = part[: min(others)] if others else part

    assert f"{name} BROKEN" in report
    assert importer in explained
    # The linter knows packages from outside by their first name only.
    package = imported.partition(".")[0]
    assert (imported if package in (*ROOMS, "holdout") else package) in explained


def test_every_contract_has_a_plant() -> None:
    assert [
        name
        for name in CONTRACTS
        if not any(name.startswith(each) for each, _, _ in (*PLANTS, CIRCLE))
    ] == []
