"""The commands that change nothing: submissions, budget, board, audits, the template and a dry run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from holdout import tables
from holdout.errors import SettingsError
from holdout.figures import figure, grid, information
from holdout.prediction_files import opened
from holdout.records import AuditDocument, Benchmark, Budget
from holdout.session import BenchmarkName, RoundNumber, Settings, SubmissionId, failing
from holdout.shown import Show, write
from holdout.times import length, moment

# Where class 1 begins if the benchmark does not say.
WHAT_NATS_ARE = "what answers tell of the labels at most; 1 nat is 1.44 bits"
EVEN_ODDS = 0.5

Output = Annotated[Path | None, typer.Option("--output", "-o", help="Else standard output.")]
Form = Annotated[str, typer.Option("--format", help="csv or parquet")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there already.")]


def status(context: typer.Context, submission_id: SubmissionId) -> None:
    """Show a submission as it is now."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        settings.show.submission(client.submission(submission_id))


def list_submissions(
    context: typer.Context,
    benchmark: BenchmarkName,
    status: Annotated[str | None, typer.Option(help="Only those in this status.")] = None,
    round: RoundNumber = None,
) -> None:
    """List the team's own submissions, newest first."""
    settings: Settings = context.obj
    filters = {"status": status, "round": None if round is None else str(round)}
    with failing(settings.show), settings.client() as client:
        wanted = {name: value for name, value in filters.items() if value is not None}
        rows = [
            {
                **asdict(each),
                "final": "final" if each.is_final else "",
                "late": "late" if each.is_late else "",
            }
            for each in client.submissions(benchmark, **wanted)
        ]
        columns = (
            "id",
            "round",
            "sequence",
            "status",
            "final",
            # Hardly any is: then there is no column for it.
            *(["late"] if any(row["is_late"] for row in rows) else []),
            "released",
            "on_display",
            "outcome",
            "commit",
        )
        none = "No submission has this status or round." if wanted else "Nothing is handed in yet."
        _listed(settings.show, rows, columns, none=none)


def list_rounds(context: typer.Context, benchmark: BenchmarkName) -> None:
    """List the rounds, and what organizers changed about them."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client(needs_token=False) as client:
        rounds = client.rounds(benchmark)
        rows = [asdict(each) for each in rounds]
        columns = ("number", "status", "opens_at", "closes_at", "closed_at", "mechanism")
        _listed(settings.show, rows, columns, none="No round is planned yet.")
        if not settings.show.as_json:
            for each in rounds:
                for line in tables.changes(each):
                    settings.show.say(line)


def download(
    context: typer.Context,
    submission_id: SubmissionId,
    output: Output = None,
    form: Form = "csv",
    force: Force = False,
) -> None:
    """Fetch a file that the team has handed in."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        _check_output(settings.show, output, force=force)
        content = client.submission_file(submission_id, form=form)
        _deliver(settings.show, content, output=output, form=form, force=force)


def _listed(
    show: Show, rows: Sequence[Mapping[str, object]], columns: tuple[str, ...], *, none: str
) -> None:
    """Show a list: as JSON an empty list is one; to people `none` says it."""
    if show.as_json:
        show.document(rows)
    elif not rows:
        show.say(none)
    else:
        show.table(rows, columns)


def validate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", dir_okay=False)],
    benchmark: BenchmarkName,
) -> None:
    """Check a file as submit would; nothing is charged."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        with settings.show.upload(opened(file).size) as progress:
            verdict = client.validate(file, benchmark=benchmark, progress=progress)
        if settings.show.as_json:
            settings.show.document(verdict)
        version, n_items = verdict.panel_version, verdict.n_items
        settings.show.say(f"{file} is valid: {n_items} items of panel version {version}")


def template(
    context: typer.Context,
    benchmark: BenchmarkName,
    output: Output = None,
    form: Form = "csv",
    force: Force = False,
) -> None:
    """Fetch the ids to answer, as a file to fill in."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client(needs_token=False) as client:
        _check_output(settings.show, output, force=force)
        content = client.template(benchmark, form=form)
        _deliver(settings.show, content, output=output, form=form, force=force)
        if output is not None and not settings.show.as_json:
            for rule in _scoring_rules(client.benchmark(benchmark)):
                settings.show.say(rule)


def _check_output(show: Show, output: Path | None, *, force: bool) -> None:
    """Before anything is asked for. What is there may be a filled-in file; a device or a pipe is none."""
    if output is None and show.as_json:
        raise SettingsError("the file is no JSON: give --output with --json")
    if output is not None and output.is_file() and not force:
        raise _taken(output)


def _deliver(show: Show, content: bytes, *, output: Path | None, form: str, force: bool) -> None:
    if output is None:
        write(content)
        return
    _write(output, content, force=force)
    if show.as_json:
        show.document({"path": str(output), "format": form, "size": len(content)})
    show.say(f"{len(content)} bytes in {output}")


def _write(output: Path, content: bytes, *, force: bool) -> None:
    """Write it: a file that came while the answer was fetched is left alone too."""
    is_new = not force and (not output.exists() or output.is_file())
    try:
        with output.open("xb" if is_new else "wb") as file:
            file.write(content)
    except FileExistsError:
        raise _taken(output) from None


def _taken(output: Path) -> SettingsError:
    return SettingsError(f"{output} is there already: give another name, or --force")


