"""Strict Parquet: columns taken for what they spell, no nulls, no more than the items can fill.

A category, a decimal number or a number in the place of a text is read as CSV would write it. Numbers with a
binary fraction spell no id and no class. The ids may be the index that pandas wrote.

A file of a megabyte can unpack to gigabytes and its own sizes do not say so. Rows times width is checked
from the metadata before any data is read, text is never expanded from its dictionary, and the bytes that
were really unpacked are counted after each row group. The process's memory limit is the last guard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vault.files import hints, pandas_index
from vault.files.columns import (
    EMPTY,
    Choose,
    Column,
    Kind,
    Table,
    boolean_spelling,
    check_row_count,
    finite_or_nan,
    from_texts,
)
from vault.files.problems import Problems, quoted, refuse, with_hint

MAX_UNPACKED_BYTES = 512 << 20
_MAX_ROW_GROUPS = 10_000
_TEXT_WIDTH = 256
_NUMBER_WIDTH = 8
_READ_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError)


@dataclass(frozen=True, kw_only=True)
class _File:
    """What stands in front of the data: no data page is touched."""

    metadata: Any
    types: dict[str, pa.DataType]
    # As they are to be called, in order: the index first if it is the ids.
    names: list[str]
    # The name of the ids in the file, or the range that is written in place of them.
    ids: str | range | None


def read(body: bytes, *, choose: Choose, max_rows: int, problems: Problems) -> Table:
    """Read a file; nulls and values that are not finite are reported, the rest is refused at once."""
    file = _open(body)
    n_rows = file.metadata.num_rows
    check_row_count(n_rows, max_rows=max_rows)
    columns = choose(file.names)
    for column in columns:
        kind = file.types[column.name]
        if not _fits(column, kind):
            problem = f"the column is of type {quoted(kind)}; expected is {column.kind.value}"
            refuse(with_hint(problem, _conversion(column, _spelt(kind))), column=column.name)
    stored = {c.name: c.name for c in columns} | ({} if file.ids is None else {"id": file.ids})
    # What may be texts of any length is read as a dictionary.
    texts = [
        stored[c.name]
        for c in columns
        if c.kind not in (Kind.INTEGER, Kind.NUMBER) or _is_string(file.types[c.name])
    ]
    if n_rows * len(columns) * _NUMBER_WIDTH > MAX_UNPACKED_BYTES:
        refuse(f"the file would unpack to more than {MAX_UNPACKED_BYTES} bytes")
    width = _TEXT_WIDTH * len(texts) + _NUMBER_WIDTH * (len(columns) - len(texts))
    limit = min(n_rows * width + (1 << 20), MAX_UNPACKED_BYTES)
    table = _read(body, file.metadata, list(stored.values()), texts=texts, limit=limit)
    problems.rows = np.arange(1, n_rows + 1)
    values = {c.name: _values(c, _column(table, stored[c.name]), problems) for c in columns}
    return Table(
        columns=values,
        is_complete=True,
        written=lambda name, rows: pa.array(values[name][rows]).cast(pa.string()),
    )


def _open(body: bytes) -> _File:
    if not body:
        refuse("the file is empty")
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        metadata, schema = file.metadata, file.schema_arrow
        told, names = dict(metadata.metadata or {}), list(schema.names)
    except _READ_ERRORS:
        hint = hints.of_parquet(body)
        refuse(with_hint("this is not a Parquet file that can be read", hint))
    types = {field.name: field.type for field in schema}
    ids = pandas_index.ids(told, names, n_rows=metadata.num_rows)
    if ids is not None:
        names = ["id", *(name for name in names if name != ids)]
        types["id"] = types[ids] if isinstance(ids, str) else pa.int64()
    return _File(metadata=metadata, types=types, names=names, ids=ids)


def _column(table: pa.Table, stored: str | range) -> pa.ChunkedArray:
    if isinstance(stored, str):
        return table.column(stored)
    # The end of a range may lie beyond 64 bits where none of its numbers does.
    steps = np.arange(len(stored), dtype=np.int64)
    return pa.chunked_array([pa.array(stored.start + stored.step * steps)])


def _is_string(kind: pa.DataType) -> bool:
    """Tell whether it is of texts, or of a dictionary of them."""
    kind = _spelt(kind)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _spelt(kind: pa.DataType) -> pa.DataType:
    """Take a dictionary for the type of its values."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _fits(column: Column, kind: pa.DataType) -> bool:
    kind = _spelt(kind)
    is_decimal, is_string = pa.types.is_decimal(kind), _is_string(kind)
    is_whole = pa.types.is_integer(kind) or (is_decimal and kind.scale == 0)
    is_date = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    fits = {
        Kind.CATEGORY: is_whole or is_decimal or is_string or pa.types.is_boolean(kind),
        Kind.TIME: is_string or is_date,
        Kind.NUMBER: is_whole or is_decimal or pa.types.is_floating(kind),
    }
    return bool(fits.get(column.kind, is_whole or is_string))


