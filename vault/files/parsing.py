"""From the bytes of a prediction file to canonical predictions, or to a list of what is wrong with it.

Pure: no database, no clock, no settings. It runs in a child process (`vault.parser_pool`) and never sees
a label, so nothing that it says can depend on one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files import canonical, csv_files, hints, parquet_files
from vault.files.canonical import Predictions
from vault.files.columns import Choose, Column, Kind, Table, boolean_spelling, of_each
from vault.files.prediction_forms import FORMS, PredictionForm
from vault.files.problems import Problems, quoted, refuse, with_hint

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
# By the end of a file's name.
CONTENT_TYPES = {".csv": CSV, ".parquet": PARQUET}
READERS = {CSV: csv_files.read, PARQUET: parquet_files.read}

# Probabilities are written with few digits. Rounding alone explains half a unit of the last written
# digit per class; so much is accepted in any case.
SUM_TOLERANCE = 1e-2
# Sums of doubles err by less: such a row is taken as it is, so that it can be sent again.
_SUM_ERROR = 1e-9
_WRITTEN = r"^[+-]?[0-9]*\.?(?P<decimals>[0-9]*)(?P<exponent>(?:[eE][+-]?[0-9]+)?)$"


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """What a benchmark's prediction files must hold."""

    form: str
    task: str
    classes: tuple[str, ...]

    @property
    def of(self) -> PredictionForm:
        return FORMS[self.form]

    @property
    def is_by_class(self) -> bool:
        return self.task in self.of.by_class

    @property
    def value_columns(self) -> list[str]:
        return self.of.columns(task=self.task, classes=self.classes)


def parse(*, body: bytes, content_type: str, spec: FileSpec, panel_ids: pa.Array) -> Predictions:
    """Read predictions for exactly the panel's items; raises `InvalidFileError`."""
    problems = Problems()
    # Twice the panel is enough to name doubled items; more is not worth reading.
    max_rows = 2 * len(panel_ids) + 1000
    table = read_table(
        body, content_type, lambda names: _columns(names, spec, panel_ids.type), max_rows, problems
    )
    order = _align(table, panel_ids, problems)
    values = _checked_values(table, spec, problems)
    problems.refuse_if_any()
    if order is not None:
        aligned = np.empty_like(values)
        aligned[order] = values
        values = aligned
    return canonical.encode(values)


def read_table(
    body: bytes, content_type: str, choose: Choose, max_rows: int, problems: Problems
) -> Table:
    """Read a file as its content type says, and refuse one of any other type."""
    if content_type not in READERS:
        refuse(f"the content type is {quoted(content_type)}; it may be {' or '.join(READERS)}")
    return READERS[content_type](body, choose=choose, max_rows=max_rows, problems=problems)


def positions(texts: Any, among: pa.Array) -> NDArray[np.int64]:
    """Find the position of each value among others, such as the classes; -1 for what is none of them."""
    found = of_each(texts, lambda distinct: pc.index_in(distinct, value_set=among))
    where: NDArray[np.int64] = found.cast(pa.int64()).fill_null(-1).to_numpy()
    return where


def checked_positions(
    column: Any,
    among: pa.Array,
    problem: str | Callable[[int], str],
    problems: Problems,
    *,
    name: str,
) -> NDArray[np.int64]:
    """Find the positions of a column's values, and report those that are none of the others."""
    found = positions(column, among)
    # A null has been reported already.
    is_valid = column.is_valid().to_numpy(zero_copy_only=False)
    problems.add_rows((found < 0) & is_valid, problem, column=name)
    return found


