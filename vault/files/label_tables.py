"""From the bytes of a label file to labels that can be sealed, as strict as for predictions.

Columns: `id` and `label`, and if wanted `time`, `group` and any number of `slice:<name>`. Items of one group
are drawn into one shard; an item whose group is empty is drawn by itself. Messages name the row and the
column and never quote a label.

It knows no Django and no database, so that a file can be read, and reported on, where its labels live.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.files import hints, panel_files
from vault.files.columns import Column, Kind, of_each, uncleans
from vault.files.parsing import checked_positions, read_table, repeated
from vault.files.prediction_forms import MAX_VALUE
from vault.files.problems import Problems, quoted, refuse, with_hint

SLICE = "slice:"
MAX_ROWS = 10_000_000
# Everybody reads the names, with each holdout of the draw.
MAX_SLICES, MAX_SLICE_NAME = 1_000, 200
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


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


def read(
    *,
    body: bytes,
    content_type: str,
    classes: tuple[str, ...],
    id_kind: Kind = Kind.KEY,
    among: pa.Array | None = None,
) -> LabelTable:
    """Read a label file; raises `InvalidFileError`, which says nothing of the labels themselves.

    `classes` in code order; none: the labels are the values of a regression. A class with a control
    character is refused before any row is read, as a row's problem would tell its label. `id_kind` is that of
    the ids which are sealed already; at first it is `Kind.KEY`, whatever the file has. With `among` every id
    must be one of these.
    """
    for problem in _problems_of(classes):
        refuse(problem.replace("a field", "a class of the benchmark"), column="label")
    problems = Problems()
    columns = read_table(
        body, content_type, lambda names: _columns(names, classes, id_kind), MAX_ROWS, problems
    ).columns
    ids = columns["id"]
    check_ids(ids, problems, among=among)
    labels = _labels(columns["label"], classes, problems)
    if "time" in columns:
        # A null has been reported already.
        is_wrong = of_each(
            columns["time"],
            lambda texts: pa.array([not _is_time(t) for t in texts.to_pylist()], pa.bool_()),
        )
        problems.add_rows(is_wrong, "not an ISO 8601 date or date-time", column="time")
    for name, texts in columns.items():
        if name == "group" or name.startswith(SLICE):
            for is_wrong, problem in uncleans(texts):
                problems.add_rows(is_wrong, problem, column=name)
    problems.refuse_if_any()
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


def _columns(names: list[str], classes: tuple[str, ...], id_kind: Kind) -> list[Column]:
    if len(set(names)) != len(names):
        refuse("a column occurs twice", row=1)
    for problem in _problems_of(names):
        refuse(problem, row=1)
    known = {
        "id": Column(name="id", kind=id_kind, is_plain=True),
        "label": Column(
            name="label",
            kind=Kind.CATEGORY if classes else Kind.NUMBER,
            is_sealed=True,
            classes=classes,
        ),
        "time": Column(name="time", kind=Kind.TIME),
        "group": Column(name="group", kind=Kind.CATEGORY, may_be_empty=True),
    }
    hint = hints.of_names(names, ["id", "label"])
    # Without a header the first row, labels and all, is not told.
    is_header = all(name not in classes and name.isidentifier() for name in names)
    found = f"columns are {hints.classes(names)}" if is_header else "first row names the columns"
    for name in ("id", "label"):
        if name not in names:
            problem = f"the column {name} is missing; the {found}"
            refuse(with_hint(problem, hint), row=1)
    _check_slices([name.removeprefix(SLICE) for name in names if name.startswith(SLICE)])
    for name in names:
        if name not in known and not name.startswith(SLICE):
            problem = f"the column {quoted(name)} is none of id, label, time, group, slice:<name>"
            refuse(with_hint(problem, hint), row=1)
    return [known.get(name) or Column(name=name, kind=Kind.CATEGORY) for name in names]


def _check_slices(names: Sequence[str]) -> None:
    if len(names) > MAX_SLICES:
        refuse(f"there are more than {MAX_SLICES:,} slices", row=1)
    if "" in names:
        refuse("a slice needs a name", row=1)
    if any(len(name) > MAX_SLICE_NAME for name in names):
        refuse(f"the name of a slice has at most {MAX_SLICE_NAME} characters", row=1)


def _problems_of(names: Sequence[str]) -> list[str]:
    """Say what is wrong with names of columns or of classes."""
    found = uncleans(pa.array(names, pa.string()))
    return [problem for is_wrong, problem in found if pc.any(is_wrong).as_py()]


def check_ids(ids: Any, problems: Problems, *, among: pa.Array | None = None) -> None:
    """Report ids that stand in an earlier row, that cannot be one, or that are none of the others."""
    encoded = ids if pa.types.is_dictionary(ids.type) else pc.dictionary_encode(ids)
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    problems.add_rows(repeated(codes), "the id occurs in an earlier row", column="id")
    if pa.types.is_string(encoded.dictionary.type):
        for is_wrong, problem in panel_files.wrong_texts(encoded.dictionary):
            problems.add_rows(is_wrong.take(encoded.indices), problem, column="id")
    if among is not None:
        known = pc.is_in(encoded.dictionary, value_set=among.cast(encoded.dictionary.type))
        is_wrong = pc.invert(known).take(encoded.indices)
        problems.add_rows(is_wrong, "the item is not of this batch", column="id")


def _labels(column: Any, classes: tuple[str, ...], problems: Problems) -> NDArray[Any]:
    if not classes:
        values: NDArray[np.float64] = column
        # A NaN is a problem already reported.
        problems.add_rows(
            np.abs(values) > MAX_VALUE,
            f"the label is not between {-MAX_VALUE:g} and {MAX_VALUE:g}",
            column="label",
        )
        return values
    # The same for every row: what a hint says must not depend on the label.
    is_whole = all(name.isdecimal() for name in classes)
    problem = with_hint(
        f"the label is not one of the benchmark's classes {hints.classes(classes)}",
        "write them without a decimal point, not as 1.0 (pandas astype(int))" if is_whole else "",
    )
    among = pa.array(classes, pa.string())
    return checked_positions(column, among, problem, problems, name="label")


def _is_time(text: str | None) -> bool:
    if text is None or not _TIME.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
