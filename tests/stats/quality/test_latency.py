"""Latency: percentiles with exact intervals, limits and the front."""

from typing import Any

import numpy as np
import pytest

from stats.quality.latency import pareto_front, percentile, score_under_budget


def test_percentile_is_an_order_statistic() -> None:
    times = np.arange(1, 101)

    assert percentile(times=times, share=0.5).value == 50
    assert percentile(times=times, share=0.99).value == 99
    assert percentile(times=[7.0], share=0.5).value == 7
    assert percentile(times=times, share=1e-12).value == 1
    assert percentile(times=np.reshape(times, (4, 25)), share=0.5).value == 50


def test_interval_covers() -> None:
    """p95 of 400 exponential times, 600 samples, seed 281: Binomial(600, .05) exceeds 56 with p < 1e-5."""
    rng = np.random.default_rng(281)
    truth, missed = -np.log(0.05), 0
    for _ in range(600):
        found = percentile(times=rng.exponential(size=400), share=0.95)
        missed += not found.low <= truth <= found.high
        assert found.low <= found.value <= found.high

    assert 0 < missed <= 56


def test_a_small_sample_bounds_no_far_percentile() -> None:
    found = percentile(times=np.arange(10.0), share=0.99)

    assert found.high == np.inf
    assert percentile(times=np.arange(10.0), share=0.01).low == 0


def test_runs_are_put_together_not_averaged() -> None:
    """Nine fast runs and a slow one: the p95 of all is slow, the mean of the runs' p95s is a tenth of it."""
    runs = [[1.0] * 100] * 9 + [[100.0] * 100]

    assert percentile(times=runs, share=0.95).value == 100


def test_what_comes_too_late_is_wrong() -> None:
    found = score_under_budget(item_scores=[1, 1, 0, 1], times=[1, 3, 1, np.inf], budget=2)

    assert found == 0.25


def test_front_by_hand_and_its_certainty() -> None:
    """The best score, the shortest time, and one beaten in both; far apart, so certain."""
    rng = np.random.default_rng(282)
    scores = (rng.random((800, 3)) < [0.95, 0.7, 0.6]).astype(float)
    times = np.array([9, 1, 5]) + rng.random((800, 3))

    found = pareto_front(item_scores=scores, times=times, rng=rng, n_draws=100)

    assert found.on_front.tolist() == [True, True, False]
    assert found.probability.tolist() == [1, 1, 0]


def test_close_teams_share_the_front_by_chance() -> None:
    rng = np.random.default_rng(283)
    scores = (rng.random((300, 2)) < 0.8).astype(float)
    times = rng.random((300, 2))

    found = pareto_front(item_scores=scores, times=times, rng=rng, n_draws=200)

    assert found.on_front.any()
    assert (found.probability > 0.2).all()
    assert found.probability.sum() >= 1


def test_front_of_one_item() -> None:
    """Most resamples of one item are empty or the item itself: both leave the item."""
    found = pareto_front(
        item_scores=[[1.0, 0.0]], times=[[1.0, 2.0]], rng=np.random.default_rng(1), n_draws=20
    )

    assert found.probability.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (percentile, {"times": [], "share": 0.5}, "times"),
        (percentile, {"times": [-1.0], "share": 0.5}, "times"),
        (percentile, {"times": [np.nan], "share": 0.5}, "times"),
        (percentile, {"times": [1.0], "share": 1.0}, "share"),
        (score_under_budget, {"item_scores": [2.0], "times": [1.0], "budget": 1}, "item_scores"),
        (score_under_budget, {"item_scores": [1.0], "times": [1.0], "budget": 0}, "budget"),
    ],
)
def test_impossible_times_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"times": [[1.0]]}, "times: a matrix"),
        ({"item_scores": [[np.nan, 1.0]]}, "finite"),
        ({"times": [[-1.0, 1.0]]}, "below 0"),
        ({"n_draws": 0}, "n_draws"),
    ],
)
def test_impossible_fronts_are_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"item_scores": [[1.0, 0.0]], "times": [[1.0, 2.0]]}
    with pytest.raises(ValueError, match=said):
        pareto_front(**{**given, **changed}, rng=np.random.default_rng(1))
