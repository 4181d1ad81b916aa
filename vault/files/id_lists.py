"""From a list of item ids, pasted or in a file, to the ids: as strict as for labels."""

import csv
import io
from collections.abc import Sequence

import pyarrow as pa

from vault.errors import InvalidFileError
from vault.files.columns import Column, Kind
from vault.files.hints import of_names
from vault.files.label_tables import MAX_ROWS, check_ids
from vault.files.parsing import CSV as CSV
from vault.files.parsing import read_table
from vault.files.problems import Problems, quoted, refuse, with_hint


def read(*, body: bytes, content_type: str, id_kind: Kind, among: pa.Array) -> pa.Array:
    """Read a file with the one column `id`, each of which is one of these; raises `InvalidFileError`."""
    problems = Problems()
    columns = read_table(
        body, content_type, lambda names: _columns(names, id_kind), MAX_ROWS, problems
    ).columns
    ids = columns["id"]
    check_ids(ids, problems, among=among)
    problems.refuse_if_any()
    return ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids


def of_pasted(error: InvalidFileError) -> InvalidFileError:
    """Say it of ids that were pasted: there is no file and no heading, and the first is row 1."""
    problems = [
        {**each, "row": each["row"] and each["row"] - 1, "column": None}
        for each in error.data["problems"]
    ]
    first, n = problems[0], error.data["n_problems"]
    where = "" if first["row"] is None else f"row {first['row']}: "
    more = "" if n == 1 else f" ({n} problems in all)"
    return InvalidFileError(
        f"the ids are not valid: {where}{first['problem']}{more}",
        field="ids",
        problems=problems,
        n_problems=n,
    )


def as_file(lines: Sequence[str]) -> bytes:
    """Write ids that were pasted, one to a line, as the CSV file that `read` reads: the first is row 2."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id"])
    writer.writerows([line] for line in lines)
    return text.getvalue().encode()


def _columns(names: list[str], id_kind: Kind) -> list[Column]:
    if names.count("id") != 1:
        refuse(with_hint("the column id is missing", of_names(names, ["id"])), row=1)
    for name in names:
        if name != "id":
            refuse(f"the column {quoted(name)} is not id: only items are named", row=1)
    return [Column(name="id", kind=id_kind, is_plain=True)]
