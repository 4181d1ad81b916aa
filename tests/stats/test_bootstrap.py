"""Fast bootstraps against slow ones: equal in law, so spreads and quantiles agree by and large."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from sklearn.metrics import f1_score, roc_auc_score

from stats import bootstrap
from stats.bootstrap import (
    accuracy_bootstrap,
    auc_bootstrap,
    bca_interval,
    poisson_bootstrap,
)
from stats.intervals import clopper_pearson, delong, wilson

QUANTILES = [0.025, 0.25, 0.75, 0.975]


def ranked(rng: np.random.Generator, n: int, *, digits: int = 9) -> tuple[Any, Any]:
    labels = rng.random(n) < 0.3
    return labels.astype(int), rng.normal(labels, 1.0).round(digits)


def test_accuracy_is_the_bootstrap_of_scipy() -> None:
    """20,000 draws each, seed 201: quantiles of a spread of .018 err by .0005; .0025 is 5 of these."""
    rng = np.random.default_rng(201)
    right = rng.random(500) < 0.8
    slow = sps.bootstrap((right,), np.mean, n_resamples=20_000, rng=rng, batch=500)

    fast = accuracy_bootstrap(n_correct=int(right.sum()), n=500, rng=rng, n_draws=20_000)

    expected = np.quantile(slow.bootstrap_distribution, QUANTILES)
    assert np.quantile(fast, QUANTILES) == pytest.approx(expected, abs=0.0025)
    assert fast.std() == pytest.approx(slow.standard_error, rel=0.04)


def test_poisson_weights_resample_all_models_alike() -> None:
    """Against resampled indices, seed 202, 8,000 draws: spreads within 4 % (5 errors of .8 %)."""
    rng = np.random.default_rng(202)
    base = rng.random((400, 1))
    scores = np.where(rng.random((400, 3)) < 0.3, rng.random((400, 3)), base)

    fast = poisson_bootstrap(item_scores=scores, rng=rng, n_draws=8_000)

    slow = scores[rng.integers(400, size=(8_000, 400))].mean(axis=1)
    assert fast.std(axis=0) == pytest.approx(slow.std(axis=0), rel=0.04)
    assert np.corrcoef(fast.T) == pytest.approx(np.corrcoef(slow.T), abs=0.04)
    assert fast.mean(axis=0) == pytest.approx(scores.mean(axis=0), abs=0.002)


def test_weight_table_is_poisson() -> None:
    shares = np.bincount(bootstrap.WEIGHTS, minlength=9) / len(bootstrap.WEIGHTS)

    assert shares[:8] == pytest.approx(sps.poisson.pmf(np.arange(8), 1.0), abs=1e-4)
    assert bootstrap.WEIGHTS.mean() == pytest.approx(1.0, abs=1e-3)


def test_many_items_are_weighted_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "MAX_CELLS", 600)
    scores = np.column_stack([np.ones(100), np.zeros(100)])

    found = poisson_bootstrap(item_scores=scores, rng=np.random.default_rng(1), n_draws=20)

    assert found.tolist() == [[1, 0]] * 20


@pytest.mark.parametrize("digits", [9, 0])
def test_areas_are_those_of_resampled_items(digits: int) -> None:
    """Ties included; a loop over scikit-learn's AUC, seed 203, 600 draws: spreads within 20 % (5 errors)."""
    rng = np.random.default_rng(203)
    labels, scores = ranked(rng, 200, digits=digits)
    slow = []
    for _ in range(600):
        chosen = rng.integers(200, size=200)
        slow.append(roc_auc_score(labels[chosen], scores[chosen]))

    fast = auc_bootstrap(labels=labels, scores=scores, rng=rng, n_draws=4_000)

    assert fast.std() == pytest.approx(np.std(slow), rel=0.20)
    assert fast.mean() == pytest.approx(np.mean(slow), abs=5 * np.std(slow) / np.sqrt(600))


def test_one_resample_by_scikit_learn() -> None:
    """The very same items: the area is equal to the last digit but two."""
    labels, scores = ranked(np.random.default_rng(204), 60, digits=1)
    chosen = np.random.default_rng(7).integers(60, size=60)

    fast = auc_bootstrap(labels=labels, scores=scores, rng=np.random.default_rng(7), n_draws=1)

    assert fast[0] == pytest.approx(roc_auc_score(labels[chosen], scores[chosen]), abs=1e-14)


def test_a_resample_of_one_class_is_no_better_than_chance() -> None:
    found = auc_bootstrap(
        labels=[0, 1], scores=[0.1, 0.9], rng=np.random.default_rng(1), n_draws=200
    )

    assert set(found.tolist()) == {0.5, 1.0}


def test_delong_and_the_bootstrap_agree() -> None:
    """Reference figures, n = 10,000: spreads within 8 % (5 errors at 2,000 draws), bias below 1e-3."""
    rng = np.random.default_rng(205)
    labels, scores = ranked(rng, 10_000)
    analytic = delong(labels=labels, scores=scores)

    found = auc_bootstrap(labels=labels, scores=scores, rng=rng, n_draws=2_000)

    assert found.std() == pytest.approx(np.sqrt(analytic.variance), rel=0.08)
    assert found.mean() == pytest.approx(analytic.auc, abs=1e-3)


