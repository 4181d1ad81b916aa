"""Tests of equal distributions: their nulls by simulation, their power, and the edges."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.shift import (
    classifier_two_sample,
    kolmogorov_smirnov,
    population_stability,
)


@pytest.mark.parametrize(
    ("n", "m", "mean", "upper"), [(1000, 1000, 0.0180, 0.0338), (2000, 10_000, 0.0054, 0.0102)]
)
def test_stability_index_has_its_chi_square_null(n: int, m: int, mean: float, upper: float) -> None:
    """Reference figures; 600 samples, seed 181: the mean errs by 2 % (5 of these: .10), the rate by .009."""
    rng = np.random.default_rng(181)
    found = [
        population_stability(reference=rng.random(n), sample=rng.random(m)) for _ in range(600)
    ]

    assert found[0].expected == pytest.approx(mean, abs=5e-5)
    assert sps.chi2.ppf(0.95, 9) * (1 / n + 1 / m) == pytest.approx(upper, abs=1e-4)
    assert np.mean([each.statistic for each in found]) == pytest.approx(mean, rel=0.10)
    assert np.mean([each.p_value <= 0.05 for each in found]) == pytest.approx(0.05, abs=0.045)


def test_stability_index_by_hand() -> None:
    """Two bins of the reference, half and half; the sample has 3 of 4 in the upper one."""
    found = population_stability(reference=[1, 2, 3, 4], sample=[1, 3, 4, 4], n_bins=2)

    assert found.statistic == pytest.approx(0.25 * np.log(2) - 0.25 * np.log(2 / 3))


def test_stability_index_of_ties_and_empty_bins() -> None:
    constant = population_stability(reference=[1] * 20, sample=[1] * 20)
    assert (constant.statistic, constant.expected, constant.p_value) == (0, 0, 1)
    apart = population_stability(reference=np.arange(20), sample=np.full(20, 100.0))
    assert np.isfinite(apart.statistic)
    assert apart.p_value < 1e-3


def test_kolmogorov_smirnov_is_scipys() -> None:
    rng = np.random.default_rng(182)
    one, other = rng.normal(size=80), rng.normal(0.5, size=90)

    found = kolmogorov_smirnov(reference=one, sample=other)

    expected = sps.ks_2samp(one, other)
    assert (found.statistic, found.p_value) == (expected.statistic, expected.pvalue)


def test_level_and_power_of_the_classifier() -> None:
    """150 pairs of 40, seed 184: Binomial(150, .05) exceeds 20 with p < 1e-4; two sd apart fires."""
    rng = np.random.default_rng(184)
    fired = {0.0: 0, 2.0: 0}
    for shift in fired:
        for _ in range(150 if shift == 0 else 10):
            x, y = rng.normal(size=40), rng.normal(shift, size=50)
            found = classifier_two_sample(reference=x, sample=y, rng=rng)
            fired[shift] += found.p_value <= 0.05

    assert fired[0.0] <= 20
    assert fired[2.0] >= 9


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (population_stability, {"reference": [1] * 9, "sample": [1] * 20}, "fewer values"),
        (population_stability, {"reference": [1, 2], "sample": [1, 2], "n_bins": 1}, "n_bins"),
        (population_stability, {"reference": [np.nan], "sample": [1]}, "reference"),
        (kolmogorov_smirnov, {"reference": [1], "sample": []}, "sample"),
    ],
)
def test_impossible_values_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given)


def test_impossible_items_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="columns"):
        classifier_two_sample(reference=np.ones((5, 2)), sample=np.ones((5, 3)), rng=rng)
    with pytest.raises(ValueError, match="reference"):
        classifier_two_sample(reference=[1], sample=[1, 2], rng=rng)


def test_a_classifier_needs_items_to_learn_from(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="at least four"):
        classifier_two_sample(reference=[1, 2, 3], sample=[1, 2, 3, 4], rng=rng)


def test_where_the_exact_calculation_fails_the_asymptotic_one_is_taken() -> None:
    """Of 346 and 346 items with these counts of three values scipy's fails, with a warning."""
    one, other = (
        np.repeat(np.arange(3.0), counts) for counts in ((116, 111, 119), (113, 111, 122))
    )

    found = kolmogorov_smirnov(reference=one, sample=other)

    assert found.statistic == pytest.approx(3 / 346)
    assert found.p_value == pytest.approx(sps.ks_2samp(one, other, method="asymp").pvalue)
