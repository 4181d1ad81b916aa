"""From the bytes of a prediction file to canonical predictions, or to a list of what is wrong with it.

Pure: no database, no clock, no settings. It runs in a child process (`vault.parser_pool`) and never sees
a label, so nothing that it says can depend on one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files import canonical, csv_files, hints, parquet_files
from vault.files.canonical import Predictions
from vault.files.columns import Column, Kind, Table
from vault.files.prediction_forms import FORMS, PredictionForm
from vault.files.problems import NAMED, Problems, quoted, refuse, with_hint

__all__ = ["CONTENT_TYPES", "CSV", "PARQUET", "FileSpec", "Predictions", "parse"]

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
        return self.of.is_by_class(self.task)

    @property
    def value_columns(self) -> list[str]:
        return self.of.columns(task=self.task, classes=self.classes)


def parse(*, body: bytes, content_type: str, spec: FileSpec, panel_ids: pa.Array) -> Predictions:
    """Read predictions for exactly the panel's items; raises `InvalidFileError`."""
    if content_type not in READERS:
        refuse(f"the content type is {quoted(content_type)}; it may be {' or '.join(READERS)}")
    problems = Problems()
    # Twice the panel is enough to name doubled items; more is not worth reading.
    max_rows = 2 * len(panel_ids) + 1000
    table = READERS[content_type](
        body,
        choose=lambda names: _columns(names, spec, panel_ids.type),
        max_rows=max_rows,
        problems=problems,
    )
    order = _align(table, panel_ids, problems)
    values = _checked_values(table, spec, problems)
    problems.refuse_if_any()
    if order is not None:
        aligned = np.empty_like(values)
        aligned[order] = values
        values = aligned
    return canonical.encode(values)


def boolean_spelling(classes: tuple[str, ...]) -> tuple[str, str]:
    """Say how the classes write the False and True of a Boolean column."""
    for spelling in (("0", "1"), ("False", "True")):
        if set(spelling) <= set(classes):
            return spelling
    return "false", "true"


