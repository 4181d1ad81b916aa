"""Figures of the project's reference table (STATISTICS A9), beta = .05."""

import math

import pytest

from stats.ledger import attack_cap, guaranteed_error
from stats.mechanisms import MECHANISMS


@pytest.mark.parametrize(
    ("n", "k", "bound"),
    [
        (1000, 100, 0.200),
        (4000, 100, 0.106),
        (4000, 1000, 0.122),
        (10_000, 10_000, 0.088),
        (100_000, 1000, 0.026),
        (1_000_000, 1000, 0.0087),
    ],
)
def test_guarded_ladder_with_ten_steps(n: int, k: int, bound: float) -> None:
    ladder = MECHANISMS["guarded_ladder"]
    parameters = ladder.parameters(b=10)
    nats = ladder.nats(k=k, n=n, unit=1.0, parameters=parameters)
    grid = ladder.resolution(n=n, unit=1.0, parameters=parameters)

    error = guaranteed_error(nats=nats, k=k, n=n, grid=grid)

    assert error == pytest.approx(bound, abs=5e-4)


@pytest.mark.parametrize(("n", "k", "bound"), [(4000, 100, 0.032), (10_000, 10_000, 0.025)])
def test_without_adaptivity_it_is_hoeffding(n: int, k: int, bound: float) -> None:
    assert guaranteed_error(nats=0.0, k=k, n=n) == pytest.approx(bound, abs=5e-4)


@pytest.mark.parametrize(
    ("n", "tau", "cap"), [(1000, 0.05, 15), (4000, 0.10, 256), (50_000, 0.02, 125)]
)
def test_attack_cap(n: int, tau: float, cap: int) -> None:
    assert math.floor(attack_cap(n=n, tau=tau)) == cap


@pytest.mark.parametrize("wrong", [{"n": 0}, {"k": 0}, {"beta": 1.0}, {"nats": -1.0}])
def test_impossible_input_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="needed"):
        guaranteed_error(**{"nats": 1.0, "k": 1, "n": 10, **wrong})  # type: ignore[arg-type]


def test_attack_cap_refuses_an_impossible_gain() -> None:
    with pytest.raises(ValueError, match="tau"):
        attack_cap(n=10, tau=0.5)


def test_error_scales_with_the_unit() -> None:
    one = guaranteed_error(nats=10.0, k=5, n=400)

    assert guaranteed_error(nats=10.0, k=5, n=400, unit=4.6) == pytest.approx(4.6 * one)


def test_colluding_accounts_add_their_nats() -> None:
    """STATISTICS A9: accounting is per holdout, so the sum of the accounts' nats is what counts."""
    alone = guaranteed_error(nats=20.0, k=100, n=4000)
    together = guaranteed_error(nats=3 * 20.0, k=300, n=4000)

    assert alone < together < math.sqrt(3) * alone
