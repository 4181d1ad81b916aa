"""From the bytes of a file to ids of new items: one column `id`, and nothing of their labels.

It knows no Django and no database.
"""

import pyarrow as pa

from vault.files.columns import Column, Kind
from vault.files.label_tables import check_ids
from vault.files.parsing import read_table
from vault.files.problems import Problems, refuse

MAX_ROWS = 1_000_000


def read(*, body: bytes, content_type: str, id_kind: Kind) -> pa.Array:
    """Read ids of one kind; raise `InvalidFileError` with the rows that are wrong."""
    problems = Problems()
    table = read_table(
        body, content_type, lambda names: _columns(names, id_kind), MAX_ROWS, problems
    )
    ids = table.columns["id"]
    check_ids(ids, problems)
    problems.refuse_if_any()
    return ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids


def _columns(names: list[str], id_kind: Kind) -> list[Column]:
    if names != ["id"]:
        refuse("the file has one column, id: labels of these items are awaited", row=1)
    return [Column(name="id", kind=id_kind, is_plain=True)]
