"""What a reader of files is asked for, and what it returns: named columns of strictly read values."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files import hints
from vault.files.problems import Problems, quoted, refuse, with_hint

WHOLE = "^-?[0-9]+$"
PLAIN = "^(0|-?[1-9][0-9]*)$"
EMPTY = "the field is empty"
LINE_BREAK = "a field holds a line break"
CONTROL = "a field holds a control character"
CONTROLS = r"[\x00-\x1f\x7f]"
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


# How ids are read, by the kind of those in the panel: later batches have ids of the first one's kind.
ID_KINDS = {"string": Kind.TEXT, "integer": Kind.INTEGER}


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    kind: Kind
    # The values of a sealed column never stand in a message.
    is_sealed: bool = False
    # Whole numbers in their one usual spelling: elsewhere 01 may be another item than 1.
    is_plain: bool = False
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
    # How the numbers of a column are written in these rows; as CSV would, where a file holds no digits.
    written: Callable[[str, NDArray[np.intp]], Any]


def boolean_spelling(classes: tuple[str, ...]) -> tuple[str, str]:
    """Say how the classes write the False and True of a Boolean column."""
    for spelling in (("0", "1"), ("False", "True")):
        if set(spelling) <= set(classes):
            return spelling
    return "false", "true"


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


def uncleans(texts: Any) -> list[tuple[pa.Array, str]]:
    """List which of these texts no line of CSV holds in anybody's program, and why; a null is right.

    CSV itself is refused for a line break before its fields are told apart.
    """

    def matching(pattern: str) -> pa.Array:
        return of_each(texts, lambda distinct: pc.match_substring_regex(distinct, pattern))

    is_broken = matching(r"[\r\n]")
    others = matching(CONTROLS)
    return [(is_broken, LINE_BREAK), (pc.and_not(others, is_broken), CONTROL)]


def are_int64(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Tell which of the texts are whole numbers of 64 bits, in the spelling that the pattern allows."""
    matches = pc.match_substring_regex(texts, pattern)
    good: NDArray[np.bool_] = matches.fill_null(False).to_numpy(zero_copy_only=False).copy()
    long = pc.greater(pc.binary_length(texts), _SURELY_INT64).fill_null(False)
    for index in np.flatnonzero(good & long.to_numpy(zero_copy_only=False)).tolist():
        # `int` refuses a text of thousands of digits, which padding may be.
        good[index] = -(2**63) <= Decimal(texts[index].as_py()) < 2**63
    return good


def from_texts(column: Column, texts: Any, problems: Problems) -> Any:
    """Convert texts to whole numbers if the column holds such, and report what is wrong with them."""
    texts = _without_empty(column, texts, problems)
    if column.kind is not Kind.INTEGER:
        return texts

    def converted(distinct: pa.Array) -> pa.Array:
        good = are_int64(distinct, PLAIN if column.is_plain else WHOLE)
        return pc.if_else(pa.array(good), distinct, None).cast(pa.int64())

    def describe(index: int) -> str:
        text = texts[index].as_py()
        if column.is_plain and are_int64(pa.array([text]), WHOLE)[0]:
            return f"ids are whole numbers here, without zeros in front{column.show(text)}"
        return f"not a 64-bit whole number{column.show(text)}"

    numbers = of_each(texts, converted)
    # A null has been reported already.
    is_wrong = pc.and_(numbers.is_null(), texts.is_valid())
    problems.add_rows(is_wrong, describe, column=column.name)
    return numbers


def _without_empty(column: Column, texts: Any, problems: Problems) -> Any:
    """Put a null where a field is empty and may not be: both files say the same of it.

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
    column: Column, values: NDArray[np.float64], problems: Problems, written: Callable[[int], Any]
) -> NDArray[np.float64]:
    """Report what is not finite, as it is written, in a column that was read without any other problem."""

    def describe(index: int) -> str:
        text = str(written(index))
        # No hint of a sealed value: it would tell of it.
        hint = "" if column.is_sealed else hints.of_number(text)
        return with_hint(f"not a finite number{column.show(text)}", hint)

    is_finite = np.isfinite(values)
    problems.add_rows(~is_finite, describe, column=column.name)
    return np.where(is_finite, values, np.nan)
