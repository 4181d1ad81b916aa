"""From the text of a batch of awaited labels to rows, as strict as for a label file.

Columns: `id`, `label`, `event_time` and `arrived_at`, the last two in ISO 8601 with their offset. Messages
name the row and the column and never quote a label. It knows no Django and no database.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vault.files.columns import Column, Kind
from vault.files.parsing import CSV, checked_positions, read_table, repeated
from vault.files.prediction_forms import MAX_VALUE
from vault.files.problems import Problems, refuse

COLUMNS = ("id", "label", "event_time", "arrived_at")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One row per item: its place among the holdout's, its label, and times in UTC."""

    places: NDArray[np.int64]
    labels: NDArray[np.int64] | NDArray[np.float64]
    event_times: list[str]
    arrived_at: list[str]

    @property
    def n_rows(self) -> int:
        return len(self.places)


def read(
    *,
    body: bytes,
    classes: tuple[str, ...],
    items: pa.Array,
    locked_at: dt.datetime,
    received_at: dt.datetime,
    max_rows: int,
) -> Batch:
    """Read a batch of labels of these items; raise `InvalidFileError` with every row that is wrong.

    An event before predictions were locked is no event to come, and a label does not arrive before its event,
    nor after it was sent.
    """
    problems = Problems()
    id_kind = Kind.INTEGER if items.type == pa.int64() else Kind.TEXT
    table = read_table(
        body, CSV, lambda names: _columns(names, classes, id_kind), max_rows, problems
    ).columns
    ids = table["id"]
    places = checked_positions(ids, items, "not an item of this holdout", problems, name="id")
    problems.add_rows(repeated(places), "the id occurs in an earlier row", column="id")
    labels = _labels(table["label"], classes, problems)
    events = _times(table["event_time"], "event_time", problems)
    arrived = _times(table["arrived_at"], "arrived_at", problems)
    _check_order(events, arrived, locked_at=locked_at, received_at=received_at, problems=problems)
    problems.refuse_if_any()
    return Batch(
        places=places,
        labels=labels,
        event_times=[each.isoformat() for each in events if each is not None],
        arrived_at=[each.isoformat() for each in arrived if each is not None],
    )


def _columns(names: list[str], classes: tuple[str, ...], id_kind: Kind) -> list[Column]:
    if tuple(names) != COLUMNS:
        refuse(f"the columns are {','.join(COLUMNS)}", row=1)
    label = Kind.CATEGORY if classes else Kind.NUMBER
    # Sealed, all of them: with two columns exchanged a label stands where an id is looked for.
    return [
        Column(name="id", kind=id_kind, is_plain=True, is_sealed=True),
        Column(name="label", kind=label, is_sealed=True, classes=classes),
        Column(name="event_time", kind=Kind.TIME, is_sealed=True),
        Column(name="arrived_at", kind=Kind.TIME, is_sealed=True),
    ]


def _labels(column: Any, classes: tuple[str, ...], problems: Problems) -> NDArray[Any]:
    if classes:
        among = pa.array(classes, pa.string())
        problem = "the label is not one of the benchmark's classes"
        return checked_positions(column, among, problem, problems, name="label")
    values: NDArray[np.float64] = column
    problem = f"the label is not between {-MAX_VALUE:g} and {MAX_VALUE:g}"
    problems.add_rows(np.abs(values) > MAX_VALUE, problem, column="label")
    return values


def _times(column: Any, name: str, problems: Problems) -> list[dt.datetime | None]:
    found = [_time(text) for text in column.to_pylist()]
    is_wrong = np.array([each is None for each in found], dtype=np.bool_)
    # A null has been reported already.
    is_wrong &= column.is_valid().to_numpy(zero_copy_only=False)
    problems.add_rows(is_wrong, "not an ISO 8601 time with its offset", column=name)
    return found


def _time(text: str | None) -> dt.datetime | None:
    try:
        time = None if text is None else dt.datetime.fromisoformat(text)
        return None if time is None or time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _check_order(
    events: list[dt.datetime | None],
    arrived: list[dt.datetime | None],
    *,
    locked_at: dt.datetime,
    received_at: dt.datetime,
    problems: Problems,
) -> None:
    pairs = list(zip(events, arrived, strict=True))
    early = [event is not None and event <= locked_at for event, _ in pairs]
    problems.add_rows(
        np.array(early, dtype=np.bool_),
        f"the event is not after {locked_at.isoformat()}, when predictions were locked",
        column="event_time",
    )
    before = [event is not None and at is not None and at < event for event, at in pairs]
    problems.add_rows(
        np.array(before, dtype=np.bool_),
        "the label arrived before the event",
        column="arrived_at",
    )
    after = [at is not None and at > received_at for _, at in pairs]
    problems.add_rows(
        np.array(after, dtype=np.bool_),
        "the label arrives after the batch was received",
        column="arrived_at",
    )
