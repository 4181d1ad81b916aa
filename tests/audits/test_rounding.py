"""Figures for everybody: to the nearest line, no more digits than the grid, intervals never too narrow."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audits import rounding
from stats.metrics import METRICS, Scorer

COARSE = rounding.coarse(unit=1.0, bounds=(0.0, 1.0), n_fresh=1_200)
COSTS = [[5.0, 10.0], [10.0, 6.0]]


def grid_of(metric: str, n_fresh: int) -> rounding.Coarse:
    is_regression = "regression" in METRICS[metric].tasks
    scorer = Scorer(
        metric=metric,
        n_classes=None if is_regression else 2,
        loss_cap=60.0 if is_regression else None,
        cost_matrix=COSTS if METRICS[metric].needs_costs else None,
    )
    found = rounding.coarse(unit=scorer.unit, bounds=scorer.bounds, n_fresh=n_fresh)
    assert found.high == scorer.bounds[1]
    assert found.low == (-1.0 if metric == "r2" else scorer.bounds[0])
    return found


@given(
    metric=st.sampled_from(list(METRICS)),
    share=st.floats(0, 1),
    n_fresh=st.integers(10, 100_000),
)
def test_the_nearest_line_is_shown(metric: str, share: float, n_fresh: int) -> None:
    """No direction: rounding toward worse made every honest team look inflated."""
    grid = grid_of(metric, n_fresh)
    exact = grid.low + share * (grid.high - grid.low)

    shown = grid.figure(exact)

    assert abs(shown - exact) <= grid.step / 2 + 10**-grid.decimals / 2 + 1e-9
    # No more digits than two of the grid's own.
    assert shown == round(shown, grid.decimals)
    assert 10**-grid.decimals <= grid.step


@given(
    value=st.floats(0, 1),
    low=st.floats(0, 0.2),
    high=st.floats(0, 0.2),
)
def test_an_interval_holds_the_one_that_it_stands_for(
    value: float, low: float, high: float
) -> None:
    shown = COARSE.score_interval(value=value, low=max(0, value - low), high=min(1, value + high))

    assert shown[0] <= max(0, value - low) + 1e-9
    assert shown[1] >= min(1, value + high) - 1e-9
    assert 0 <= shown[0] <= COARSE.figure(value) <= shown[1] <= 1


@given(
    metric=st.sampled_from([each for each in METRICS if METRICS[each].is_mean]),
    share=st.floats(0, 1),
    n_labelled=st.integers(20, 2_000),
    n_missing=st.integers(0, 2_000),
)
def test_bounds_of_the_rounded_score_hold_those_of_the_exact_one(
    metric: str, share: float, n_labelled: int, n_missing: int
) -> None:
    """They are the same for all scores that are shown alike, so they tell no more than the figure."""
    grid = grid_of(metric, n_labelled)
    exact, n_items = grid.low + share * (grid.high - grid.low), n_labelled + n_missing

    def bounds(value: float, *, is_weighted: bool) -> list[float]:
        return grid.worst_case(
            value=value, n_labelled=n_labelled, n_items=n_items, is_weighted=is_weighted
        )

    low, high = bounds(exact, is_weighted=False)

    labelled = n_labelled / n_items
    assert low <= grid.low + labelled * (exact - grid.low) + 1e-9
    assert high >= grid.high - labelled * (grid.high - exact) - 1e-9
    shown = grid.figure(exact)
    assert low <= shown <= high
    assert bounds(shown, is_weighted=False) == [low, high]
    wider = bounds(exact, is_weighted=True)
    assert wider[0] <= low <= high <= wider[1]


@given(value=st.floats(0, 1), lines=st.integers(1, 12), n_fresh=st.integers(10, 100_000))
@example(value=0.65381150455, lines=9, n_fresh=2_212)
def test_an_interval_of_whole_steps_holds_the_one_that_it_stands_for(
    value: float, lines: int, n_fresh: int
) -> None:
    """Its figure is rounded to digits, too, by up to half a unit of the last one."""
    grid = rounding.coarse(unit=1.0, bounds=(0.0, 1.0), n_fresh=n_fresh)
    low, high = max(0, value - lines * grid.step), min(1, value + lines * grid.step)

    shown = grid.score_interval(value=value, low=low, high=high)

    assert shown[0] <= low + 1e-9
    assert shown[1] >= high - 1e-9


@given(value=st.floats(-2, 2))
def test_luck_and_limits_are_rounded_up(value: float) -> None:
    shown = COARSE.upward(value)

    assert max(value, 0) - 1e-9 <= shown <= max(value, 0) + COARSE.step + 10**-COARSE.decimals


def test_costs_are_shown_between_the_least_and_the_largest_cost() -> None:
    """Right decisions cost something, too: no file of this matrix costs less than 5."""
    grid = grid_of("expected_cost", 400)

    # Lines of .125, and two digits of them.
    assert [grid.figure(value) for value in (5.235, 5.97, 7.105)] == [5.25, 6.0, 7.12]
    low, high = grid.score_interval(value=5.97, low=5.9, high=6.04)
    assert 5.7 < low <= 5.9
    assert 6.04 <= high < 6.3


def test_figures_of_a_usual_size() -> None:
    """m = 1,200: steps of .0144 and three digits; a root mean square of cap 60 has steps of .866."""
    assert COARSE.step == pytest.approx(0.014434, abs=1e-6)
    assert (COARSE.figure(0.8213), COARSE.figure(0.8182)) == (0.823, 0.823)
    assert COARSE.decimals == 3
    losses = grid_of("rmse", 1_200)
    assert losses.figure(41.4) == pytest.approx(41.57)
    assert grid_of("r2", 100).figure(-7.0) == -1.0


def test_a_perfect_loss_is_zero_and_not_minus_zero() -> None:
    losses = grid_of("brier", 100)

    assert str(losses.figure(-0.0)) == "0.0"


def test_exact_figures_have_six_digits_below_the_unit() -> None:
    """No float dust; under a cap far above all that is scored six digits below 1 or the figure."""
    exact = rounding.Exact(unit=1.0)

    assert exact.figure(0.123456) == exact.upward(0.123456) == 0.123456
    assert exact.figure(0.8133333333333) == 0.813333
    assert str(exact.effect(-1e-9)) == "0.0"
    assert exact.effect_interval(centre=0.5, half_width=0.25) == [0.25, 0.75]
    assert rounding.Exact(unit=60.0).figure(57.58314333333333) == 57.5831
    capped = rounding.Exact(unit=1e12)
    assert [capped.figure(value) for value in (0.41234567, 1234.56789)] == [0.412346, 1234.57]
    assert exact.p_value(value=0.0123, is_screened=False) == ".012"
    assert exact.p_value(value=1.0, is_screened=True) == "> .05"
    assert math.isclose(exact.slack, 0)
