"""The expected maximum against published values."""

import pytest

from stats.expected_maximum import expected_maximum


@pytest.mark.parametrize(
    ("k", "value"),
    [
        (1, 0.0),
        (2, 0.5642),
        (5, 1.1630),
        (10, 1.5388),
        (20, 1.8675),
        (50, 2.2491),
        (100, 2.5076),
        (500, 3.0367),
        (1000, 3.2414),
        (10_000, 3.8516),
    ],
)
def test_reference_table(k: int, value: float) -> None:
    assert expected_maximum(k=k) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("k", [0, float("nan"), float("inf")])
def test_a_maximum_of_no_number_is_refused(k: float) -> None:
    with pytest.raises(ValueError, match="k must be at least 1"):
        expected_maximum(k=k)  # type: ignore[arg-type]
