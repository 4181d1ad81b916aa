"""Running the command line against a made-up service."""

from typing import Any

import typer.testing
from holdout.cli import app
from holdout.session import Settings
from holdout.shown import Show

from tests.client.service import TOKEN, Service


def run(service: Service, *arguments: str, as_json: bool = False, entered: str = "") -> Any:
    settings = Settings(
        url=None,
        show=Show(as_json=as_json),
        insecure_http=False,
        open_client=lambda **given: service.client(),
    )
    given = typer.testing.CliRunner().invoke(app, arguments, obj=settings, input=entered)
    assert TOKEN not in given.output
    if given.exception is not None and not isinstance(given.exception, SystemExit):
        raise given.exception
    return given
