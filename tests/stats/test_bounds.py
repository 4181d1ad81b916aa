"""Bounds for comparison, against reference figures (docs/method.md) and plain searches."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.bounds import (
    BOUNDS,
    jung_error,
    ladder_theorem_error,
    non_adaptive_error,
    permissible_by,
    rogers_error,
    sample_split_error,
)
from stats.ledger import MAX_QUERIES

BETA = 0.05


@pytest.mark.parametrize(
    ("n", "k", "fixed", "split", "theorem", "jung", "rogers"),
    [
        (1_000, 100, 0.064, 0.644, 0.328, None, 0.781),
        (4_000, 100, 0.032, 0.322, 0.205, None, 0.391),
        (4_000, 1_000, 0.036, 1.15, 0.221, None, 0.707),
        (10_000, 100, 0.020, 0.204, 0.150, 0.235, 0.247),
        (10_000, 1_000, 0.023, 0.728, 0.162, 0.439, 0.447),
        (10_000, 10_000, 0.025, 2.54, 0.173, 0.831, 0.820),
        (100_000, 100, 0.0064, 0.064, 0.070, 0.075, 0.078),
        (100_000, 1_000, 0.0073, 0.230, 0.075, 0.138, 0.141),
        (1_000_000, 1_000, 0.0023, 0.073, 0.035, 0.044, 0.045),
    ],
)
def test_errors_of_the_reference_table(
    n: int, k: int, fixed: float, split: float, theorem: float, jung: float | None, rogers: float
) -> None:
    """Reference figures, to the last printed digit.

    The theorem's and Jung's columns were printed from a coarse search: a true minimum may lie below them,
    by 1 % at most, never above.
    """
    for bound, printed in (
        (non_adaptive_error, fixed),
        (sample_split_error, split),
        (rogers_error, rogers),
    ):
        assert bound(k=k, n=n) == pytest.approx(printed, abs=unit_of_last_digit(printed))
    for bound, coarse in ((ladder_theorem_error, theorem), (jung_error, jung)):
        if coarse is not None:
            found = bound(k=k, n=n)
            assert 0.99 * coarse - unit_of_last_digit(coarse) <= found
            assert found <= coarse + unit_of_last_digit(coarse)


def unit_of_last_digit(printed: float) -> float:
    """A little more than half a unit."""
    return 0.51 * 10.0 ** -len(f"{printed}".partition(".")[2])


@pytest.mark.parametrize(
    ("n", "tau", "split", "theorem", "rogers"),
    [
        (1_000, 0.05, 1, 0, 0),
        (1_000, 0.10, 3, 0, 0),
        (4_000, 0.02, 0, 0, 0),
        (4_000, 0.05, 3, 0, 0),
        (4_000, 0.10, 12, 0, 0),
        (10_000, 0.05, 8, 0, 0),
        (10_000, 0.10, 28, 0, 2),
        (50_000, 0.02, 7, 0, 0),
        (50_000, 0.05, 34, 0, 3),
        (200_000, 0.02, 23, 0, 1),
        (200_000, 0.05, 118, 5, 67),
        (1_000_000, 0.05, 504, MAX_QUERIES, 1_529),
    ],
)
def test_permissible_queries_of_the_reference_table(
    n: int, tau: float, split: int, theorem: int, rogers: int
) -> None:
    """Reference figures, whose bisection had a resolution of 1 %."""
    for bound, printed in (
        ("sample_split", split),
        ("ladder_theorem", theorem),
        ("rogers", rogers),
    ):
        found = permissible_by(bound=bound, n=n, tau=tau)
        assert found == pytest.approx(printed, rel=0.01, abs=0.5)


@pytest.mark.parametrize(("n", "k"), [(4_000, 100), (100_000, 1_000)])
def test_ladder_theorem_is_the_minimum_over_the_step(n: int, k: int) -> None:
    """Against 200,000 steps."""
    step = np.geomspace(1e-4, 1, 200_000)
    inner = (1 / step + 2) * np.log(4 * k / step) + 1 + math.log(1 / BETA)

    assert ladder_theorem_error(k=k, n=n) == pytest.approx(
        float(np.min(step + np.sqrt(inner / (2 * n)))), rel=1e-7
    )


@pytest.mark.parametrize(("n", "k"), [(10_000, 1_000), (1_000_000, 1_000)])
def test_jung_is_the_minimum_over_noise_and_privacy_and_accuracy(n: int, k: int) -> None:
    """Against a plain grid over all three, which can only lie above, and within .5 %."""
    sd = np.geomspace(0.2, 5, 60)[:, None] * k**0.25 / math.sqrt(n)
    mu = math.sqrt(k) / (n * sd)
    eps = np.linspace(0.0, 2.0, 4_001)[None, :]
    delta = sps.norm.cdf(-eps / mu + mu / 2) - np.exp(eps) * sps.norm.cdf(-eps / mu - mu / 2)
    privacy = np.min(np.expm1(eps) + 4 * delta / BETA, axis=1)
    z = np.linspace(2, 8, 2_001)[None, :]
    sampling = np.min(sd * z + 4 * k / BETA * sps.norm.sf(z), axis=1)
    by_hand = float(np.min(privacy + sampling))

    found = jung_error(k=k, n=n)
    assert 0.995 * by_hand <= found <= by_hand * (1 + 1e-9)


def test_rogers_is_the_minimum_over_noise_and_share() -> None:
    """Against a plain grid of noises and shares."""
    n, k = 10_000, 1_000
    share = np.linspace(1e-3, 1 - 1e-6, 20_001)
    by_hand = math.inf
    for rho in np.geomspace(1e-9, 1e-3, 600):
        least = np.min((2 * rho * k * n - np.log1p(-share)) / share)
        noise = math.sqrt(math.log(4 * k / BETA) / rho) / n
        by_hand = min(by_hand, math.sqrt(least / (2 * n * BETA)) + noise)

    assert rogers_error(k=k, n=n) == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=BOUNDS)
def test_bounds_grow_with_queries_and_shrink_with_items(bound: Callable[..., float]) -> None:
    sizes = [bound(k=k, n=10_000) for k in (1, 2, 10, 100, 10_000)]
    items = [bound(k=10, n=n) for n in (1, 10, 1_000, 100_000)]

    assert sizes == sorted(sizes)
    assert items == sorted(items, reverse=True)
    assert all(math.isfinite(each) and each > 0 for each in (*sizes, *items))


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("n", [1, 1_000, 10**9])
@pytest.mark.parametrize("k", [1, 10**6])
@pytest.mark.parametrize("beta", [1e-9, 0.99])
def test_extreme_sizes_have_a_bound(
    bound: Callable[..., float], n: int, k: int, beta: float
) -> None:
    assert 0 < bound(n=n, k=k, beta=beta) < math.inf


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"n": math.nan}, {"k": 0}, {"k": math.inf}, {"beta": 0.0}, {"beta": 1.0}],
    ids=str,
)
def test_impossible_sizes_are_refused(bound: Callable[..., float], wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needed"):
        bound(**{"k": 1, "n": 10, **wrong})


def test_unknown_bounds_and_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="bound must be one of non_adaptive"):
        permissible_by(bound="novelty", n=10, tau=0.1)
    with pytest.raises(ValueError, match="tau"):
        permissible_by(bound="jung", n=10, tau=0.0)
