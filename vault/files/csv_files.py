"""Strict CSV: UTF-8, a comma, one line per row, every field exactly what its column says.

A byte order mark, CRLF line ends and quoted fields are accepted; nothing is guessed, trimmed or skipped.
The quick way lets Arrow convert numbers. It is taken only where Arrow is as strict as the slow way,
which reads text and checks each field: Arrow takes hexadecimal whole numbers and trims white space.
"""

import csv
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from vault.files import hints
from vault.files.columns import (
    LINE_BREAK,
    PLAIN,
    Choose,
    Column,
    Kind,
    Table,
    are_int64,
    check_row_count,
    finite_or_nan,
    from_texts,
)
from vault.files.problems import Problems, refuse, with_hint

_MAX_HEADER = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_FEED, _CARRIAGE_RETURN = b"\n\r"
_EMPTY = "the line is empty; delete it"
_MAX_BLOCK = (1 << 31) - 1
_SLOW_TYPES = {
    **dict.fromkeys(Kind, pa.string()),
    **dict.fromkeys((Kind.CATEGORY, Kind.TIME), pa.dictionary(pa.int32(), pa.string())),
}
_QUICK_TYPES = {**_SLOW_TYPES, Kind.INTEGER: pa.int64(), Kind.NUMBER: pa.float64()}
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


# Arrow's reading of the lines below the header; of those that it could not split, number and fields.
_Lines = tuple[pa.Table, list[tuple[int, int]]]


def read(body: bytes, *, choose: Choose, max_rows: int, problems: Problems) -> Table:
    """Read a file; ragged rows, wrong numbers and values that are not finite are reported in `problems`.

    A file in which rows cannot be told apart raises `InvalidFileError` at once.
    """
    _check_text(body)
    names, start = _header(body)
    columns = choose(names)
    n_rows = body.count(b"\n", start) + (len(body) > start and not body.endswith(b"\n"))
    check_row_count(n_rows, max_rows=max_rows)

    @cache
    def slow_lines() -> _Lines:
        # The texts of numbers are read again only where somebody asks for them.
        try:
            return _read_lines(body, start, columns, _SLOW_TYPES)
        except pa.ArrowInvalid:
            refuse("the lines cannot be split into fields; is a quote not closed?")

    split, ragged = _quick_lines(body, start, columns) or slow_lines()
    if split.num_rows + len(ragged) != n_rows:
        refuse(f"{LINE_BREAK}, or a quote is not closed")
    _report_ragged(ragged, columns, problems)
    # Line 1 is the header, and the first line behind it is line 2.
    problems.rows = np.delete(np.arange(2, n_rows + 2), [row - 1 for row, _ in ragged])
    is_kept = ~_are_empty(body, start, problems.rows)
    problems.add_rows(~is_kept, _EMPTY, column=None)
    problems.rows = problems.rows[is_kept]

    def kept(table: pa.Table) -> pa.Table:
        return table if is_kept.all() else table.filter(pa.array(is_kept))

    content = kept(split)
    return Table(
        columns={c.name: _values(c, content[c.name], problems) for c in columns},
        is_complete=not ragged and bool(is_kept.all()),
        # Of one column alone: of many classes each is asked for.
        written=lambda name, rows: kept(slow_lines()[0].select([name]))[name].take(pa.array(rows)),
    )


def _report_ragged(
    ragged: list[tuple[int, int]], columns: list[Column], problems: Problems
) -> None:
    has_numbers = any(column.kind is Kind.NUMBER for column in columns)
    for row, n_fields in ragged:
        hint = hints.of_fields(n_fields, len(columns), has_numbers=has_numbers)
        problem = f"{n_fields} fields where {len(columns)} are expected" if n_fields else _EMPTY
        problems.add(with_hint(problem, hint), row=row + 1)


