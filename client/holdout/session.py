"""What every command shares: whom it speaks to, how it shows things, and how it fails."""

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from holdout import credentials
from holdout.client import Client
from holdout.credentials import Credentials
from holdout.errors import (
    HeadError,
    HoldoutError,
    InterruptedWorkError,
    InvalidFileError,
    ProblemError,
    SettingsError,
    WaitTimeoutError,
)
from holdout.exit_codes import MEANINGS, ExitCode, exit_code
from holdout.figures import figure
from holdout.shown import Show
from holdout.times import moment
from holdout.waits import Waits, waits

BenchmarkName = Annotated[
    str, typer.Option("--benchmark", "-b", envvar="HOLDOUT_BENCHMARK", help="Its short name.")
]
RoundNumber = Annotated[int | None, typer.Option("--round", help="Another round than the latest.")]
SubmissionId = Annotated[str, typer.Argument(help="The submission's id.")]


def number(value: float | None) -> float | None:
    """Nothing is worse than `nan`: it would let every score pass, and never end a wait."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("give a number")
    return value


Timeout = Annotated[
    float, typer.Option("--timeout", min=1, callback=number, help="Seconds to wait at most.")
]
FailBelow = Annotated[
    float | None,
    typer.Option(
        "--fail-below", callback=number, help="Exit 5 unless the file's own score reaches this."
    ),
]
FailUnlessImproved = Annotated[
    bool, typer.Option("--fail-unless-improved", help="Exit 5 unless the score is the best so far.")
]


@dataclass(frozen=True, kw_only=True)
class Settings:
    url: str | None
    show: Show
    insecure_http: bool
    patience: float = 120.0
    open_client: Callable[..., Client] = Client

    def credentials(self) -> Credentials:
        return credentials.found(os.environ, url=self.url)

    def client(self, credentials: Credentials | None = None, *, needs_token: bool = True) -> Client:
        known = credentials or self.credentials()
        if needs_token and not known.token:
            raise SettingsError("there is no token: set HOLDOUT_TOKEN or run `holdout login`")
        return self.open_client(
            url=known.url,
            token=known.token,
            insecure_http=self.insecure_http,
            patience=self.patience,
        )

    def waits(self) -> Waits:
        return waits(os.environ, url=self.credentials().url)


@contextmanager
def failing(show: Show) -> Iterator[None]:
    """Say in words, and in the exit code, what went wrong."""
    try:
        yield
    except HoldoutError as error:
        _tell(show, error)
        raise typer.Exit(exit_code(error)) from None
    except (KeyboardInterrupt, typer.Abort):  # the latter at a prompt
        _tell(show, InterruptedWorkError(MEANINGS[ExitCode.INTERRUPTED]))
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        _tell(show, SettingsError(f"{error.filename}: {reason}" if error.filename else reason))
        raise typer.Exit(ExitCode.USAGE) from None


def _tell(show: Show, error: HoldoutError) -> None:
    data = _data(error)
    if show.as_json:
        detail = error.detail if isinstance(error, ProblemError) else str(error)
        show.document({"error": {**data, "code": error.code, "detail": detail}, **_known(show)})
    show.say(f"holdout: {error}")
    if show.known is not None:
        released = (
            "" if show.known.released is None else f", released {figure(show.known.released)}"
        )
        show.say(f"  submission {show.known.id} is {show.known.status}{released}")
    elif show.known_id is not None:
        show.say(f"  submission {show.known_id}")
    is_broken_off = isinstance(error, InterruptedWorkError) and show.known_id is not None
    if is_broken_off or isinstance(error, WaitTimeoutError):
        show.say("  `holdout wait` goes on waiting")
    for line in _lines(error):
        show.say(f"  {line}")
    if data.get("next_slot_at"):
        show.say(f"  the next query is free at {moment(str(data['next_slot_at']))}")


def _lines(error: HoldoutError) -> list[str]:
    """What an error says of each row of a file, or the heads that contradict each other."""
    if isinstance(error, HeadError):
        return [json.dumps(each) for each in error.evidence]
    lines = []
    for each in error.problems if isinstance(error, InvalidFileError) else ():
        place = f"row {each['row']}" if each.get("row") is not None else "file"
        lines.append(f"{place}, {each.get('column') or 'all columns'}: {each.get('problem')}")
    return lines


def _data(error: HoldoutError) -> dict[str, Any]:
    if isinstance(error, HeadError):
        return {"evidence": error.evidence}
    return error.data if isinstance(error, ProblemError) else {}


def _known(show: Show) -> dict[str, Any]:
    """Return the submission as it was last seen; its id alone before the first answer."""
    if show.known is not None:
        return {"submission": asdict(show.known)}
    return {} if show.known_id is None else {"submission": {"id": show.known_id}}
