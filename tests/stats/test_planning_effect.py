"""Planning: what two holdouts can show at power .8, against reference figures to the printed digits."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.planning_effect import planning_effect


@pytest.mark.parametrize(
    ("d", "n", "m", "se", "at_05", "at_001"),
    [
        (0.05, 2_000, 4_000, 0.0061, 0.0152, 0.0241),
        (0.10, 2_000, 4_000, 0.0087, 0.0215, 0.0341),
        (0.10, 4_000, 10_000, 0.0059, 0.0147, 0.0233),
        (0.10, 10_000, 20_000, 0.0039, 0.0096, 0.0152),
        (0.10, 50_000, 50_000, 0.0020, 0.0050, 0.0079),
        (0.20, 4_000, 10_000, 0.0084, 0.0208, 0.0329),
    ],
)
def test_every_row_of_the_table(
    d: float, n: int, m: int, se: float, at_05: float, at_001: float
) -> None:
    """All as printed, but .03405 (d = .1, n = 2,000, alpha .001), which is printed as .0340."""
    for alpha, printed in ((0.05, at_05), (0.001, at_001)):
        effect = planning_effect(disagreement=d, n=n, m=m, alpha=alpha)
        assert round(effect, 4) == printed
        assert round(effect / (sps.norm.isf(alpha) + sps.norm.ppf(0.8)), 4) == se


def test_the_effect_is_found_as_often_as_planned() -> None:
    """Power .8 at .05 for d = .1, n = 2,000, m = 4,000, by simulation of the discordant items.

    20,000 pairs of holdouts, seed 196: the share errs by .003; .015 is five of these.
    """
    rng = np.random.default_rng(196)
    d, n, m = 0.1, 2_000, 4_000
    effect = planning_effect(disagreement=d, n=n, m=m)
    query = rng.multinomial(n, [(d + effect) / 2, (d - effect) / 2, 1 - d], size=20_000)
    fresh = rng.multinomial(m, [d / 2, d / 2, 1 - d], size=20_000)

    gap = (query[:, 0] - query[:, 1]) / n - (fresh[:, 0] - fresh[:, 1]) / m
    z = gap / np.sqrt(d * (1 / n + 1 / m))

    assert np.mean(z > sps.norm.isf(0.05)) == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize(
    ("d", "n", "m", "alpha", "effect"),
    [
        (0.05, 2000, 4000, 0.05, 0.0152),
        (0.10, 2000, 4000, 0.001, 0.0340),
        (0.10, 4000, 10_000, 0.001, 0.0233),
        (0.20, 4000, 10_000, 0.05, 0.0208),
    ],
)
def test_planning_effect(d: float, n: int, m: int, alpha: float, effect: float) -> None:
    """Reference figures, power .8."""
    found = planning_effect(disagreement=d, n=n, m=m, alpha=alpha)

    assert found == pytest.approx(effect, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disagreement", -0.1),
        ("disagreement", 1.1),
        ("disagreement", np.nan),
        ("n", 0),
        ("m", np.nan),
        ("alpha", 0),
        ("power", 1),
    ],
)
def test_impossible_plans_are_refused(name: str, value: float) -> None:
    given: dict[str, Any] = {"disagreement": 0.1, "n": 100, "m": 100, name: value}

    with pytest.raises(ValueError, match=f"^{name} must be"):
        planning_effect(**given)
