"""For people: tables and progress bars on a terminal. For machines: one JSON document."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import IO, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from holdout.figures import figure
from holdout.records import Submission
from holdout.times import moment
from holdout.widths import folded, widths

LOG_WIDTH = 1000
# How the names of times end.
TIMES = ("_at", " at")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on: what nobody reads is not said; the command goes on, and its exit code stays what it is."""
        _to_nowhere(self.file)


class Show:
    """Answers go to standard output, everything else to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark: a name must not end the program.
            sys.stdout.reconfigure(errors="replace")
        # What an error is told with: the query is charged, so its submission must not be lost sight of.
        self.known: Submission | None = None
        self.known_id: str | None = None
        # A log has no width that an id should be cut at.
        self.out = _Console(
            highlight=False,
            soft_wrap=True,
            width=None if sys.stdout.isatty() else LOG_WIDTH,
            emoji=False,
        )
        self.err = _Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

    def document(self, content: Any) -> None:
        plain = asdict(content) if is_dataclass(content) else content  # type: ignore[arg-type]
        write(json.dumps(plain, indent=2) + "\n")

    def say(self, text: str) -> None:
        self.err.print(escape(_printable(text)))

    def answer(self, sentence: str) -> None:
        """Show of an answer what goes before its figures."""
        self.out.print(escape(_printable(sentence)))

    def table(
        self,
        rows: Sequence[Mapping[str, object]],
        columns: Sequence[str],
        *,
        yielding: str | None = None,
    ) -> None:
        """Nothing is cut. Where it is too wide, `yielding` is broken into lines, before other columns."""
        texts = [[_cell(name, row.get(name)) for name in columns] for row in rows]
        fitting = widths(
            [[name, *(row[at] for row in texts)] for at, name in enumerate(columns)],
            # An id is there to be copied.
            whole=[at for at, name in enumerate(columns) if name == "id"],
            yielding=None if yielding is None else columns.index(yielding),
            room=self.out.width,
        )
        table = Table(box=None, pad_edge=False, header_style="bold")
        for at, name in enumerate(columns):
            width = None if fitting is None else fitting[at]
            table.add_column(name, no_wrap=name == "id", overflow="fold", width=width)
            if width is not None and name not in ("id", yielding):
                for row in texts:
                    row[at] = folded(row[at], width=width)
        for cells in texts:
            table.add_row(*map(escape, cells))
        self.out.print(table)

    def facts(self, facts: Mapping[str, Any]) -> None:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in facts.items():
            table.add_row(f"[bold]{escape(name)}[/bold]", escape(_cell(name, value)))
        self.out.print(table)

    def submission(self, submission: Submission) -> None:
        if self.as_json:
            self.document(submission)
            return
        self.facts(
            {
                "submission": submission.id,
                "status": submission.status,
                "released": submission.released,
                "on display": submission.on_display,
                "outcome": submission.outcome,
                "round": submission.round,
                "submitted at": submission.submitted_at,
                "finished at": submission.finished_at,
                **({"error": submission.error_code} if submission.error_code else {}),
                **({"final": "yes"} if submission.is_final else {}),
                **({"late": "yes, after the round's end"} if submission.is_late else {}),
            }
        )

    @contextmanager
    def upload(self, size: int) -> Iterator[Callable[[int], None]]:
        """Show a bar while a file goes out, if somebody looks."""
        bar = Progress(
            TextColumn("uploading"),
            BarColumn(),
            DownloadColumn(),
            console=self.err,
            transient=True,
            disable=not self._is_watched,
        )
        with bar:
            task = bar.add_task("upload", total=size)
            yield lambda taken: bar.advance(task, taken)

    @contextmanager
    def waiting(self) -> Iterator[Callable[[Submission], None]]:
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self.err,
            transient=True,
            disable=not self._is_watched,
        )
        with bar:
            task = bar.add_task("waiting for the score", total=None)

            def watch(submission: Submission) -> None:
                self.known = submission
                bar.update(task, description=submission.status.lower())

            yield watch

    @property
    def _is_watched(self) -> bool:
        return self.err.is_terminal and not self.as_json


def _cell(name: str, value: Any) -> str:
    is_time = name.endswith(TIMES) and isinstance(value, str)
    return _printable(moment(value)) if is_time else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, float):
        return figure(value)
    return _printable(str(value))


def _printable(text: str) -> str:
    """Escape it: what another team calls itself must not steer this terminal."""
    return "".join(each if each.isprintable() else UNKNOWN for each in text)


def write(content: str | bytes) -> None:
    """Write to standard output while somebody reads it: `| head` may not end a command that is judged."""
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere(sys.stdout)


def flush() -> None:
    """Before the interpreter does it, which would end with an exit code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _to_nowhere(stream)


def _to_nowhere(stream: IO[str]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