def repeated(items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find which rows are of an item that stands in an earlier row as well."""
    order = np.argsort(items, kind="stable")
    ordered = items[order]
    is_repeat = np.zeros(len(items), dtype=np.bool_)
    is_repeat[order[1:]] = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    return is_repeat


def _columns(names: list[str], spec: FileSpec, id_type: pa.DataType) -> list[Column]:
    expected = ["id", *spec.value_columns]
    if names != expected:
        shown = ",".join(names)
        problem = f"the columns are {quoted(shown)}; they must be {','.join(expected)}"
        hint = hints.of_label_file(names) or hints.of_names(names, expected)
        refuse(with_hint(problem, hint), row=1)
    kind = spec.of.kind
    classes = spec.classes if kind is Kind.CATEGORY else ()
    values = [Column(name=name, kind=kind, classes=classes) for name in spec.value_columns]
    return [Column(name="id", kind=Kind.INTEGER if id_type == pa.int64() else Kind.TEXT), *values]


def _align(table: Table, panel_ids: pa.Array, problems: Problems) -> NDArray[np.int64] | None:
    """Find the panel position of each row; None when the rows stand in panel order already."""
    ids = table.columns["id"]
    if ids.type == panel_ids.type and ids.equals(panel_ids):
        return None
    found = checked_positions(
        ids,
        panel_ids,
        lambda i: f"{_show(ids[i])} is not an item of the panel",
        problems,
        name="id",
    )
    problems.add_rows(
        repeated(found),
        lambda i: (
            f"{_show(ids[i])} occurs before, in row {problems.rows[np.argmax(found == found[i])]}"
        ),
        column="id",
    )
    # Behind an unreadable row or id stands an item that may well be there.
    if table.is_complete and not ids.null_count:
        problems.add_rows(
            np.bincount(found[found >= 0], minlength=len(panel_ids)) == 0,
            lambda i: f"{_show(panel_ids[i])} is missing",
            column="id",
            in_rows=False,
        )
    return found


def _show(id_: Any) -> str:
    value = id_.as_py()
    return f"id {quoted(value)}" if isinstance(value, str) else f"id {value}"


def _checked_values(table: Table, spec: FileSpec, problems: Problems) -> NDArray[np.generic]:
    names = spec.value_columns
    if spec.of.kind is Kind.CATEGORY:
        return _labels(table, names[0], spec, problems)
    matrix = np.column_stack([table.columns[name] for name in names])
    if spec.of.bounds is not None:
        for column, name in enumerate(names):
            _check_bounds(matrix[:, column], name, spec.of.bounds, problems)
    return _with_sums_of_one(matrix, names, table, problems) if spec.is_by_class else matrix[:, 0]


def _check_bounds(
    values: NDArray[np.float64], name: str, bounds: tuple[float, float], problems: Problems
) -> None:
    low, high = bounds
    problems.add_rows(
        (values < low) | (values > high),
        lambda i: f"{values[i]} is not between {low:g} and {high:g}",
        column=name,
    )


def _with_sums_of_one(
    matrix: NDArray[np.float64], names: list[str], table: Table, problems: Problems
) -> NDArray[np.float64]:
    """Scale the rows to one. Rows with a problem of their own have no sum worth reporting."""
    sound = ((matrix >= 0.0) & (matrix <= 1.0)).all(axis=1)
    sums = np.where(sound, matrix.sum(axis=1), 1.0)
    errors = np.abs(sums - 1.0)
    tolerances = np.full(len(sums), SUM_TOLERANCE)
    far = np.flatnonzero(errors > SUM_TOLERANCE + _SUM_ERROR)
    if len(far):
        rounding = sum(_half_units(table.written(name, far)) for name in names)
        tolerances[far] = np.maximum(rounding, SUM_TOLERANCE)
    problems.add_rows(
        (errors > tolerances + _SUM_ERROR) | (sums == 0.0),
        lambda i: (
            f"the probabilities sum to {sums[i]:.9g}, not to 1; "
            f"{tolerances[i]:.3g} more or less is accepted"
        ),
        column=None,
    )
    scale = np.where((errors <= _SUM_ERROR) | (sums == 0.0), 1.0, sums)
    return matrix / scale[:, np.newaxis]


def _half_units(texts: Any) -> NDArray[np.float64]:
    """Compute half a unit of each text's last digit behind the point; a whole number is exact."""
    parts = pc.extract_regex(texts, _WRITTEN)
    if isinstance(parts, pa.ChunkedArray):
        parts = parts.combine_chunks()
    decimals = pc.utf8_length(pc.struct_field(parts, "decimals")).to_numpy(zero_copy_only=False)
    exponents = pc.struct_field(parts, "exponent")
    powers = pc.if_else(pc.equal(exponents, ""), "e0", exponents)
    power = pc.utf8_slice_codeunits(powers, 1).cast(pa.float64()).to_numpy(zero_copy_only=False)
    places = decimals - power
    return np.where(places > 0, 0.5 * 10.0 ** -np.maximum(places, 0.0), 0.0)


def _labels(table: Table, name: str, spec: FileSpec, problems: Problems) -> NDArray[np.generic]:
    column, classes = table.columns[name], spec.classes

    def describe(index: int) -> str:
        text = column[index].as_py()
        hint = hints.of_label(text, classes, booleans=boolean_spelling(classes))
        return with_hint(f"{quoted(text)} is not one of the classes {hints.classes(classes)}", hint)

    among = pa.array(classes, pa.string())
    codes = checked_positions(column, among, describe, problems, name=name)
    return codes.clip(min=0).astype(canonical.code_dtype(len(classes)))
