"""Seal a label file where it lives: `python3 run.py seal --public-keys FILE --labels FILE ... -o ENVELOPE`.

It needs no service, no database and no private key. What it writes holds no label in the clear, so the
machine of the service never sees one.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

import pyarrow.compute as pc

from stats.drawing import SEED_BYTES
from vault.errors import InvalidFileError, SealingError, VaultError
from vault.files import label_tables, panel_files
from vault.files.columns import ID_KINDS, Kind
from vault.files.label_tables import LabelTable
from vault.sealing import draws, envelopes, label_report, prepared, seal_arguments, sealing_sheet
from vault.sealing.sealing_sheet import Sheet
from vault.sealing.terms import check_labels


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 sealed, 1 a warning is not confirmed, 2 it cannot be sealed so."""
    options = _parser().parse_args(arguments)
    try:
        sheet = sealing_sheet.read(options.public_keys.read_bytes())
        labels = _labels(options, sheet)
        return _sealed(options, sheet, labels)
    except InvalidFileError as error:
        sys.stderr.write(f"{options.labels}: {error.listed()}\n")
    except VaultError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror or error}\n")
    return 2


def _labels(options: argparse.Namespace, sheet: Sheet) -> LabelTable:
    """Read the label file as this benchmark's, and refuse items that are sealed already."""
    kind = Kind.KEY if sheet.panel is None else ID_KINDS[sheet.panel.id_kind]
    labels = label_tables.read(
        body=options.labels.read_bytes(),
        content_type=seal_arguments.content_type_of(options.labels),
        classes=sheet.terms.classes,
        id_kind=kind,
    )
    check_labels(terms=sheet.terms, labels=labels)
    if options.panel is None:
        return labels
    if sheet.panel is None:
        raise SealingError("there is no panel yet: leave --panel out")
    content = options.panel.read_bytes()
    if envelopes.sha256_of(content) != sheet.panel.sha256:
        raise SealingError(
            f"{options.panel} is not version {sheet.panel.version} of the panel, which the file of public "
            "keys names: fetch both again, the panel as Parquet"
        )
    is_known = pc.is_in(labels.ids, value_set=panel_files.read(content))
    if pc.any(is_known).as_py():
        # The header is the first row.
        row = pc.index(is_known, True).as_py() + 2
        raise SealingError(f"{options.labels}, row {row}, column id: the item is sealed already")
    return labels


def _sealed(options: argparse.Namespace, sheet: Sheet, labels: LabelTable) -> int:
    shards = seal_arguments.shards_of(vars(options))
    terms = sheet.terms
    draws.fixed_counts(terms=terms, labels=labels, shards=shards, stratify=options.stratify)
    report = label_report.report_of(
        labels=labels,
        classes=terms.classes,
        shards=shards,
        stratify=options.stratify,
        loss_cap=terms.loss_cap,
    )
    sys.stdout.write(label_report.as_text(report) + "\n")
    try:
        label_report.check_confirmed(report=report, confirmed=options.confirm)
    except SealingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    made = prepared.prepare(
        terms=terms,
        labels=labels,
        shards=shards,
        n_before=0 if sheet.panel is None else sheet.panel.n_items,
        seed=secrets.token_bytes(SEED_BYTES),
        stratify=options.stratify,
    )
    content = envelopes.write(sheet=sheet, ids=labels.ids, prepared=made)
    # Read as the service will: what it would refuse is not handed over.
    found = envelopes.read(content)
    _write(options.output, content)
    for shard in found.shards:
        sys.stdout.write(
            f"{shard.id} {shard.kind} {shard.status} {shard.n_items} items, "
            f"commitment {shard.commitment}\n"
        )
    sys.stdout.write(
        f"The seed of the draw is committed to: {found.seed_sha256}\n"
        f"Sealed for the audit key {found.record.kid}\n"
        f"SHA-256 of {options.output}: {found.sha256}\n"
        "Compare the key with what the organizers say elsewhere, keep the lines above, and keep the label "
        "file where it is safe: nobody can take labels out of the envelope but the service's audit worker.\n"
    )
    return 0


def _write(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all."""
    if path.exists():
        raise SealingError(f"{path} exists already: it may be the only copy of what was sealed")
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    try:
        os.link(aside, path)
    finally:
        aside.unlink()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py seal",
        description="Draw, commit to and encrypt a label file where it lives. Nothing is sent: the file that "
        "is written is uploaded in the admin.",
    )
    parser.add_argument(
        "--public-keys",
        required=True,
        type=Path,
        metavar="FILE",
        help="of the benchmark: from its page in the admin, or GET benchmarks/SLUG/sealing-keys/",
    )
    parser.add_argument(
        "--labels",
        required=True,
        type=Path,
        metavar="FILE",
        help="CSV or Parquet: id, label, and if wanted time, group, slice:NAME",
    )
    parser.add_argument(
        "--panel",
        type=Path,
        metavar="FILE",
        help="the benchmark's newest panel as Parquet, to find items that are sealed already",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="ENVELOPE")
    seal_arguments.add_to(parser)
    parser.add_argument(
        "--confirm",
        nargs="+",
        action="extend",
        default=[],
        metavar="CODE",
        help="warnings of the report that were read and are accepted",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
