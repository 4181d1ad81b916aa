"""Simulated coalitions against guarded Ladders."""

import pytest

from lab.attacks.coalitions import is_too_large, simulated


def test_larger_coalitions_gain_more_than_one_account() -> None:
    """n = 2,000, k = 20, b = 5, seed 3, 6 runs: 20 accounts gain some .03, one less than .015."""
    alone, many = simulated(n=2_000, k=20, b=5, reps=6, seed=3, sizes=(1, 20))

    assert (alone.accounts, many.accounts) == (1, 20)
    assert 0 < alone.gain_mean < many.gain_mean < 0.1
    assert many.gain_mean - alone.gain_mean > 3 * (many.gain_sd + alone.gain_sd) / 6**0.5
    assert alone.reps == 6


def test_the_better_attack_is_named() -> None:
    (alone,) = simulated(n=1_000, k=30, b=5, reps=6, seed=1, sizes=(1,))

    assert alone.attack == "sandbag_ladder"


def test_equal_seeds_bring_equal_gains() -> None:
    def played(seed: int) -> list[float]:
        found = simulated(n=500, k=5, b=2, reps=2, seed=seed, sizes=(1, 3))
        return [each.gain_mean for each in found]

    assert played(1) == played(1) != played(2)


@pytest.mark.parametrize(
    ("n", "k", "reps", "expected"),
    [(4_000, 100, 20, False), (4_000, 100_000, 20, True), (10_000_000, 1_000, 2, True)],
)
def test_hours_of_simulation_are_not_begun(n: int, k: int, reps: int, expected: bool) -> None:
    assert is_too_large(n=n, k=k, reps=reps) is expected
