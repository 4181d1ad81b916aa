"""Windows in time: the fitted line, its errors and rankings."""

from typing import Any

import numpy as np
import pytest

from stats.quality.decay import decay, rank_stability


def test_slope_is_weighted_least_squares() -> None:
    scores, variances = np.array([0.9, 0.85, 0.86, 0.7]), np.array([1.0, 2.0, 1.0, 4.0])

    found = decay(scores=scores, variances=variances, rng=np.random.default_rng(1))

    design = np.column_stack([np.ones(4), np.arange(4)]) / np.sqrt(variances)[:, None]
    expected = np.linalg.lstsq(design, scores / np.sqrt(variances))[0]
    assert found.slope == pytest.approx(expected[1])
    assert found.se == pytest.approx(np.sqrt(np.linalg.inv(design.T @ design)[1, 1]))


def test_error_is_that_of_repeated_windows() -> None:
    """2,000 repetitions, seed 241: the slope's spread within 8 %, and its mean within 5 errors."""
    rng = np.random.default_rng(241)
    truth, variances = 0.8 - 0.01 * np.arange(8), np.full(8, 0.02**2)
    slopes = []
    for _ in range(2_000):
        found = decay(
            scores=rng.normal(truth, 0.02), variances=variances, rng=rng, block=1, n_draws=2
        )
        slopes.append(found.slope)

    assert np.std(slopes) == pytest.approx(found.se, rel=0.08)
    assert np.mean(slopes) == pytest.approx(-0.01, abs=5 * found.se / np.sqrt(2_000))


@pytest.mark.calibration
def test_block_bootstrap_allows_for_neighbors() -> None:
    """Windows with autocorrelation .6, 24 of them, 400 series, seed 242.

    Blocks of 4 cover more often than blocks of 1 or the formula; with so few windows still less than 95
    %: an indication, no guarantee.
    """
    rng = np.random.default_rng(242)
    covered = {1: 0, 4: 0}
    by_formula = 0
    for _ in range(400):
        noise = np.zeros(24)
        noise[0] = rng.normal()
        for window in range(1, 24):
            noise[window] = 0.6 * noise[window - 1] + 0.8 * rng.normal()
        for block in covered:
            found = decay(scores=noise, variances=np.ones(24), rng=rng, block=block, n_draws=400)
            covered[block] += found.bootstrap.low <= 0 <= found.bootstrap.high
        by_formula += abs(found.slope) <= 1.96 * found.se

    assert covered[1] < covered[4]
    assert by_formula < 0.95 * 400 - 20
    assert covered[4] / 400 > 0.6


def test_half_life_of_an_exponential_decay() -> None:
    scores = 0.9 * 0.5 ** (np.arange(6) / 3)

    found = decay(scores=scores, variances=np.ones(6), rng=np.random.default_rng(1))

    assert found.half_life == pytest.approx(3)
    rising = decay(scores=[1, 2, 3], variances=[1, 1, 1], rng=np.random.default_rng(1))
    assert rising.half_life == np.inf
    negative = decay(scores=[1, 0, -1], variances=[1, 1, 1], rng=np.random.default_rng(1))
    assert negative.half_life == np.inf


def test_rankings_of_windows() -> None:
    found = rank_stability(scores=[[1, 2, 3], [1, 3, 2], [5, 5, 5]])

    assert found.tolist() == [[1, pytest.approx(1 / 3), 1], [pytest.approx(1 / 3), 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scores": [1.0, 2.0]}, "three windows"),
        ({"variances": [1.0, 1.0, 0.0]}, "positive"),
        ({"scores": [1.0, 2.0, np.nan]}, "finite"),
        ({"block": 4}, "block"),
        ({"n_draws": 0}, "n_draws"),
    ],
)
def test_impossible_windows_are_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"scores": [1.0, 2.0, 3.0], "variances": [1.0, 1.0, 1.0]}
    with pytest.raises(ValueError, match=said):
        decay(**{**given, **changed}, rng=np.random.default_rng(1))


def test_impossible_rankings_are_refused() -> None:
    with pytest.raises(ValueError, match="two teams"):
        rank_stability(scores=[[1]])
    with pytest.raises(ValueError, match="finite"):
        rank_stability(scores=[[1, np.inf]])