def f1_of(counts: np.ndarray) -> np.ndarray:
    """Cells: true positives, false positives, false negatives, true negatives."""
    result: np.ndarray = (
        2 * counts[:, 0] / np.maximum(2 * counts[:, 0] + counts[:, 1] + counts[:, 2], 1)
    )
    return result


def test_bca_is_scipys() -> None:
    """F1 of 60 items; scipy resamples the items, 20,000 draws each, seed 207: ends within .02."""
    rng = np.random.default_rng(207)
    truth = rng.random(60) < 0.4
    predicted = truth ^ (rng.random(60) < 0.25)
    cells = [
        int((truth & predicted).sum()),
        int((~truth & predicted).sum()),
        int((truth & ~predicted).sum()),
        int((~truth & ~predicted).sum()),
    ]

    found = bca_interval(counts=cells, statistic=f1_of, rng=rng, n_draws=20_000)

    def slow_f1(one: np.ndarray, other: np.ndarray) -> float:
        return float(f1_score(one, other))

    slow = sps.bootstrap(
        (truth, predicted),
        slow_f1,
        paired=True,
        vectorized=False,
        n_resamples=800,
        method="BCa",
        rng=rng,
    ).confidence_interval
    assert f1_of(np.array([cells]))[0] == pytest.approx(f1_score(truth, predicted))
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.03)


def test_bca_of_a_statistic_without_spread() -> None:
    found = bca_interval(
        counts=[10, 0], statistic=lambda counts: counts[:, 0] / counts.sum(axis=1),
        rng=np.random.default_rng(1), n_draws=50,
    )  # fmt: skip

    assert (found.low, found.high) == (1, 1)


@pytest.mark.parametrize(
    ("n", "p", "wald", "wilsons", "exact", "percentile"),
    [
        (50, 0.95, 0.920, 0.962, 0.988, 0.911),
        (200, 0.97, 0.933, 0.944, 0.965, 0.933),
        (1000, 0.90, 0.953, 0.949, 0.955, 0.953),
    ],
)
def test_coverage_by_enumeration(
    n: int, p: float, wald: float, wilsons: float, exact: float, percentile: float
) -> None:
    """Reference figures. The percentile bootstrap's law is binomial; how a quantile is cut matters: .003."""
    counts = np.arange(n + 1)
    probability = sps.binom.pmf(counts, n, p)

    def coverage(ends: list[tuple[float, float]]) -> float:
        inside = [low <= p <= high for low, high in ends]
        return float(probability[inside].sum())

    shares = counts / n
    half = sps.norm.ppf(0.975) * np.sqrt(shares * (1 - shares) / n)
    assert coverage(list(zip(shares - half, shares + half, strict=True))) == pytest.approx(
        wald, abs=1e-3
    )
    for interval, expected in ((wilson, wilsons), (clopper_pearson, exact)):
        found = [interval(successes=int(each), n=n) for each in counts]
        assert coverage([(each.low, each.high) for each in found]) == pytest.approx(
            expected, abs=1e-3
        )
    ends = [sps.binom.ppf([0.025, 0.975], n, share) / n for share in shares]
    assert coverage([(low, high) for low, high in ends]) == pytest.approx(percentile, abs=3e-3)


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (accuracy_bootstrap, {"n_correct": 2, "n": 1}, "n_correct"),
        (accuracy_bootstrap, {"n_correct": 0, "n": 0}, "n_correct"),
        (accuracy_bootstrap, {"n_correct": 1, "n": 2, "n_draws": 0}, "n_draws"),
        (poisson_bootstrap, {"item_scores": [[1.0]], "n_draws": 0}, "n_draws"),
        (auc_bootstrap, {"labels": [0, 1], "scores": [1, 2], "n_draws": 0}, "n_draws"),
        (poisson_bootstrap, {"item_scores": [1.0]}, "matrix"),
        (poisson_bootstrap, {"item_scores": [[np.nan]]}, "finite"),
        (auc_bootstrap, {"labels": [0, 1], "scores": [1]}, "scores: one"),
        (auc_bootstrap, {"labels": [0, 0], "scores": [1, 2]}, "labels"),
        (auc_bootstrap, {"labels": [0, 2], "scores": [1, 2]}, "labels"),
        (auc_bootstrap, {"labels": [0, 1], "scores": [1, np.inf]}, "finite"),
        (bca_interval, {"counts": [1], "statistic": f1_of}, "counts"),
        (
            bca_interval,
            {"counts": [5, 5, 5, 5], "statistic": f1_of, "confidence_level": 1},
            "confidence",
        ),
    ],
)
def test_impossible_input_is_refused(
    call: Any, given: dict[str, Any], said: str, rng: np.random.Generator
) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given, rng=rng)
