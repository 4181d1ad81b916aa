"""The command `holdout`: one line in a pipeline, and readable at a terminal."""

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from holdout import reading, submitting, verifying_commitments, verifying_draws, verifying_heads
from holdout.client import VERSION
from holdout.exit_codes import MEANINGS, ExitCode
from holdout.session import Settings, number
from holdout.shown import Show, flush

CODES = "\n".join(f"  {code.value}  {meaning}" for code, meaning in MEANINGS.items())
# The parent of all that a command line can have wrong; typer exports it under no name.
MISUSE: type[Exception] = typer.BadParameter.__mro__[1]


class Program(TyperGroup):
    """A wrong command line, too, is told to machines as one document."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(given, *rest, **{**options, "standalone_mode": False})
        except MISUSE as error:
            if "--json" in given:
                detail = error.format_message()  # type: ignore[attr-defined]
                Show(as_json=True).document({"error": {"code": "usage", "detail": detail}})
            error.show()  # type: ignore[attr-defined]
            code = ExitCode.USAGE
        flush()
        sys.exit(code if isinstance(code, int) else ExitCode.OK)


app = typer.Typer(
    name="holdout",
    cls=Program,
    help="Hand in predictions to Holdout Vault, wait for the score, read the budget and the board.",
    epilog="\b\nExit codes:\n" + CODES,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # a traceback with local variables would show the token
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")]

COMMANDS: dict[str, Callable[..., None]] = {
    "login": submitting.login,
    "submit": submitting.submit,
    "wait": submitting.wait,
    "status": reading.status,
    "list": reading.list_submissions,
    "rounds": reading.list_rounds,
    "download": reading.download,
    "cancel": submitting.cancel,
    "final": submitting.final,
    "withdraw": submitting.withdraw,
    "validate": reading.validate,
    "template": reading.template,
    "budget": reading.budget,
    "leaderboard": reading.leaderboard,
    "audit": reading.audit,
    "verify-commitment": verifying_commitments.verify_commitment,
    "verify-draw": verifying_draws.verify_draw,
    "verify-head": verifying_heads.verify_head,
    "tokens": reading.list_tokens,
    "rotate": submitting.rotate_token,
}


def _with_json(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command `--json` of its own: a bot writes it last, and the program takes it first too."""

    @wraps(command)
    def run(context: typer.Context, as_json: bool, **given: Any) -> None:
        if as_json:
            _show_json(context)
        command(context, **given)

    own = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        "as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson
    )
    # What typer reads the options from.
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), option]
    )
    run.__annotations__ = {**command.__annotations__, "as_json": AsJson}
    return run


def _show_json(context: typer.Context) -> None:
    context.obj = replace(context.obj, show=Show(as_json=True))


for _name, _command in COMMANDS.items():
    app.command(_name)(_with_json(_command))


@app.callback(invoke_without_command=True)
def settings(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The service; else HOLDOUT_URL or `login`'s.")
    ] = None,
    as_json: AsJson = False,
    insecure_http: Annotated[
        bool,
        typer.Option("--insecure-http", help="Send the token over plain HTTP to another machine."),
    ] = False,
    patience: Annotated[
        float,
        typer.Option(
            envvar="HOLDOUT_PATIENCE",
            min=0,
            callback=number,
            help="Seconds to try while the service is away.",
        ),
    ] = 120.0,
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    if version:
        sys.stdout.write(json.dumps({"version": VERSION}) if as_json else f"holdout {VERSION}")
        sys.stdout.write("\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    if not isinstance(context.obj, Settings):
        context.obj = Settings(
            url=url,
            show=Show(as_json=False),
            insecure_http=insecure_http,
            patience=patience,
        )
    if as_json:
        _show_json(context)


def main() -> None:
    app(prog_name="holdout")
