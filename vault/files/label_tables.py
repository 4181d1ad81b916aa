"""From the bytes of a label file to labels that can be sealed, as strict as for predictions.

Columns: `id` and `label`, and if wanted `time`, `group` and any number of `slice:<name>`. Items of one group
are drawn into one shard; an item whose group is empty is drawn by itself. Messages name the row and the
column and never quote a label.

It knows no Django and no database, so that a file can be read, and reported on, where its labels live.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files import hints, panel_files
from vault.files.columns import Column, Kind, Table
from vault.files.parsing import READERS, boolean_spelling, class_codes, repeated
from vault.files.prediction_forms import MAX_VALUE
from vault.files.problems import Problems, quoted, refuse, with_hint

SLICE = "slice:"
MAX_ROWS = 10_000_000
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class LabelSpec:
    """What a benchmark's label files must hold.

    `classes` in code order; none: the labels are the values of a regression. `id_kind` is that of the ids
    which are sealed already; at first it is `Kind.KEY`, whatever the file has.
    """

    classes: tuple[str, ...]
    id_kind: Kind = Kind.KEY

    @property
    def is_regression(self) -> bool:
        return not self.classes


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """One row per item: class codes (int64) or values (float64), and what is known of the item.

    Slices, times and groups are dictionaries of strings; times are ISO 8601 dates or date-times.
    """

    ids: pa.Array
    labels: NDArray[np.int64] | NDArray[np.float64]
    slices: dict[str, Any] = field(default_factory=dict)
    times: Any = None
    groups: Any = None

    def take(self, rows: NDArray[np.intp]) -> "LabelTable":
        """Choose these rows, in this order."""
        chosen = pa.array(rows)
        return LabelTable(
            ids=self.ids.take(chosen),
            labels=self.labels[rows],
            slices={name: column.take(chosen) for name, column in self.slices.items()},
            times=None if self.times is None else self.times.take(chosen),
            groups=None if self.groups is None else self.groups.take(chosen),
        )


def read(*, body: bytes, content_type: str, spec: LabelSpec) -> LabelTable:
    """Read a label file; raises `InvalidFileError`, which says nothing of the labels themselves."""
    if content_type not in READERS:
        refuse(f"the content type is {quoted(content_type)}; it may be {' or '.join(READERS)}")
    problems = Problems()
    table = READERS[content_type](
        body,
        choose=lambda names: _columns(names, spec),
        max_rows=MAX_ROWS,
        problems=problems,
    )
    columns = table.columns
    _check_ids(table, problems)
    labels = _labels(table, spec, problems)
    if "time" in columns:
        _check_times(table, problems)
    problems.refuse_if_any()
    ids = columns["id"]
    return LabelTable(
        ids=ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids,
        labels=labels,
        slices={
            name.removeprefix(SLICE): columns[name]
            for name in sorted(columns)
            if name.startswith(SLICE)
        },
        times=columns.get("time"),
        groups=columns.get("group"),
    )


def period(table: LabelTable) -> tuple[dt.date, dt.date] | None:
    """Find the first and the last day of the items' times."""
    if table.times is None:
        return None
    days = sorted(dt.date.fromisoformat(text[:10]) for text in table.times.unique().to_pylist())
    return days[0], days[-1]


def _columns(names: list[str], spec: LabelSpec) -> list[Column]:
    if len(set(names)) != len(names):
        refuse("a column occurs twice", row=1)
    hint = hints.of_names(names, ["id", "label"])
    for name in ("id", "label"):
        if name not in names:
            refuse(with_hint(f"the column {name} is missing{_found(names, spec)}", hint), row=1)
    return [_column(name, spec, names=names) for name in names]


def _found(names: list[str], spec: LabelSpec) -> str:
    """Name the columns that are there; without a header the first row, labels and all, is not told."""
    if any(name in spec.classes or not name.isidentifier() for name in names):
        return "; the first row names the columns"
    return f"; the columns are {hints.classes(names)}"


def _column(name: str, spec: LabelSpec, *, names: list[str]) -> Column:
    if name == "label":
        return Column(
            name=name,
            kind=Kind.NUMBER if spec.is_regression else Kind.CATEGORY,
            is_sealed=True,
            booleans=boolean_spelling(spec.classes),
            classes=spec.classes,
        )
    if name == "id":
        return Column(name=name, kind=spec.id_kind, is_plain=True)
    if name == "time":
        return Column(name=name, kind=Kind.TIME)
    if name == "group":
        return Column(name=name, kind=Kind.CATEGORY, may_be_empty=True)
    if name == SLICE:
        refuse("a slice needs a name", row=1)
    if not name.startswith(SLICE):
        problem = f"the column {quoted(name)} is none of id, label, time, group, slice:<name>"
        refuse(with_hint(problem, hints.of_names(names, ["id", "label"])), row=1)
    return Column(name=name, kind=Kind.CATEGORY)


def _check_ids(table: Table, problems: Problems) -> None:
    ids = table.columns["id"]
    encoded = ids if pa.types.is_dictionary(ids.type) else pc.dictionary_encode(ids)
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    problems.add_rows(
        repeated(codes), table.rows, lambda i: "the id occurs in an earlier row", column="id"
    )
    if not pa.types.is_string(encoded.dictionary.type):
        return
    for wrong, problem in (
        (panel_files.is_too_long(encoded.dictionary), panel_files.TOO_LONG),
        (panel_files.is_unclean(encoded.dictionary), panel_files.UNCLEAN),
    ):
        # The code of a null is -1.
        rows = np.flatnonzero(np.append(wrong, False)[codes])
        problems.add_rows(rows, table.rows, _always(problem), column="id")


def _always(problem: str) -> Callable[[int], str]:
    return lambda index: problem


def _labels(table: Table, spec: LabelSpec, problems: Problems) -> NDArray[Any]:
    column = table.columns["label"]
    if spec.is_regression:
        values: NDArray[np.float64] = column
        problems.add_rows(
            # A NaN is a problem already reported.
            np.flatnonzero(np.abs(values) > MAX_VALUE),
            table.rows,
            lambda i: f"the label is not between {-MAX_VALUE:g} and {MAX_VALUE:g}",
            column="label",
        )
        return values
    codes = class_codes(column, spec.classes)
    known = hints.classes(spec.classes)
    # The same for every row: what a hint says must not depend on the label.
    is_whole = all(name.isdecimal() for name in spec.classes)
    problem = with_hint(
        f"the label is not one of the benchmark's classes {known}",
        "write them without a decimal point, not as 1.0 (pandas astype(int))" if is_whole else "",
    )
    is_given = column.is_valid().to_numpy(zero_copy_only=False)
    problems.add_rows(
        np.flatnonzero((codes < 0) & is_given),
        table.rows,
        lambda i: problem,
        column="label",
    )
    return codes


def _is_time(text: str | None) -> bool:
    if text is None or not _TIME.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _check_times(table: Table, problems: Problems) -> None:
    times = table.columns["time"]
    good = pa.array([_is_time(text) for text in times.dictionary.to_pylist()], pa.bool_())
    # A null has been reported already.
    is_wrong = pc.invert(good.take(times.indices)).fill_null(False)
    problems.add_rows(
        np.flatnonzero(is_wrong.to_numpy(zero_copy_only=False)),
        table.rows,
        lambda i: "not an ISO 8601 date or date-time",
        column="time",
    )
