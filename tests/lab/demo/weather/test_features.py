from typing import get_args

import numpy as np
import pytest

from lab.demo.weather import features, series
from lab.demo.weather.features import Columns, Table, View


@pytest.fixture(scope="module")
def measurements() -> series.Features:
    return series.load().features


@pytest.mark.parametrize("columns", get_args(Columns))
@pytest.mark.parametrize("view", get_args(View))
def test_build_gives_one_bounded_row_per_day(
    measurements: series.Features, columns: Columns, view: View
) -> None:
    table = Table(columns, view).build(measurements=measurements)

    assert table.shape[0] == series.N_DAYS
    assert np.abs(table).max() <= 10.0


def test_days_before_repeats_the_edges() -> None:
    table = np.arange(4.0)[:, None]

    assert features.days_before(table=table, days=1).ravel().tolist() == [0, 0, 1, 2]
    assert features.days_before(table=table, days=-1).ravel().tolist() == [1, 2, 3, 3]


def test_realigned_columns_hold_one_quantity_throughout(measurements: series.Features) -> None:
    """Neighboring days resemble each other differently per quantity: .4 for wind, .95 for heat."""

    def persistence(table: series.Features) -> np.ndarray:
        return np.array(
            [np.corrcoef(table[:-1, j], table[1:, j])[0, 1] for j in range(table.shape[1])]
        )

    cut = features.ROTATED_FROM
    published = features.published(measurements=measurements)
    aligned = features.realigned(measurements=measurements)

    assert np.abs(persistence(published[:cut]) - persistence(published[cut:])).max() > 0.3
    assert np.abs(persistence(aligned[:cut]) - persistence(aligned[cut:])).max() < 0.1


def test_realigned_leaves_its_input_alone(measurements: series.Features) -> None:
    before = measurements.copy()

    features.realigned(measurements=measurements)

    assert np.array_equal(measurements, before)
