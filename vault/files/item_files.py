"""From the bytes of a file to ids of new items: one column `id`, and nothing of their labels.

It knows no Django and no database.
"""

import pyarrow as pa

from vault.files import panel_files
from vault.files.columns import Column, Kind
from vault.files.parsing import read_table, repeated
from vault.files.problems import Problems, refuse

MAX_ROWS = 1_000_000


def read(*, body: bytes, content_type: str, id_kind: Kind = Kind.KEY) -> pa.Array:
    """Read ids of one kind; raise `InvalidFileError` with the rows that are wrong."""
    problems = Problems()
    table = read_table(
        body, content_type, lambda names: _columns(names, id_kind), MAX_ROWS, problems
    )
    ids = table.columns["id"]
    encoded = ids.dictionary_encode() if not pa.types.is_dictionary(ids.type) else ids
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    problems.add_rows(repeated(codes), "the id occurs in an earlier row", column="id")
    if pa.types.is_string(encoded.dictionary.type):
        for is_wrong, problem in panel_files.wrong_texts(encoded.dictionary):
            problems.add_rows(is_wrong.take(encoded.indices), problem, column="id")
    problems.refuse_if_any()
    return ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids


def _columns(names: list[str], id_kind: Kind) -> list[Column]:
    if names != ["id"]:
        refuse("the file has one column, id: labels of these items are awaited", row=1)
    return [Column(name="id", kind=id_kind, is_plain=True)]
