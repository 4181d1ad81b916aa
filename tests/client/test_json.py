"""`--json`: wherever it stands, for every command."""

import json

import pytest
import typer.testing
from holdout.cli import COMMANDS, app

from tests.client.command import run
from tests.client.service import Service, a_submission, answer


@pytest.mark.parametrize("arguments", [("--json", "status", "x"), ("status", "x", "--json")])
def test_before_the_command_and_after_it(arguments: tuple[str, ...]) -> None:
    given = run(Service(answers=[answer(a_submission("SCORED"))]), *arguments)

    assert json.loads(given.stdout)["status"] == "SCORED"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_it(command: str) -> None:
    given = typer.testing.CliRunner().invoke(app, [command, "--help"])

    assert "--json " in given.stdout
