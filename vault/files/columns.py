"""What a reader of files is asked for, and what it returns: named columns of strictly read values."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files.problems import Problems, quoted, refuse

WHOLE = "^-?[0-9]+$"
PLAIN = "^(0|-?[1-9][0-9]*)$"
EMPTY = "the field is empty"
_INT64 = range(-(2**63), 2**63)
# Every whole number of so many characters fits in 64 bits.
_SURELY_INT64 = 18


class Kind(Enum):
    """How a column is read, and the form of what comes out. A null is a problem already reported."""

    INTEGER = "whole number"  # int64 array
    TEXT = "text"  # string array, or a dictionary of strings
    KEY = "whole number or text"  # int64 or string array, whichever the whole column is
    CATEGORY = "text, whole number or Boolean"  # dictionary of strings
    TIME = "text, date or timestamp"  # dictionary of strings
    NUMBER = "number"  # float64 in numpy; NaN where a problem was reported


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    kind: Kind
    # The values of a sealed column never stand in a message.
    is_sealed: bool = False
    # Whole numbers in their one usual spelling: elsewhere 01 may be another item than 1.
    is_plain: bool = False
    # How False and True of a Boolean column are spelt.
    booleans: tuple[str, str] = ("false", "true")
    # What the fields may be, where that is known.
    classes: tuple[str, ...] = ()
    # A null of a category is then the empty text, as an empty field of CSV is.
    may_be_empty: bool = False

    def show(self, value: Any) -> str:
        return "" if self.is_sealed else f": {quoted(value)}"


@dataclass(frozen=True, kw_only=True)
class Table:
    columns: dict[str, Any]
    # False when rows were left out because they could not be split into fields.
    is_complete: bool
    # How the numbers of a column are written; None where a file holds numbers and no digits.
    written: Callable[[str], Any] | None = None


# From the names in the file to the columns to read; refuses a wrong header.
Choose = Callable[[list[str]], list[Column]]


def check_row_count(n_rows: int, *, max_rows: int) -> None:
    if n_rows <= 0:
        refuse("the file has no rows")
    if n_rows > max_rows:
        refuse(f"the file has {n_rows:,} rows, far more than there are items")


def of_each(texts: Any, compute: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Compute something of each text; of a dictionary, each distinct one is looked at once."""
    if pa.types.is_dictionary(texts.type):
        return compute(texts.dictionary).take(texts.indices)
    return compute(texts)


def are_int64(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Which of the texts are whole numbers of 64 bits, in the spelling that the pattern allows."""
    matches = pc.match_substring_regex(texts, pattern)
    good: NDArray[np.bool_] = matches.fill_null(False).to_numpy(zero_copy_only=False).copy()
    long = pc.greater(pc.binary_length(texts), _SURELY_INT64).fill_null(False)
    for index in np.flatnonzero(good & long.to_numpy(zero_copy_only=False)).tolist():
        good[index] = _is_int64(texts[index].as_py())
    return good


def integers(column: Column, texts: Any, problems: Problems) -> pa.Array:
    """Convert texts to whole numbers, and report those that are none; a null has been reported already."""

    def converted(distinct: pa.Array) -> pa.Array:
        good = are_int64(distinct, PLAIN if column.is_plain else WHOLE)
        return pc.if_else(pa.array(good), distinct, None).cast(pa.int64())

    numbers = of_each(texts, converted)
    problems.add_rows(
        pc.and_(numbers.is_null(), texts.is_valid()),
        lambda index: _no_integer(column, texts[index].as_py()),
        column=column.name,
    )
    return numbers


def without_empty(column: Column, texts: Any, problems: Problems) -> Any:
    """Return the texts, with a null where a field is empty and may not be: both files say the same of it.

    Where it is known what the fields may be, the reader says that of an empty one, too.
    """
    if column.may_be_empty or column.classes:
        return texts
    is_empty = of_each(texts, lambda distinct: pc.equal(distinct, "")).fill_null(False)
    if not pc.any(is_empty).as_py():
        return texts
    problems.add_rows(is_empty, EMPTY, column=column.name)
    if pa.types.is_dictionary(texts.type):
        indices = pc.if_else(is_empty, None, texts.indices)
        return pa.DictionaryArray.from_arrays(indices, texts.dictionary)
    return pc.if_else(is_empty, None, texts)


def finite_or_nan(
    column: Column, values: NDArray[np.float64], problems: Problems, describe: Callable[[int], str]
) -> NDArray[np.float64]:
    """Report what is not finite, in a column that was read without any other problem."""
    is_finite = np.isfinite(values)
    problems.add_rows(~is_finite, describe, column=column.name)
    return np.where(is_finite, values, np.nan)


def _no_integer(column: Column, text: str) -> str:
    """Say what is wrong with a field that is no whole number, or not in its plain spelling."""
    if column.is_plain and are_int64(pa.array([text]), WHOLE)[0]:
        return f"ids are whole numbers here, without zeros in front{column.show(text)}"
    return f"not a 64-bit whole number{column.show(text)}"


def _is_int64(text: str) -> bool:
    """Of a text of digits: `int` refuses those of thousands, which padding may be."""
    digits = text.lstrip("-").lstrip("0")
    if len(digits) > _SURELY_INT64 + 1:
        return False
    return int(("-" if text.startswith("-") else "") + (digits or "0")) in _INT64
