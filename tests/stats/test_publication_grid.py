"""The grid of coarse figures, by hand."""

import pytest

from stats.publication_grid import publication_step


@pytest.mark.parametrize(
    ("unit", "n", "step"), [(1.0, 2_500, 0.01), (4.0, 100, 0.2), (1.0, 1, 0.5)]
)
def test_step_is_half_a_unit_over_the_root_of_the_items(unit: float, n: int, step: float) -> None:
    assert publication_step(unit=unit, n_fresh=n) == pytest.approx(step)


@pytest.mark.parametrize(("unit", "n"), [(0.0, 10), (float("inf"), 10), (1.0, 0)])
def test_impossible_grids_are_refused(unit: float, n: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        publication_step(unit=unit, n_fresh=n)
