"""What is wrong with a file: all problems are counted, the first ten are named."""

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from vault.errors import InvalidFileError

NAMED = 10
_MAX_QUOTE = 40


class Problems:
    """Collects problems while a file is checked."""

    def __init__(self) -> None:
        self.count = 0
        # What a reader of the file calls each row of the table: line numbers in CSV, row numbers in Parquet.
        self.rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._kept: list[dict[str, Any]] = []

    def add(self, problem: str, *, row: int | None = None, column: str | None = None) -> None:
        self.count += 1
        self._kept.append({"row": row, "column": column, "problem": problem})

    def add_rows(
        self,
        is_wrong: Any,
        problem: str | Callable[[int], str],
        *,
        column: str | None,
        in_rows: bool = True,
    ) -> None:
        """Add one for each row that is wrong, by an array of numpy or of Arrow, where a null is right.

        Without `in_rows` the array is of something else, which stands in no row.
        """
        if not isinstance(is_wrong, np.ndarray):
            is_wrong = is_wrong.fill_null(False).to_numpy(zero_copy_only=False)
        indices = np.flatnonzero(is_wrong)
        self.count += len(indices)
        for index in indices[:NAMED].tolist():
            text = problem if isinstance(problem, str) else problem(index)
            row = int(self.rows[index]) if in_rows else None
            self._kept.append({"row": row, "column": column, "problem": text})

    def refuse(self) -> NoReturn:
        # By row; those of no row come last.
        self._kept.sort(key=lambda kept: (kept["row"] is None, kept["row"] or 0))
        first = self._kept[0]
        where = "" if first["row"] is None else f"row {first['row']}: "
        if where and first["column"]:
            where = f"row {first['row']}, column {first['column']}: "
        more = "" if self.count == 1 else f" ({self.count} problems in all)"
        raise InvalidFileError(
            f"the file is not valid: {where}{first['problem']}{more}",
            problems=self._kept[:NAMED],
            n_problems=self.count,
        )

    def refuse_if_any(self) -> None:
        if self.count:
            self.refuse()


def refuse(problem: str, *, row: int | None = None, column: str | None = None) -> NoReturn:
    """Raise that the file has this one problem, and nothing more can be said of it."""
    problems = Problems()
    problems.add(problem, row=row, column=column)
    problems.refuse()


def with_hint(problem: str, hint: str) -> str:
    return f"{problem}; {hint}" if hint else problem


def quoted(value: Any) -> str:
    """Quote a value of the file for a message, cut to a readable length."""
    text = str(value)
    return repr(text if len(text) <= _MAX_QUOTE else text[:_MAX_QUOTE] + "…")
