"""Strict Parquet: plain columns of the right type, no nulls, no more than the items can fill.

A file of a megabyte can unpack to gigabytes and its own sizes do not say so. Rows times width is checked
from the metadata before any data is read, text is never expanded from its dictionary, and the bytes that
were really unpacked are counted after each row group. The process's memory limit is the last guard.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vault.file_columns import Choose, Column, Kind, Table, check_row_count, finite_or_nan
from vault.file_problems import Problems, quoted, refuse

MAX_UNPACKED_BYTES = 512 << 20
_MAX_ROW_GROUPS = 10_000
_TEXT_WIDTH = 256
_NUMBER_WIDTH = 8
_READ_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError)
_KEPT_AS_TEXT = (Kind.TEXT, Kind.KEY, Kind.CATEGORY, Kind.TIME)


def read(body: bytes, *, choose: Choose, max_rows: int, problems: Problems) -> Table:
    """Nulls and values that are not finite are reported in `problems`; the rest is refused at once."""
    metadata, types = _open(body)
    check_row_count(metadata.num_rows, max_rows=max_rows)
    columns = choose([name for name, _ in types])
    for column in columns:
        _check_type(column, dict(types)[column.name])
    width = sum(_TEXT_WIDTH if c.kind in _KEPT_AS_TEXT else _NUMBER_WIDTH for c in columns)
    if metadata.num_rows * len(columns) * _NUMBER_WIDTH > MAX_UNPACKED_BYTES:
        refuse(f"the file would unpack to more than {MAX_UNPACKED_BYTES} bytes")
    limit = min(metadata.num_rows * width + (1 << 20), MAX_UNPACKED_BYTES)
    table = _read(body, metadata, columns, limit)
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    values = {c.name: _values(c, table.column(c.name), rows, problems) for c in columns}
    return Table(columns=values, rows=rows, is_complete=True)


def _open(body: bytes) -> tuple[Any, list[tuple[str, pa.DataType]]]:
    """The metadata, and the names and types of the columns; no data page is touched."""
    if not body:
        refuse("the file is empty")
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        return file.metadata, [(field.name, field.type) for field in file.schema_arrow]
    except _READ_ERRORS:
        refuse("this is not a Parquet file that can be read")


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _fits(column: Column, kind: pa.DataType) -> bool:
    is_integer = pa.types.is_integer(kind)
    is_date = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    fits = {
        Kind.INTEGER: is_integer,
        Kind.TEXT: _is_string(kind),
        Kind.KEY: is_integer or _is_string(kind),
        Kind.CATEGORY: is_integer or _is_string(kind) or pa.types.is_boolean(kind),
        Kind.TIME: _is_string(kind) or is_date,
        Kind.NUMBER: is_integer or pa.types.is_float32(kind) or pa.types.is_float64(kind),
    }
    return bool(fits[column.kind])


def _check_type(column: Column, kind: pa.DataType) -> None:
    if not _fits(column, kind):
        refuse(
            f"the column is of type {quoted(kind)}; expected is a plain column of "
            f"{column.kind.value}",
            column=column.name,
        )


def _read(body: bytes, metadata: Any, columns: list[Column], limit: int) -> pa.Table:
    groups = metadata.num_row_groups
    if groups > _MAX_ROW_GROUPS:
        refuse(f"the file has more than {_MAX_ROW_GROUPS} row groups")
    if sum(metadata.row_group(index).total_byte_size for index in range(groups)) > limit:
        refuse("the file declares more bytes than its rows can have")
    try:
        file = pq.ParquetFile(
            pa.BufferReader(body),
            metadata=metadata,
            read_dictionary=[c.name for c in columns if c.kind in _KEPT_AS_TEXT],
        )
        parts, unpacked = [], 0
        for index in range(groups):
            parts.append(
                file.read_row_group(index, columns=[c.name for c in columns], use_threads=False)
            )
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


def _values(
    column: Column, chunked: pa.ChunkedArray, rows: NDArray[np.int64], problems: Problems
) -> Any:
    array = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
    if column.may_be_empty:
        return _filled(_texts(array))
    nulls = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
    problems.add_rows(nulls, rows, lambda index: "the field is empty", column=column.name)
    if column.kind is Kind.NUMBER:
        return _numbers(column, array, rows, problems)
    if pa.types.is_integer(array.type) and column.kind in (Kind.INTEGER, Kind.KEY):
        return _integers(column, array)
    if pa.types.is_boolean(array.type):
        spelt = pa.array(column.booleans)
        return pa.DictionaryArray.from_arrays(array.cast(pa.int32()), spelt)
    return _texts(array)


def _integers(column: Column, array: pa.Array) -> pa.Array:
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        refuse("not all values fit in 64 bits", column=column.name)


def _numbers(
    column: Column, array: pa.Array, rows: NDArray[np.int64], problems: Problems
) -> NDArray[np.float64]:
    missing = array.is_null().to_numpy(zero_copy_only=False)
    values = array.cast(pa.float64(), safe=False).fill_null(0.0).to_numpy(zero_copy_only=False)
    return np.where(missing, np.nan, finite_or_nan(column, values, rows, problems))


def _filled(texts: pa.DictionaryArray) -> pa.DictionaryArray:
    """Nulls point to an empty text of the dictionary, so that nothing is expanded."""
    return pa.DictionaryArray.from_arrays(
        texts.indices.fill_null(len(texts.dictionary)),
        pa.concat_arrays([texts.dictionary, pa.array([""])]),
    )


def _texts(array: pa.Array) -> pa.Array:
    """A dictionary of strings; whole numbers and dates are spelt out once per distinct value."""
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    return pa.DictionaryArray.from_arrays(
        array.indices.cast(pa.int32()), array.dictionary.cast(pa.string())
    )
