"""Slices: simultaneous coverage, ranking, and the edges."""

from typing import Any

import numpy as np
import pytest

from stats.intervals import wilson
from stats.quality.slices import consistency, slice_scores


def test_slices_by_hand() -> None:
    """60 items right in 45, 60 right in 30, and 10 that are too few; overall 80 of 130."""
    scores = np.repeat([1, 0, 1, 0, 1, 0], [45, 15, 30, 30, 5, 5])
    names = np.repeat(["a", "b", "c"], [60, 60, 10])

    found = slice_scores(item_scores=scores, slices=names, rng=np.random.default_rng(1))

    assert (found.names, found.left_out, found.n.tolist()) == (["a", "b"], ["c"], [60, 60])
    assert found.score.tolist() == [0.75, 0.5]
    assert found.gap == pytest.approx(found.score - 80 / 130)
    assert found.shrunken == pytest.approx((60 * found.score + 20 * 80 / 130) / 80)
    assert found.worst == 1
    exact = wilson(successes=45, n=60, confidence_level=0.975)
    assert (found.low[0], found.high[0]) == (exact.low, exact.high)


@pytest.mark.parametrize("method", ["wilson", "multiplier"])
def test_all_intervals_hold_together(method: Any) -> None:
    """8 slices of 60 to 200 items, 200 holdouts, seed 231: Binomial(200, .05) exceeds 26 with p < 1e-5."""
    rng = np.random.default_rng(231)
    sizes = np.linspace(60, 200, 8).astype(int)
    truth = np.linspace(0.6, 0.85, 8)
    missed = 0
    for _ in range(200):
        scores = rng.random(sizes.sum()) < np.repeat(truth, sizes)
        found = slice_scores(
            item_scores=scores.astype(float),
            slices=np.repeat(np.arange(8), sizes),
            rng=rng,
            method=method,
            n_draws=400,
        )
        missed += bool(((found.low > truth) | (found.high < truth)).any())

    assert missed <= 26


def test_the_worst_slice_looks_worse_than_it_is() -> None:
    """20 equal slices of 100 at .8, 200 holdouts, seed 232: the smallest is 1.87 standard errors low."""
    rng = np.random.default_rng(232)
    lowest = [
        slice_scores(
            item_scores=(rng.random(2000) < 0.8).astype(float),
            slices=np.repeat(np.arange(20), 100),
            rng=rng,
        ).score.min()
        for _ in range(200)
    ]

    assert np.mean(lowest) == pytest.approx(0.8 - 1.8675 * 0.04, abs=0.01)


def test_a_slice_without_spread_is_a_point() -> None:
    scores = np.concatenate([np.ones(60), np.tile([0.2, 0.8], 30)])

    found = slice_scores(
        item_scores=scores,
        slices=np.repeat([1, 2], 60),
        rng=np.random.default_rng(1),
        method="multiplier",
    )

    assert found.low[0] == found.high[0] == 1
    assert found.low[1] < 0.5 < found.high[1]


def test_consistency() -> None:
    assert consistency(clean=[1, 2, 3, 3], perturbed=[1, 2, 3, 1]) == 0.75
    with pytest.raises(ValueError, match="perturbed"):
        consistency(clean=[], perturbed=[])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"item_scores": [1.0]}, "item_scores"),
        ({"item_scores": [np.nan] * 60}, "finite"),
        ({"item_scores": [0.5] * 60}, "Wilson"),
        ({"alpha": 0}, "alpha"),
        ({"method": "bootstrap"}, "method"),
        ({"method": "multiplier", "n_draws": 0}, "n_draws"),
        ({"shrinkage": np.inf}, "shrinkage"),
        ({"min_items": 1}, "min_items"),
        ({"shrinkage": -1}, "shrinkage"),
        ({"min_items": 61}, "none has 61"),
    ],
)
def test_impossible_slices_are_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"item_scores": [1.0] * 60, "slices": [1] * 60}
    with pytest.raises(ValueError, match=said):
        slice_scores(**{**given, **changed}, rng=np.random.default_rng(1))