def _conversion(column: Column, kind: pa.DataType) -> str:
    """Say what to do about a column of the wrong type."""
    allowed = f"the classes are {hints.classes(column.classes)}; " if column.classes else ""
    if _is_string(kind):
        return "pandas astype('float64')"
    if column.kind not in (Kind.TIME, Kind.NUMBER):
        is_number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        return f"{allowed}pandas astype('int64')" if is_number else allowed + "pandas astype('str')"
    return ""


def _read(
    body: bytes,
    metadata: Any,
    stored: Sequence[str | range],
    *,
    texts: Sequence[str | range],
    limit: int,
) -> pa.Table:
    groups = metadata.num_row_groups
    names = [name for name in stored if isinstance(name, str)]
    if groups > _MAX_ROW_GROUPS:
        refuse(f"the file has more than {_MAX_ROW_GROUPS} row groups")
    if sum(metadata.row_group(index).total_byte_size for index in range(groups)) > limit:
        refuse("the file declares more bytes than its rows can have")
    try:
        file = pq.ParquetFile(
            pa.BufferReader(body),
            metadata=metadata,
            read_dictionary=[name for name in texts if isinstance(name, str)],
        )
        parts, unpacked = [], 0
        for index in range(groups):
            parts.append(file.read_row_group(index, columns=names, use_threads=False))
            unpacked += parts[-1].nbytes
            if unpacked > limit:
                refuse("the file unpacks to more than its rows can be")
        table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
        table.validate(full=True)
    except MemoryError:
        raise
    except _READ_ERRORS:
        refuse("the Parquet data cannot be read")
    if table.num_rows != metadata.num_rows:
        refuse("the file does not hold the rows that it declares")
    return table


def _values(column: Column, chunked: pa.ChunkedArray, problems: Problems) -> Any:
    array = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
    if column.may_be_empty:
        texts = _texts(array)
        # Nulls point to an empty text of the dictionary, so that nothing is expanded.
        indices = texts.indices.fill_null(len(texts.dictionary))
        filled = pa.concat_arrays([texts.dictionary, pa.array([""])])
        return pa.DictionaryArray.from_arrays(indices, filled)
    problems.add_rows(array.is_null(), EMPTY, column=column.name)
    if column.kind is Kind.NUMBER:
        is_missing = array.is_null().to_numpy(zero_copy_only=False)
        numbers = array.cast(pa.float64(), safe=False).fill_null(0.0)
        numbers = numbers.to_numpy(zero_copy_only=False)
        finite = finite_or_nan(column, numbers, problems, lambda index: numbers[index])
        return np.where(is_missing, np.nan, finite)
    if column.kind in (Kind.INTEGER, Kind.KEY) and not _is_string(array.type):
        try:
            return array.cast(pa.int64())
        except pa.ArrowInvalid:
            refuse("not all values fit in 64 bits", column=column.name)
    if pa.types.is_boolean(array.type):
        spelt = pa.array(boolean_spelling(column.classes))
        return pa.DictionaryArray.from_arrays(array.cast(pa.int32()), spelt)
    return from_texts(column, _texts(array), problems)


def _texts(array: pa.Array) -> pa.Array:
    """Make a dictionary of strings; whole numbers and dates are spelt out once per distinct value."""
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    return pa.DictionaryArray.from_arrays(
        array.indices.cast(pa.int32()), array.dictionary.cast(pa.string())
    )
