"""The best of k equally good models."""

import numpy as np
import pytest

from lab.attacks.selection import best_of_k, best_of_k_theory
from stats.mechanisms import MECHANISMS


@pytest.mark.parametrize(
    ("correlation", "normal", "simulated"),
    [(0.0, 0.0317, 0.0318), (0.8, 0.0142, 0.0127), (0.95, 0.0071, 0.0048)],
)
def test_inflation_of_the_best(correlation: float, normal: float, simulated: float) -> None:
    """n = 1,000, p = .8, k = 100. The shared part's luck has sd sqrt(rho p(1-p)/n) = .0123: over 200 plays,
    seed 98, .0035 are 4 standard errors.
    """
    rng = np.random.default_rng([98, round(100 * correlation)])
    gains = [
        best_of_k(
            mechanism=MECHANISMS["exact"],
            parameters={},
            n=1000,
            k=100,
            rng=rng,
            correlation=correlation,
        )
        for _ in range(200)
    ]

    assert best_of_k_theory(n=1000, k=100, correlation=correlation) == pytest.approx(
        normal, abs=6e-5
    )
    assert np.mean(gains) == pytest.approx(simulated, abs=0.0035)


def test_a_ladder_shows_the_last_improvement() -> None:
    """Its chosen model beat the baseline by a step; k = 100, seed 99."""
    ladder = MECHANISMS["guarded_ladder"]
    gain = best_of_k(
        mechanism=ladder,
        parameters=ladder.parameters(),
        n=1000,
        k=100,
        rng=np.random.default_rng(99),
    )

    assert -0.05 < gain < 0.06
