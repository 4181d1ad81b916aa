"""Figures of a column: the same digits, as many as decide."""

import pytest

from vault.pages import figures


@pytest.mark.parametrize(
    ("values", "unit", "step", "digits"),
    [
        ([], 1.0, None, 0),
        ([None, 0.5, 0.75], 1.0, None, 2),
        ([2 / 3, 0.5], 1.0, None, 4),
        ([3.0, 4.0], 1.0, None, 0),
        ([41.4, 1000 / 3], 100.0, None, 2),
        ([0.1 + 0.2], 1.0, None, 1),
        ([0.70312], 1.0, 0.0005, 5),
        ([1234.56], 1e6, None, 0),
    ],
)
def test_as_many_digits_as_a_column_needs(
    values: list[float | None], unit: float, step: float | None, digits: int
) -> None:
    assert figures.decimals(values, unit=unit, step=step) == digits


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.767, 3, ".767"),
        (-0.012, 3, "-.012"),
        (41.4, 1, "41.4"),
        (0.77625, 4, ".7763"),
        (-0.00001, 3, ".000"),
        (0.0, 0, "0"),
        (1.0, 2, "1.00"),
        (None, 3, "–"),
    ],
)
def test_figures_are_written_as_in_the_sentences(
    value: float | None, decimals: int, text: str
) -> None:
    assert figures.written(value, decimals=decimals) == text


def test_intervals_and_moves() -> None:
    assert figures.interval(-0.01, 0.02, decimals=2) == "[-.01, .02]"
    assert figures.interval(None, 0.02, decimals=2) == ""
    assert [figures.moved(each) for each in (None, 0, 2, -3)] == ["", "=", "▲ 2", "▼ 3"]
