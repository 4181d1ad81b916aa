"""The command `holdout`: one line in a pipeline, and readable at a terminal."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from holdout import reading, submitting
from holdout.client import VERSION
from holdout.exit_codes import MEANINGS
from holdout.session import Settings
from holdout.shown import Show

CODES = "\n".join(f"  {code.value}  {meaning}" for code, meaning in MEANINGS.items())
app = typer.Typer(
    name="holdout",
    help="Hand in predictions to Holdout Vault, wait for the score, read the budget and the board.",
    epilog="\b\nExit codes:\n" + CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would show the token
    rich_markup_mode=None,
)

COMMANDS: dict[str, Callable[..., None]] = {
    "login": submitting.login,
    "submit": submitting.submit,
    "wait": submitting.wait,
    "status": reading.status,
    "list": reading.list_submissions,
    "cancel": submitting.cancel,
    "final": submitting.final,
    "withdraw": submitting.withdraw,
    "validate": reading.validate,
    "template": reading.template,
    "budget": reading.budget,
    "leaderboard": reading.leaderboard,
    "audit": reading.audit,
    "tokens": reading.list_tokens,
    "rotate": submitting.rotate_token,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


@app.callback(invoke_without_command=True)
def settings(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The service; else HOLDOUT_URL or `login`'s.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document, for machines.")
    ] = False,
    insecure_http: Annotated[
        bool, typer.Option(help="Send the token over plain HTTP to another machine.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(envvar="HOLDOUT_PATIENCE", min=0, help="Seconds to try while it is away."),
    ] = 120.0,
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    if version:
        sys.stdout.write(f"holdout {VERSION}\n")
        raise typer.Exit
    if not isinstance(context.obj, Settings):
        context.obj = Settings(
            url=url,
            show=Show(as_json=as_json),
            insecure_http=insecure_http,
            patience=patience,
        )


def main() -> None:
    app()
