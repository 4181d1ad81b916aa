"""A CSV file as named columns of text; whatever is wrong with it is told by row and column."""

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = ",;\t"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ZIP = b"PK\x03\x04"


class BoardError(Exception):
    """A file or an option of which no board can be made; the message names row and column."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of one file, with their numbers in it; the header is row 1."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """Return the cells of a column without the blanks around them."""
        place = self.columns.index(name)
        return [row[place].strip() for row in self.rows]

    def number(self, *, row: int, column: str, cell: str) -> float:
        """Read a cell of this row and column as a number."""
        if not NUMBER.fullmatch(cell):
            hint = " (a decimal point is needed)" if "," in cell else ""
            raise self.error(row=row, column=column, problem=f"{cell} is not a number{hint}")
        value = float(cell)
        if not math.isfinite(value):
            raise self.error(row=row, column=column, problem=f"{cell} is too large")
        return value

    def error(self, *, row: int, column: str, problem: str) -> BoardError:
        """Say what is wrong with a cell; `row` counts from 0 without the header."""
        return BoardError(f"{self.name}, row {self.numbers[row]}, column {column}: {problem}")


def read(path: Path) -> Table:
    """Read a file, by the delimiter that its header has the most of."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BoardError(f"{path} cannot be read: {error.strerror or error}") from error
    if body.startswith(ZIP):
        raise BoardError(f"{path} is a ZIP archive: unpack it, and give the CSV file that is in it")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n") + 1
        raise BoardError(f"{path}, row {row}: not UTF-8; save the file as CSV in UTF-8") from error
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    return _table(path.name, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _table(name: str, reader: Iterable[list[str]]) -> Table:
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number == 1:
                columns = _header(name, cells)
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    raise BoardError(
                        f"{name}, row {number}: {len(cells)} cells, and the header has {len(columns)}"
                    )
                rows.append(tuple(cells))
                numbers.append(number)
    except csv.Error as error:
        raise BoardError(f"{name}, row {number + 1}: {error}") from error
    if not rows:
        raise BoardError(f"{name}: no row below the header")
    return Table(name=name, columns=columns, rows=tuple(rows), numbers=tuple(numbers))


def _header(name: str, cells: list[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    twice = next((each for each in columns if columns.count(each) > 1), None)
    if twice is not None:
        raise BoardError(f"{name}, row 1: column {twice or '(without a name)'} stands twice")
    return columns