def class_codes(column: Any, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Find the position of each value among the classes, -1 for what is none of them."""
    known = pc.index_in(column.dictionary, value_set=pa.array(classes, pa.string()))
    return _codes(known.take(column.indices))


def _columns(names: list[str], spec: FileSpec, id_type: pa.DataType) -> list[Column]:
    expected = ["id", *spec.value_columns]
    if names != expected:
        shown = ",".join(names)
        problem = f"the columns are {quoted(shown)}; they must be {','.join(expected)}"
        hint = hints.of_label_file(names) or hints.of_names(names, expected)
        refuse(with_hint(problem, hint), row=1)
    id_kind = Kind.INTEGER if id_type == pa.int64() else Kind.TEXT
    value_kind = spec.of.kind
    spelling = boolean_spelling(spec.classes)
    classes = spec.classes if value_kind is Kind.CATEGORY else ()
    return [
        Column(name="id", kind=id_kind),
        *(
            Column(name=name, kind=value_kind, booleans=spelling, classes=classes)
            for name in expected[1:]
        ),
    ]


def _codes(positions: pa.Array) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = positions.cast(pa.int64()).fill_null(-1).to_numpy()
    return codes


def _positions(ids: Any, panel_ids: pa.Array) -> NDArray[np.int64]:
    if not pa.types.is_dictionary(ids.type):
        return _codes(pc.index_in(ids, value_set=panel_ids))
    known = pc.index_in(ids.dictionary, value_set=panel_ids)
    return _codes(known.take(ids.indices))


def _align(table: Table, panel_ids: pa.Array, problems: Problems) -> NDArray[np.int64] | None:
    """Find the panel position of each row; None when the rows stand in panel order already."""
    ids = table.columns["id"]
    if ids.type == panel_ids.type and ids.equals(panel_ids):
        return None
    positions = _positions(ids, panel_ids)
    is_given = ids.is_valid().to_numpy(zero_copy_only=False)
    unknown = np.flatnonzero((positions < 0) & is_given)
    problems.add_rows(
        unknown, table.rows, lambda i: f"{_show(ids[i])} is not an item of the panel", column="id"
    )
    problems.add_rows(
        repeated(positions),
        table.rows,
        lambda i: f"{_show(ids[i])} occurs before, in row {_first_row(table, positions, i)}",
        column="id",
    )
    # Behind an unreadable row or id stands an item that may well be there.
    if table.is_complete and is_given.all():
        counts = np.bincount(positions[positions >= 0], minlength=len(panel_ids))
        missing = np.flatnonzero(counts == 0)
        problems.add_file(
            [f"{_show(panel_ids[i])} is missing" for i in missing[:NAMED].tolist()],
            count=len(missing),
            column="id",
        )
    return positions


def repeated(positions: NDArray[np.int64]) -> NDArray[np.intp]:
    """Find rows whose item stands in an earlier row as well."""
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    is_repeat = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    return np.sort(order[1:][is_repeat])


def _first_row(table: Table, positions: NDArray[np.int64], index: int) -> int:
    return int(table.rows[np.argmax(positions == positions[index])])


def _show(id_: Any) -> str:
    value = id_.as_py()
    return f"id {quoted(value)}" if isinstance(value, str) else f"id {value}"


def _checked_values(table: Table, spec: FileSpec, problems: Problems) -> NDArray[np.generic]:
    names = spec.value_columns
    if spec.of.kind is Kind.CATEGORY:
        return _labels(table, names[0], spec, problems)
    matrix = np.column_stack([table.columns[name] for name in names])
    for column, name in enumerate(names):
        _check_bounds(matrix[:, column], name, spec, table, problems)
    if not spec.is_by_class:
        return matrix[:, 0]
    return _with_sums_of_one(matrix, names, table, problems)


def _check_bounds(
    values: NDArray[np.float64], name: str, spec: FileSpec, table: Table, problems: Problems
) -> None:
    if spec.of.bounds is None:
        return
    low, high = spec.of.bounds
    problems.add_rows(
        np.flatnonzero((values < low) | (values > high)),
        table.rows,
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
        rounding = sum(
            _half_units(_written(table, name, matrix[far, i], far)) for i, name in enumerate(names)
        )
        tolerances[far] = np.maximum(rounding, SUM_TOLERANCE)
    problems.add_rows(
        np.flatnonzero((errors > tolerances + _SUM_ERROR) | (sums == 0.0)),
        table.rows,
        lambda i: (
            f"the probabilities sum to {sums[i]:.9g}, not to 1; "
            f"{tolerances[i]:.3g} more or less is accepted"
        ),
        column=None,
    )
    scale = np.where((errors <= _SUM_ERROR) | (sums == 0.0), 1.0, sums)
    return matrix / scale[:, np.newaxis]


def _written(table: Table, name: str, values: NDArray[np.float64], at: NDArray[np.intp]) -> Any:
    """Write the chosen numbers as the file does; without digits in it, as CSV would."""
    if table.written is None:
        return pa.array(values).cast(pa.string())
    return table.written(name).take(pa.array(at))


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
    column = table.columns[name]
    codes = class_codes(column, spec.classes)
    is_given = column.is_valid().to_numpy(zero_copy_only=False)
    problems.add_rows(
        np.flatnonzero((codes < 0) & is_given),
        table.rows,
        lambda i: _no_class(column[i].as_py(), spec.classes),
        column=name,
    )
    return codes.clip(min=0).astype(canonical.code_dtype(len(spec.classes)))


def _no_class(text: str, classes: tuple[str, ...]) -> str:
    hint = hints.of_label(text, classes, booleans=boolean_spelling(classes))
    return with_hint(f"{quoted(text)} is not one of the classes {hints.classes(classes)}", hint)
