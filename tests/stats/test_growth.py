from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from stats.growth import Growth, accepted_rate, cusum_growth, gap_slope, isotonic_growth
from stats.menu import Menu, menu

N, M = 600, 1200


def stacked(scores: NDArray[np.generic], n: int = N) -> Menu:
    return menu(
        query_scores=scores[:n],
        fresh_scores=scores[n:],
        query_references=scores[:n, :1],
        fresh_references=scores[n:, :1],
    )


def honest(rng: np.random.Generator, k: int = 15) -> NDArray[np.bool_]:
    """Models of rising accuracy that share the items' difficulty."""
    hardness = rng.random((N + M, 1))
    return rng.random((N + M, k)) < 0.5 + 0.2 * np.arange(k) / k + 0.3 * hardness


def growing(rng: np.random.Generator, k: int = 15) -> NDArray[np.bool_]:
    """One more hundredth of the query items right at each step, and nothing fresh."""
    scores = np.repeat(rng.random((N + M, 1)) < 0.6, k, axis=1)
    turn = rng.permutation(N)
    for j in range(1, k):
        scores[turn[: 6 * j], j] = True
    return scores


def isotonic(menu: Menu, rng: np.random.Generator) -> Growth:
    return isotonic_growth(menu=menu, rng=rng, n_draws=400)


def cusum(menu: Menu, rng: np.random.Generator) -> Growth:
    return cusum_growth(menu=menu, rng=rng, n_draws=400)


def slope(menu: Menu, rng: np.random.Generator) -> Growth:
    return gap_slope(menu=menu)


TESTS = pytest.mark.parametrize("test", [slope, isotonic, cusum])


@TESTS
def test_a_growing_gap_is_seen(test: Callable[..., Growth], rng: np.random.Generator) -> None:
    assert test(stacked(growing(rng)), rng).p_value < 0.01


@TESTS
def test_honest_progress_keeps_the_level(test: Callable[..., Growth]) -> None:
    """100 teams, seed 44, at .05: more than 14 rejections have probability below 2e-4."""
    rng = np.random.default_rng(44)
    rejected = sum(test(stacked(honest(rng)), rng).p_value <= 0.05 for _ in range(100))

    assert rejected <= 14


@TESTS
def test_equal_files_have_no_growth(test: Callable[..., Growth], rng: np.random.Generator) -> None:
    column = rng.random((N + M, 1)) < 0.7
    found = test(stacked(np.repeat(column, 5, axis=1)), rng)

    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p_value >= 0.5


def test_slope_is_the_formula_with_the_whole_covariance(rng: np.random.Generator) -> None:
    scores = honest(rng).astype(float)
    x = np.log(1 + np.arange(1, 16))
    x -= x.mean()
    query, fresh = scores[:N], scores[N:]
    pooled = ((N - 1) * np.cov(query.T) + (M - 1) * np.cov(fresh.T)) / (N + M - 2)
    expected = x @ (query.mean(0) - fresh.mean(0)) / np.sqrt(x @ pooled @ x * (1 / N + 1 / M))

    found = gap_slope(menu=stacked(scores))

    assert found.statistic == pytest.approx(expected)
    assert found.p_value == pytest.approx(sps.norm.sf(expected))


def test_isotonic_range_is_that_of_the_fit(rng: np.random.Generator) -> None:
    scores = honest(rng)
    fit = isotonic_regression(scores[:N].mean(axis=0) - scores[N:].mean(axis=0)).x

    found = isotonic_growth(menu=stacked(scores), rng=rng, n_draws=1)

    assert found.statistic == pytest.approx(fit[-1] - fit[0])


def test_a_falling_gap_has_no_isotonic_range(rng: np.random.Generator) -> None:
    found = isotonic_growth(menu=stacked(growing(rng)[:, ::-1]), rng=rng, n_draws=50)

    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p_value == 1


def test_cusum_is_that_of_a_loop(rng: np.random.Generator) -> None:
    scores = honest(rng, 8).astype(float)
    gaps = scores[:N].mean(axis=0) - scores[N:].mean(axis=0)
    level = top = 0.0
    for j in range(1, 8):
        step = scores[:, j] - scores[:, j - 1]
        variance = (step[:N].var() * N + step[N:].var() * M) / (N + M - 2) * (1 / N + 1 / M)
        level = max(0.0, level + (gaps[j] - gaps[j - 1]) / np.sqrt(variance) - 0.5)
        top = max(top, level)

    found = cusum_growth(menu=stacked(scores), rng=rng, n_draws=1)

    assert found.statistic == pytest.approx(top)


def test_an_accepted_rate_beyond_luck() -> None:
    found = accepted_rate(accepted=10, k=100)

    assert found.statistic == 0.1
    assert found.p_value == pytest.approx(sps.binom.sf(9, 100, sps.norm.sf(2)))
    assert accepted_rate(accepted=0, k=5).p_value == 1


@pytest.mark.parametrize(("accepted", "k"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(accepted: int, k: int) -> None:
    with pytest.raises(ValueError, match="accepted"):
        accepted_rate(accepted=accepted, k=k)


def test_an_infinite_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="z must"):
        accepted_rate(accepted=1, k=5, z=np.inf)


@TESTS
def test_one_submission_has_no_growth(
    test: Callable[..., Growth], rng: np.random.Generator
) -> None:
    with pytest.raises(ValueError, match="menu"):
        test(stacked(honest(rng, 1)), rng)


def test_no_draws_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="n_draws"):
        isotonic_growth(menu=stacked(honest(rng)), rng=rng, n_draws=0)


def test_the_cusum_says_with_which_file_the_rise_began(rng: np.random.Generator) -> None:
    """A tenth of the query items right at once, with the eighth of fifteen files, number 7."""
    scores = np.repeat(rng.random((N + M, 1)) < 0.6, 15, axis=1)
    scores[:60, 7:] = True

    assert cusum(stacked(scores), rng).since == 7
    assert cusum(stacked(np.repeat(scores[:, :1], 15, axis=1)), rng).since is None
