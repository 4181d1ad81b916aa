"""Feature tables over all days, built from measurements alone: no label is ever an input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lab.demo.weather.series import Features

# From this day on the published columns are rotated by one place: "dew point" holds pressures,
# "sea-level pressure" visibilities, and so on round to "maximum temperature". The columns' means,
# spreads and correlations show it without any label.
ROTATED_FROM = 12_000

# What the columns hold before that day. The source's names of the last two are swapped.
TEMPERATURE, DEW_POINT, PRESSURE, VISIBILITY, WIND, GUST, WARMEST, COLDEST = range(8)

Columns = Literal["published", "realigned"]
View = Literal["plain", "day", "yesterday", "neighbors", "contrasts"]


def published(*, measurements: Features) -> Features:
    """Return the columns as they are; a few sea-level pressures are 90 standard deviations off."""
    return np.clip(measurements, -5.0, 5.0)


def realigned(*, measurements: Features) -> Features:
    """Return the columns with one quantity in each throughout, scaled by era."""
    table = measurements.copy()
    table[ROTATED_FROM:] = np.roll(measurements[ROTATED_FROM:], 1, axis=1)
    for era in (slice(None, ROTATED_FROM), slice(ROTATED_FROM, None)):
        low, median, high = np.percentile(table[era], [25, 50, 75], axis=0)
        table[era] = (table[era] - median) / (high - low)
    return np.clip(table, -4.0, 4.0)


def days_before(*, table: Features, days: int) -> Features:
    """Return the table as it stood `days` earlier (later if negative); the ends repeat the edge."""
    rows = np.clip(np.arange(len(table)) - days, 0, len(table) - 1)
    return table[rows]


def plain(table: Features) -> Features:
    return table[:, [DEW_POINT, PRESSURE, VISIBILITY, WIND]]


def day(table: Features) -> Features:
    return table


def with_yesterday(table: Features) -> Features:
    return np.hstack([table, days_before(table=table, days=1)])


def with_neighbors(table: Features) -> Features:
    """Join yesterday, today and tomorrow: the whole panel is published at once."""
    return np.hstack([with_yesterday(table), days_before(table=table, days=-1)])


def with_contrasts(table: Features) -> Features:
    """Join neighboring days, their differences, the dew-point depression and the day's range."""
    return np.hstack(
        [
            with_neighbors(table),
            table - days_before(table=table, days=1),
            days_before(table=table, days=-1) - table,
            table[:, [TEMPERATURE]] - table[:, [DEW_POINT]],
            table[:, [WARMEST]] - table[:, [COLDEST]],
        ]
    )


VIEWS: dict[View, Callable[[Features], Features]] = {
    "plain": plain,
    "day": day,
    "yesterday": with_yesterday,
    "neighbors": with_neighbors,
    "contrasts": with_contrasts,
}


@dataclass(frozen=True)
class Table:
    """Which columns, in which view: the inputs of one model."""

    columns: Columns
    view: View

    def build(self, *, measurements: Features) -> Features:
        align = published if self.columns == "published" else realigned
        return VIEWS[self.view](align(measurements=measurements))
