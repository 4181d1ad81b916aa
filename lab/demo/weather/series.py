"""
The weather series and its index: training days, the pool behind both iid holdouts, later days.

`Weather` belongs to the organizer and holds every label. Players get `Published`: all
measurements, and labels of the training days only.
"""

import datetime as dt
import io
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = Path(__file__).parent / "rainfall.csv.xz"

FIRST_DAY = dt.date(1949, 1, 1)
N_DAYS = 18_159
N_TRAINING = 6_000
# Left out of the panel: no measurement of a training day is then a neighbor of a panel day.
N_GAP = 59
N_QUERY = 2_400
N_FRESH = 6_700
N_TEMPORAL = 3_000
N_POOL = N_QUERY + N_FRESH
N_PANEL = N_POOL + N_TEMPORAL

Days = NDArray[np.int64]
Features = NDArray[np.float64]
Labels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What every team may use."""

    features: Features  # (18159, 8), all days, columns as published
    columns: tuple[str, ...]
    training: Days
    training_labels: Labels
    panel: Days


@dataclass(frozen=True, kw_only=True)
class Weather:
    """The series with all labels; the file has no dates, so a day is its number from the start."""

    features: Features
    columns: tuple[str, ...]
    labels: Labels  # 1: it rained
    training: Days
    pool: Days
    temporal: Days

    @property
    def panel(self) -> Days:
        """The days a submission answers, in the order of their ids."""
        return np.concatenate([self.pool, self.temporal])

    @property
    def published(self) -> Published:
        return Published(
            features=self.features,
            columns=self.columns,
            training=self.training,
            training_labels=self.labels[self.training],
            panel=self.panel,
        )


def item_ids(*, days: Days) -> list[str]:
    """Return ids that say which day it is, hence nothing about the draw of query and fresh items."""
    return [f"d{day:05d}" for day in days.tolist()]


def day_of(number: int) -> dt.date:
    """Return a date for a day: the file has none, so they are counted from the year in which it begins."""
    return FIRST_DAY + dt.timedelta(days=number)


def load() -> Weather:
    text = lzma.decompress(SOURCE.read_bytes()).decode("ascii")
    header, _, body = text.partition("\n")
    table = np.loadtxt(io.StringIO(body), delimiter=",")
    first = N_TRAINING + N_GAP
    return Weather(
        features=np.ascontiguousarray(table[:, 1:-1]),
        columns=tuple(header.split(",")[1:-1]),
        labels=table[:, -1].astype(np.uint8),
        training=np.arange(N_TRAINING),
        pool=np.arange(first, first + N_POOL),
        temporal=np.arange(first + N_POOL, N_DAYS),
    )
