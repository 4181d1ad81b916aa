"""Print the report on a label file without sealing it: `python3 run.py check-labels FILE ...`.

It needs no service, no database and no key, so it runs where the labels live.
"""

import argparse
import sys
from pathlib import Path

from vault.errors import InvalidFileError, SealingError, VaultError
from vault.files import label_tables
from vault.sealing import label_report, seal_arguments


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 without a warning, 1 with one, 2 if the file cannot be sealed so."""
    options = _parser().parse_args(arguments)
    shards = seal_arguments.shards_of(vars(options))
    classes = tuple(options.classes or ())
    try:
        if options.stratify and options.regression:
            raise SealingError(
                "only classes can be drawn from separately, and this is a regression"
            )
        labels = label_tables.read(
            body=options.file.read_bytes(),
            content_type=seal_arguments.content_type_of(options.file),
            classes=classes,
        )
        report = label_report.report_of(
            labels=labels,
            classes=classes,
            shards=shards,
            stratify=options.stratify,
            loss_cap=None if classes else options.loss_cap,
        )
    except (VaultError, OSError) as error:
        text = error.listed() if isinstance(error, InvalidFileError) else str(error)
        if isinstance(error, OSError):
            text = f"{options.file} cannot be read: {error.strerror or error}"
        sys.stderr.write(f"{text}\n")
        return 2
    sys.stdout.write(label_report.as_text(report) + "\n")
    return int(bool(report.warnings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py check-labels",
        description="What whoever seals this label file should know first. Nothing is sealed or sent.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV or Parquet: id, label, ...")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "--classes",
        nargs="+",
        metavar="CLASS",
        help="the benchmark's classes in their order; of two the second is the positive one",
    )
    task.add_argument("--regression", action="store_true", help="the labels are numbers")
    parser.add_argument(
        "--loss-cap",
        type=float,
        metavar="X",
        help="of a regression: the benchmark's loss cap, to be compared with the labels' spread",
    )
    seal_arguments.add_to(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
