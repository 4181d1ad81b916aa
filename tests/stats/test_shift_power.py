"""What a test of equal distributions would have found: simulated, and the edges."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.shift import kolmogorov_smirnov, population_stability
from stats.shift_power import (
    detectable_accuracy,
    detectable_difference,
    detectable_distance,
    detectable_move,
)

N, M, ALPHA = 1_000, 2_000, 0.01


def test_a_difference_by_hand() -> None:
    """2.5758 + .8416 standard errors."""
    assert detectable_difference(standard_error=0.01, alpha=0.01) == pytest.approx(
        0.034175, abs=1e-5
    )
    assert detectable_difference(standard_error=0.0, alpha=0.01) == 0


def moved(rng: np.random.Generator, size: int, share: float, up: float) -> np.ndarray[Any, Any]:
    """Uniform values, of which a share moved from the lower part of `1 - up` evenly to the upper part."""
    is_up = rng.random(size) < up + share
    return np.where(is_up, 1 - up + up * rng.random(size), (1 - up) * rng.random(size))


@pytest.mark.parametrize(("up", "least", "most"), [(0.5, 0.75, 0.87), (0.1, 0.85, 1.0)])
def test_a_move_between_bins_is_found_so_often(up: float, least: float, most: float) -> None:
    """400 pairs, seed 201: a rate errs by .02. Half against half is the hardest, one tenth is found more."""
    rng = np.random.default_rng(201)
    share = detectable_move(n=N, m=M, freedom=9, alpha=ALPHA)

    found = [
        population_stability(reference=rng.random(N), sample=moved(rng, M, share, up)).p_value
        for _ in range(400)
    ]

    assert least <= np.mean(np.array(found) <= ALPHA) <= most


def test_a_distance_is_found_at_least_so_often() -> None:
    """400 pairs, seed 202: a rate errs by .02. Functions that are farthest apart at one place only."""
    rng = np.random.default_rng(202)
    distance = detectable_distance(n=N, m=M, alpha=ALPHA)

    found = [
        kolmogorov_smirnov(reference=rng.random(N), sample=moved(rng, M, distance, 0.5)).p_value
        for _ in range(400)
    ]

    assert 0.77 <= np.mean(np.array(found) <= ALPHA) <= 0.95


@pytest.mark.parametrize("n_tested", [20, 501, 4_000])
def test_an_accuracy_is_found_with_exactly_that_power(n_tested: int) -> None:
    accuracy = detectable_accuracy(n_tested=n_tested, alpha=ALPHA)

    rejecting = [c for c in range(n_tested + 1) if sps.binom.sf(c - 1, n_tested, 0.5) <= ALPHA]
    assert sps.binom.sf(rejecting[0] - 1, n_tested, accuracy) == pytest.approx(0.8)


def test_more_items_show_smaller_differences() -> None:
    """A hundred times the items, a tenth of the difference."""
    for found in (
        [detectable_move(n=n, m=2 * n, freedom=9, alpha=ALPHA) for n in (100, 10_000)],
        [detectable_distance(n=n, m=2 * n, alpha=ALPHA) for n in (100, 10_000)],
        [detectable_accuracy(n_tested=n, alpha=ALPHA) - 0.5 for n in (100, 10_000)],
    ):
        assert found[0] == pytest.approx(10 * found[1], rel=0.06)


def test_what_so_few_items_cannot_show() -> None:
    assert detectable_move(n=2, m=2, freedom=9, alpha=ALPHA) == 1
    assert detectable_distance(n=2, m=2, alpha=ALPHA) == 1
    assert detectable_accuracy(n_tested=4, alpha=ALPHA) == 1


def test_a_level_beyond_the_power_finds_anything() -> None:
    assert detectable_move(n=10, m=10, freedom=2, alpha=0.9) == 0


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (detectable_difference, {"standard_error": -1, "alpha": 0.1}, "standard_error"),
        (detectable_move, {"n": 1, "m": 1, "freedom": 0, "alpha": 0.1}, "freedom"),
        (detectable_move, {"n": 1, "m": 1, "freedom": 1, "alpha": 1}, "alpha"),
        (detectable_distance, {"n": 0, "m": 1, "alpha": 0.1}, "n must"),
        (detectable_accuracy, {"n_tested": 0, "alpha": 0.1}, "n_tested"),
        (detectable_accuracy, {"n_tested": 9, "alpha": 0.1, "power": 0}, "power"),
    ],
)
def test_impossible_values_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given)
