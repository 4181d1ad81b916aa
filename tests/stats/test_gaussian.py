"""Gaussian noise: its size, its seeds, and what it reveals."""

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS
from tests.stats.ladders import answers

GAUSSIAN = MECHANISMS["gaussian"]


def test_noise_has_the_stated_spread() -> None:
    """Seed 71, 4,000 answers at n = 400, c = 2: .1 within 6 relative errors of 1/sqrt(8000)."""
    values = [
        float(answer.value or 0) for answer in answers("gaussian", [0.6] * 4_000, seed=71, c=2.0)
    ]

    assert np.std(values) == pytest.approx(0.1, rel=6 / np.sqrt(8_000))
    assert np.mean(values) == pytest.approx(0.6, abs=6 * 0.1 / np.sqrt(4_000))


def test_equal_seeds_bring_equal_noise() -> None:
    assert answers("gaussian", [0.6, 0.7], seed=2) == answers("gaussian", [0.6, 0.7], seed=2)
    assert answers("gaussian", [0.6], seed=2) != answers("gaussian", [0.6], seed=3)


def test_the_incumbent_is_the_best_by_what_was_released() -> None:
    given = answers("gaussian", [0.6] * 50)
    best = -np.inf
    for answer in given:
        assert answer.value is not None
        assert answer.accepted == (answer.value > best)
        best = max(best, answer.value)


def test_information_is_that_of_concentrated_privacy() -> None:
    """k/(2 n s^2) with s = c/sqrt(n): 100 queries at c = 2 reveal 12.5 nats at most."""
    nats = GAUSSIAN.nats(k=100, n=4_000, unit=1.0, parameters=GAUSSIAN.parameters(c=2.0))

    assert nats == pytest.approx(12.5)


def test_values_lie_on_no_grid() -> None:
    assert GAUSSIAN.resolution(n=400, unit=1.0, parameters=GAUSSIAN.parameters()) == 0


def test_nothing_is_shown_of_a_baseline() -> None:
    shown = GAUSSIAN.display_baseline(baseline=0.7, n=9, unit=1, parameters=GAUSSIAN.parameters())

    assert shown is None


@pytest.mark.parametrize("c", [0, -1, "2"])
def test_impossible_noise_is_refused(c: object) -> None:
    with pytest.raises(ValueError, match="c must be"):
        GAUSSIAN.parameters(c=c)


def test_distortion_is_the_tail_of_k_draws() -> None:
    """n = 400, c = 2: s = .1; 50 draws at beta = .05 stay within s sqrt(2 ln 2000)."""
    bound = GAUSSIAN.distortion(k=50, n=400, unit=1.0, parameters=GAUSSIAN.parameters(), beta=0.05)

    assert bound == pytest.approx(0.1 * np.sqrt(2 * np.log(2_000)))