def _are_empty(body: bytes, start: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find which of these lines hold nothing.

    No field of the file holds a line break, so an end of line behind an end of line is an empty line.
    """
    if body.find(b"\n\n", start - 1) < 0 and body.find(b"\n\r\n", start - 1) < 0:
        return np.zeros(len(rows), dtype=np.bool_)
    text = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(text[start:] == _LINE_FEED) + start
    lengths = np.diff(ends, prepend=start - 1) - 1
    is_return = text[ends - 1] == _CARRIAGE_RETURN
    empty = np.flatnonzero((lengths == 0) | ((lengths == 1) & is_return))
    return np.isin(rows, empty + 2)


def _check_text(body: bytes) -> None:
    if not body:
        refuse("the file is empty")
    if hint := hints.of_csv(body):
        refuse(hint, row=1)
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            refuse("not UTF-8 text; save it as UTF-8", row=body.count(b"\n", 0, error.start) + 1)
    if b"\r" in body and body.count(b"\r") != body.count(b"\r\n"):
        refuse("lines must end in LF or CRLF")


def _header(body: bytes) -> tuple[list[str], int]:
    """Read the names in the first line, and where the second line starts."""
    begin = len(_BYTE_ORDER_MARK) if body.startswith(_BYTE_ORDER_MARK) else 0
    end = body.find(b"\n", begin, begin + _MAX_HEADER)
    if end < 0:
        if len(body) > _MAX_HEADER:
            refuse("the header is too long", row=1)
        end = len(body)
    line = body[begin:end].removesuffix(b"\r").decode()
    try:
        names = next(csv.reader([line], strict=True), [])
    except csv.Error:
        refuse("the header cannot be read", row=1)
    return names, min(end + 1, len(body))


def _quick_lines(body: bytes, start: int, columns: list[Column]) -> _Lines | None:
    """Let Arrow convert numbers where it is as strict as we are for every possible field.

    None when a number does not convert or is not finite, too: then the slow way tells how it is written.
    """
    kinds = {column.kind for column in columns}
    loose = b" \t" if kinds & {Kind.INTEGER, Kind.NUMBER} else b""
    if Kind.INTEGER in kinds:
        loose += b"xX"
    is_loose = any(column.is_plain and column.kind is Kind.INTEGER for column in columns)
    if is_loose or any(body.find(byte, start) >= 0 for byte in loose):
        return None
    try:
        table, ragged = _read_lines(body, start, columns, _QUICK_TYPES)
    except pa.ArrowInvalid:
        return None
    numbers = [table[column.name] for column in columns if column.kind is Kind.NUMBER]
    are_finite = all(pc.all(pc.is_finite(each)).as_py() is not False for each in numbers)
    return (table, ragged) if are_finite else None


def _read_lines(
    body: bytes, start: int, columns: list[Column], types: dict[Kind, pa.DataType]
) -> _Lines:
    content = pa.py_buffer(body).slice(start)
    ragged: list[tuple[int, int]] = []

    def skip(row: Any) -> str:
        ragged.append((row.number, row.actual_columns if row.text.strip() else 0))
        return "skip"

    table = pa_csv.read_csv(
        pa.BufferReader(content),
        read_options=pa_csv.ReadOptions(
            use_threads=False,
            block_size=min(len(content) + 1, _MAX_BLOCK),
            column_names=[column.name for column in columns],
        ),
        parse_options=pa_csv.ParseOptions(
            escape_char=False, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={column.name: types[column.kind] for column in columns},
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    return table.combine_chunks(), ragged


def _values(column: Column, chunked: pa.ChunkedArray, problems: Problems) -> Any:
    """Convert the column as `Kind` describes it, from Arrow's numbers or from text."""
    array = chunked.chunk(0) if chunked.num_chunks else pa.array([], chunked.type)
    if column.kind is Kind.NUMBER:
        if array.type != pa.string():
            return array.to_numpy()
        good = pc.match_substring_regex(array, _NUMBER).to_numpy(zero_copy_only=False)
        numbers = np.full(len(array), np.nan)
        numbers[good] = [float(text) for text in array.filter(pa.array(good)).to_pylist()]
        return finite_or_nan(column, numbers, problems, lambda index: array[index].as_py())
    if pa.types.is_integer(array.type):
        return array
    values = from_texts(column, array, problems)
    if column.kind is Kind.KEY:
        # Whole numbers if every field that is not empty is one in its plain spelling, else text.
        filled = values.drop_null()
        return values.cast(pa.int64()) if len(filled) and are_int64(filled, PLAIN).all() else values
    return values