def _scoring_rules(benchmark: Benchmark) -> list[str]:
    """Say what whoever fills in a template should know, and what no line of a CSV file could say."""
    rules = []
    if (benchmark.task, benchmark.prediction_form) == ("binary", "probability"):
        threshold = benchmark.decision_threshold or EVEN_ODDS
        rules.append(f"a probability above {threshold:g} is scored as class 1 by metrics of labels")
    clip = benchmark.probability_clip
    if clip is not None and "log_loss" in benchmark.metrics:
        rules.append(f"the log loss takes probabilities below {clip:g} as {clip:g}")
        rules.append(f"and above {1 - clip:g} as {1 - clip:g}: surer ones gain nothing")
    if benchmark.cost_matrix is not None:
        costs = json.dumps(benchmark.cost_matrix)
        rules.append(f"costs, a row for each true class, a column for each predicted: {costs}")
    return rules


def budget(context: typer.Context, benchmark: BenchmarkName, round: RoundNumber = None) -> None:
    """Show what is left, in words and in figures."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        left = client.budget(benchmark, round=round)
        if settings.show.as_json:
            settings.show.document(left)
            return
        if "summary" in left:
            settings.show.answer(left["summary"])
        settings.show.facts(_figures(left))


def _figures(left: Budget) -> dict[str, object]:
    """Show what stands behind the sentence; where the service has none, when the next query is free too."""
    window, total, pending = left["window"], left["total"], left["concurrent"]
    accepted, nats, error = left["accepted_improvements"], left["nats"], left["proven_error"]
    used, reserved = information(nats["used"]), information(nats["reserved"])
    by_answers = f"{used} of {reserved} nats reserved ({WHAT_NATS_ARE})"
    by_boards = f"{information(nats['told'])} nats (by publications and references on boards)"
    return {
        "round": left["round"],
        "in the window": f"{window['used']:,} of {window['limit']:,} used in {length(window['seconds'])}",
        "in the round": f"{total['used']:,} of {total['limit']:,} used",
        "waiting": f"{pending['used']:,} of {pending['limit']:,}",
        **({} if "summary" in left else {"next query": _next_query(left)}),
        "accepted improvements": f"{accepted['used']:,} of {accepted['limit']:,} used"
        if accepted
        else None,
        "revealed to the team": by_answers,
        "revealed to everybody": by_boards,
        "a score is off by": "nothing is guaranteed"
        if error is None
        else f"at most {figure(error)} from the same file's on endlessly many new items, in 95 of 100 rounds "
        "(by your own answers alone, not those of other teams)",
    }


def _next_query(left: Budget) -> str:
    if left["next_slot_at"] is None:
        return "never in this round"
    limits = (left["window"], left["total"], left["concurrent"])
    is_free = all(each["used"] < each["limit"] for each in limits)
    return "now" if is_free else moment(left["next_slot_at"])


def leaderboard(
    context: typer.Context,
    benchmark: BenchmarkName,
    round: RoundNumber = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Show the board: released, later fresh scores."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client(needs_token=False) as client:
        if as_csv and settings.show.as_json:
            raise SettingsError("--csv and --json exclude each other")
        if as_csv:
            # UTF-8 whatever the terminal's own encoding is, as CSV is read by programs.
            write(client.leaderboard_csv(benchmark, round=round).encode())
            return
        board = client.leaderboard(benchmark, round=round)
        if settings.show.as_json:
            settings.show.document(board)
            return
        settings.show.say(f"round {board['round']}, {board['status']}, {tables.grids(board)}")
        if board.get("unaudited"):
            settings.show.say("The round is unaudited: without a fresh holdout nobody is tested.")
        if not board["rows"]:
            settings.show.say("Nobody is on the board yet.")
            return
        _shown(settings.show, tables.board(board))


def _shown(show: Show, found: tables.Shown) -> None:
    """Show it: a name gives way before a figure does."""
    show.table(found.rows, found.columns, yielding="team")
    for note in found.notes:
        show.say(note)


def audit(
    context: typer.Context,
    audit_id: Annotated[int | None, typer.Argument(help="Else all of the benchmark.")] = None,
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", envvar="HOLDOUT_BENCHMARK", help="Its short name.")
    ] = "",
) -> None:
    """Published audits: how much of the progress is real."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client(needs_token=False) as client:
        if audit_id is None:
            if not benchmark:
                raise SettingsError("give an audit's id, or --benchmark for the list")
            columns = ("id", "round", "published_at")
            none = "No audit is published yet."
            _listed(settings.show, client.audits(benchmark), columns, none=none)
            return
        found = client.audit(audit_id)
        if settings.show.as_json:
            settings.show.document(found)
            return
        _show_audit(settings.show, found["document"])


def _show_audit(show: Show, document: AuditDocument) -> None:
    step = document["fresh_resolution"]
    rounding = "exact figures" if step is None else f"fresh figures to the nearest {grid(step)}"
    show.say(f"{document['benchmark']}, round {document['round']}: {document['headline']}")
    show.say(f"shift gate {document['shift_gate'].replace('_', ' ')}; {rounding}")
    if drawn := document.get("drawn_groups"):
        show.say(drawn["sentence"])
    _shown(show, tables.audit(document))
    for team in tables.by_rank(document["teams"]):
        show.say(f"{team['team']}: {team['sentence']}")
    show.say(document["how_to_read"])


def list_tokens(context: typer.Context) -> None:
    """List the team's tokens, without their secrets."""
    settings: Settings = context.obj
    with failing(settings.show), settings.client() as client:
        columns = ("id", "label", "prefix", "scopes", "expires_at", "last_used_at", "is_current")
        _listed(settings.show, client.tokens(), columns, none="The team has no token.")
