"""Climbing and probing against reference figures."""

import numpy as np
import pytest

from lab.attacks import climbs
from tests.lab.attacks.test_votes import N, arena


@pytest.mark.parametrize(
    ("h", "expected"), [(1, 0.048), (9, 0.084), (25, 0.096), (63, 0.086), (250, 0.060)]
)
def test_hill_climb_under_exact_scores(h: int, expected: float) -> None:
    """k = 400, 6 plays, seed 86; the reference errs by .003 and a play's sd is .006: within .012."""
    rng = np.random.default_rng([86, h])
    gains = []
    for _ in range(6):
        given = arena(rng)
        gains.append(given.task.gain(climbs.hill_climb(given, 400, rng, h=h)))

    assert np.mean(gains) == pytest.approx(expected, abs=0.012)


def test_free_ladder_is_climbed_and_the_guarded_one_is_not() -> None:
    """Reference .061 and .008 at h = 63, k = 400; 4 plays, seed 87, within .012."""
    rng = np.random.default_rng(87)
    gains = {}
    for name in ("parameter_free_ladder", "guarded_ladder"):
        plays = [arena(rng, mechanism=name) for _ in range(4)]
        gains[name] = np.mean(
            [each.task.gain(climbs.hill_climb(each, 400, rng, h=63)) for each in plays]
        )

    assert gains["parameter_free_ladder"] == pytest.approx(0.061, abs=0.012)
    assert gains["guarded_ladder"] <= 0.012


def test_each_probe_is_worth_half_an_item() -> None:
    """k/(2n) from a coin flip: 399 probes, of which 160 to 240 were wrong before (8 sd)."""
    rng = np.random.default_rng(88)
    given = arena(rng)

    gain = given.task.gain(climbs.probe(given, 400, rng))

    assert climbs.probe_theory(n=N, k=400) == pytest.approx(0.05)
    assert 160 / N <= gain <= 240 / N


def test_near_duplicates_average_noise_away() -> None:
    """Against noise of 2/sqrt(n), 80 votes asked five times beat 80 asked once; 6 plays, seed 89."""
    rng = np.random.default_rng(89)
    gains = dict.fromkeys((1, 5), 0.0)
    for copies in gains:
        for _ in range(6):
            given = arena(rng, mechanism="gaussian", c=2.0)
            final = climbs.near_duplicates(given, 80 * copies, rng, copies=copies)
            gains[copies] += given.task.gain(final) / 6

    assert gains[5] > gains[1]
