"""Audit a board that is not ours: `python3 run.py audit-board FILE.csv`.

It reads what the board published, needs no service, no database and no label, and sends nothing.
"""

import argparse
import json
import sys
from pathlib import Path

from audits.boards import board, examined, findings, page, wording
from audits.boards.board import Source
from audits.boards.examined import Audit
from audits.boards.findings import Metric
from audits.boards.tables import BoardError

TOP = 10


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 whatever the verdict, 2 if the board cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        audit = _audit(options)
        if options.html is not None:
            _write(options, page.write(audit=audit))
    except BoardError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        found = examined.document(audit=audit)
        text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
    else:
        text = wording.as_text(audit)
    sys.stdout.write(f"{text}\n")
    return 0


def _audit(options: argparse.Namespace) -> Audit:
    source = Source(
        file=options.file,
        private_file=options.private_file,
        entries_file=options.entries_file,
        team=options.team,
        public=options.public,
        private=options.private,
        entries=options.entries,
        is_history=options.history,
        selected=options.selected,
        without=tuple(options.without),
    )
    _check(options)
    low, high = options.range or (None, None)
    if options.range is None and options.accuracy is not None:
        low, high = 0.0, float(options.accuracy)
    metric = findings.checked(
        metric=Metric(
            greater_is_better=not options.lower_is_better,
            low=low,
            high=high,
            whole=options.accuracy,
            n_public=options.n_public,
            n_private=options.n_private,
        )
    )
    items = {"public": options.public_items, "private": options.private_items}
    return examined.examine(
        board=board.read(source=source, greater_is_better=metric.greater_is_better),
        metric=metric,
        title=options.file.name,
        top=options.top,
        items={half: file for half, file in items.items() if file is not None},
    )


def _check(options: argparse.Namespace) -> None:
    if options.top < 1:
        raise BoardError(f"--top {options.top}: at least one team is needed")
    if options.history and (options.private_file or options.entries_file or options.entries):
        raise BoardError(
            "--history: each row is a submission with both scores, and entries are counted; leave "
            "--private-file, --entries-file and --entries out"
        )
    if options.selected and not options.history:
        raise BoardError("--selected needs --history: a board has one row for each team")


def _write(options: argparse.Namespace, text: str) -> None:
    """Write the page, over an older one but never over a file that was read."""
    read = [options.file, options.private_file, options.entries_file]
    read += [options.public_items, options.private_items]
    if any(file is not None and file.resolve() == options.html.resolve() for file in read):
        raise BoardError(f"--html {options.html}: that file was read")
    try:
        options.html.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BoardError(f"{options.html} cannot be written: {error.strerror or error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py audit-board",
        description="Audit a leaderboard by what it published: does the gap between public and private score "
        "grow with the number of entries? A verdict for the board, never for a team. Nothing is sent.",
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="CSV: a row for each team with public and private score and entries; Kaggle's and Codabench's "
        "exports are known by their columns",
    )
    parser.add_argument(
        "--private-file",
        type=Path,
        metavar="FILE",
        help="the private board, where it is a file of its own",
    )
    parser.add_argument(
        "--entries-file",
        type=Path,
        metavar="FILE",
        help="entries of each team; without a column of entries its rows are counted",
    )
    for option, said in (
        ("team", "the team's name or number, in all files"),
        ("public", "the public score"),
        ("private", "the private score"),
        ("entries", "how often the team asked the public half"),
    ):
        parser.add_argument(f"--{option}", default="", metavar="COLUMN", help=f"column of {said}")
    _add_reading(parser)
    _add_metric(parser)
    parser.add_argument("--top", type=int, default=TOP, metavar="K", help="best teams to compare")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the text")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report to look at, too")
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--history",
        action="store_true",
        help="each row is a submission: a team's rows are its entries, and the best public score counts",
    )
    parser.add_argument(
        "--selected",
        default="",
        metavar="COLUMN",
        help="of a history: which submissions were selected (true, yes or 1)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="TEAM",
        help="leave a team out, such as an organizer's benchmark; may be given again",
    )


def _add_metric(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lower-is-better", action="store_true", help="scores are errors or losses"
    )
    parser.add_argument("--n-public", type=int, metavar="N", help="items of the public half")
    parser.add_argument("--n-private", type=int, metavar="N", help="items of the private half")
    parser.add_argument(
        "--range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="between which the metric lies; what is outside is told",
    )
    parser.add_argument(
        "--accuracy",
        type=float,
        choices=(1.0, 100.0),
        help="scores are shares of items, of 1 or of 100: with --n-public or --n-private, what no number "
        "of items gives is told",
    )
    for half in findings.HALVES:
        parser.add_argument(
            f"--{half}-items",
            type=Path,
            metavar="FILE",
            help=f"published items of the {half} half (CSV: team, item, score): what the board's scores do "
            "not follow from is told",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
