"""The commands that change something: log in, hand in, wait, cancel, declare final, withdraw, rotate."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from holdout import credentials, judging, pipeline
from holdout.client import Client
from holdout.credentials import Credentials
from holdout.errors import AnswerError, RefusedError, SettingsError
from holdout.exit_codes import ExitCode
from holdout.prediction_files import opened
from holdout.records import Provenance, Submission
from holdout.session import (
    BenchmarkName,
    FailBelow,
    FailUnlessImproved,
    Settings,
    SubmissionId,
    Timeout,
    failing,
)
from holdout.times import length

NOT_FOUND = 404
HANDED_IN_BEFORE = "holdout: handed in before: the same submission, nothing charged"


def login(context: typer.Context) -> None:
    """Keep an address and its token, readable by you alone."""
    settings: Settings = context.obj
    with failing(settings.show):
        entered = Credentials(url=settings.credentials().url, token=_asked())
        if not entered.token:
            raise SettingsError("no token was entered")
        with settings.client(entered) as client:
            n_tokens = len(client.tokens())
        path = credentials.store(os.environ, entered)
        if settings.show.as_json:
            settings.show.document({"url": entered.url, "path": str(path), "n_tokens": n_tokens})
        settings.show.say(f"the token is valid ({n_tokens} of the team's); kept in {path}")


def _asked() -> str:
    """Ask a person without an echo, or from a pipe."""
    is_person = sys.stdin.isatty()
    text = typer.prompt("Token", hide_input=True, err=True) if is_person else sys.stdin.readline()
    return str(text).strip()


def submit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", dir_okay=False)],
    benchmark: BenchmarkName,
    wait: Annotated[bool, typer.Option("--wait", help="Until the score is there.")] = False,
    timeout: Timeout = 600.0,
    final: Annotated[bool, typer.Option("--final", help="Declare it the team's final.")] = False,
    fail_below: FailBelow = None,
    fail_unless_improved: FailUnlessImproved = False,
    model_name: Annotated[str, typer.Option(help="What you call the model.")] = "",
    commit: Annotated[str, typer.Option(help="Else the pipeline's.")] = "",
    ci_run_url: Annotated[str, typer.Option(help="Else the pipeline's.")] = "",
    validation_score: Annotated[float | None, typer.Option(help="Your own.")] = None,
    latency_p95_ms: Annotated[float | None, typer.Option(min=0, help="As you measured.")] = None,
    cost_per_1000: Annotated[float | None, typer.Option(min=0, help="As you measured.")] = None,
) -> None:
    """Hand in a file, once, however often this is run."""
    settings: Settings = context.obj
    provenance = Provenance(
        model_name=model_name,
        commit=commit or pipeline.commit(os.environ),
        ci_run_url=ci_run_url or pipeline.run_url(os.environ),
        validation_score=validation_score,
        latency_p95_ms=latency_p95_ms,
        cost_per_1000=cost_per_1000,
    )
    is_waited_for = wait or final or fail_below is not None or fail_unless_improved
    with failing(settings.show), settings.client() as client:
        end = client.now() + timeout
        with settings.show.upload(opened(file).size) as progress:
            made = client.submit(
                file,
                benchmark=benchmark,
                provenance=provenance,
                queueing=timeout if is_waited_for else None,
                progress=progress,
                known=lambda _: settings.show.say(HANDED_IN_BEFORE),
            )
        settings.show.known, settings.show.known_id = made, made.id
        if is_waited_for:
            # What the slot took is gone; one look is always left.
            left = max(1.0, end - client.now())
            made = _waited(settings, client, made.id, timeout=left)
            if final and made.status == "SCORED":
                made = _declared(settings, client, made.id)
        _end(settings, client, made, fail_below, fail_unless_improved)


def wait(
    context: typer.Context,
    submission_id: Annotated[
        str | None, typer.Argument(help="Else the last that broke off in this directory.")
    ] = None,
    timeout: Timeout = 600.0,
    fail_below: FailBelow = None,
    fail_unless_improved: FailUnlessImproved = False,
) -> None:
    """Wait for a score, or go on where a wait broke off."""
    settings: Settings = context.obj
    with failing(settings.show):
        name = submission_id or settings.waits().latest()
        if name is None:
            raise SettingsError("no wait has broken off: give a submission's id")
        with settings.client() as client:
            made = _waited(settings, client, name, timeout=timeout)
            _end(settings, client, made, fail_below, fail_unless_improved)


def _waited(settings: Settings, client: Client, name: str, *, timeout: float) -> Submission:
    """Noted on disk for as long as it lasts, if that can be: the query is charged, so the wait goes on."""
    settings.show.known_id = name
    kept = settings.waits()
    try:
        kept.begin(name)
    except OSError as error:
        reason = f"{kept.path} cannot be written ({error.strerror})"
        settings.show.say(f"holdout: {reason}; if this breaks off: `holdout wait {name}`")
    try:
        with settings.show.waiting() as watch:
            made = client.wait(name, timeout=timeout, watch=watch)
    except SettingsError:  # no name at all
        kept.end(name)
        raise
    except RefusedError as error:
        if error.status == NOT_FOUND:
            kept.end(name)
        raise
    kept.end(name)
    return made


def _end(
    settings: Settings,
    client: Client,
    made: Submission,
    fail_below: float | None,
    fail_unless_improved: bool,
) -> None:
    """Judged before it is shown: what fails on the way is told with it, in one document."""
    code = ExitCode.OK
    if not made.is_pending:
        code = _judged(settings, client, made, fail_below, fail_unless_improved)
    settings.show.submission(made)
    if code != ExitCode.OK:
        raise typer.Exit(code)


def _judged(
    settings: Settings,
    client: Client,
    made: Submission,
    fail_below: float | None,
    fail_unless_improved: bool,
) -> ExitCode:
    if made.status not in ("SCORED", "WITHDRAWN"):
        return ExitCode.NOT_SCORED
    if fail_below is None and not fail_unless_improved:
        return ExitCode.OK
    greater = client.benchmark(made.benchmark).greater_is_better
    if fail_below is not None and judging.is_below(
        made, threshold=fail_below, greater_is_better=greater
    ):
        settings.show.say(f"holdout: {judging.shortfall(made, threshold=fail_below)}")
        return ExitCode.BELOW_THRESHOLD
    if fail_unless_improved:
        earlier = client.submissions(made.benchmark, round=str(made.round))
        if not judging.has_improved(made, earlier, greater_is_better=greater):
            settings.show.say(f"holdout: the score has not improved ({made.outcome})")
            return ExitCode.BELOW_THRESHOLD
    return ExitCode.OK


def cancel(context: typer.Context, submission_id: SubmissionId) -> None:
    """Take back a submission that waits; its query is free."""
    _shown(context, lambda client: client.cancel(submission_id))


def final(context: typer.Context, submission_id: SubmissionId) -> None:
    """Declare the submission that the team is judged by."""
    settings: Settings = context.obj
    _shown(context, lambda client: _declared(settings, client, submission_id))


def _declared(settings: Settings, client: Client, submission_id: str) -> Submission:
    made = client.declare_final(submission_id)
    warning = judging.without_a_value(made)
    if warning is not None:
        settings.show.say(f"holdout: {warning}; `holdout final` declares another")
    return made


def withdraw(context: typer.Context, submission_id: SubmissionId) -> None:
    """Take a submission off the board; it stays charged."""
    _shown(context, lambda client: client.withdraw(submission_id))


def _shown(context: typer.Context, act: Callable[[Client], Submission]) -> None:
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        settings.show.submission(act(client))


def rotate_token(
    context: typer.Context,
    grace: Annotated[
        int, typer.Option(min=0, max=86400, help="Seconds that the old one lives.")
    ] = 3600,
) -> None:
    """Replace the token that is kept, unseen."""
    settings: Settings = context.obj
    with failing(settings.show):
        if os.environ.get("HOLDOUT_TOKEN") or os.environ.get("HOLDOUT_TOKEN_FILE"):
            raise SettingsError(
                "the token comes from the environment: only a stored one is rotated"
            )
        # Written once before, so that the new token cannot be lost for want of a place.
        credentials.store(os.environ, settings.credentials())
        with settings.client() as client:
            current = next((each["id"] for each in client.tokens() if each["is_current"]), None)
            if current is None:
                raise AnswerError("the service does not list the token that it was asked with")
            made = client.rotate_token(current, grace_seconds=grace)
        entered = Credentials(url=settings.credentials().url, token=made["token"])
        path = credentials.store(os.environ, entered)
        if settings.show.as_json:
            kept = {name: value for name, value in made.items() if name != "token"}
            settings.show.document({**kept, "path": str(path), "grace_seconds": grace})
        settings.show.say(f"a new token is kept in {path}; the old one ends in {length(grace)}")
