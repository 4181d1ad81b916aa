from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from stats.bootstrap import bca_interval
from stats.intervals import Interval, clopper_pearson, count_bootstrap, delong, wilson


@pytest.mark.parametrize(
    ("n", "p", "wilson_coverage", "exact_coverage"),
    [(50, 0.95, 0.962, 0.988), (200, 0.97, 0.944, 0.965), (1000, 0.90, 0.949, 0.955)],
)
def test_exact_coverage(n: int, p: float, wilson_coverage: float, exact_coverage: float) -> None:
    """By enumeration of all outcomes, against reference figures."""
    chances = sps.binom.pmf(np.arange(n + 1), n, p)

    def coverage(function: Callable[..., Interval]) -> float:
        found = [function(successes=x, n=n) for x in range(n + 1)]
        return float(sum(c for c, i in zip(chances, found, strict=True) if i.low <= p <= i.high))

    assert coverage(wilson) == pytest.approx(wilson_coverage, abs=1e-3)
    assert coverage(clopper_pearson) == pytest.approx(exact_coverage, abs=1e-3)


def test_delong_variance_equals_its_definition() -> None:
    """Against the O(m1 n1) comparison matrix, with ties."""
    rng = np.random.default_rng(4)
    labels = rng.integers(2, size=80)
    scores = rng.integers(10, size=80) + labels
    x, y = scores[labels == 1], scores[labels == 0]
    wins = (x[:, None] > y) + 0.5 * (x[:, None] == y)

    found = delong(labels=labels, scores=scores)

    assert found.auc == pytest.approx(wins.mean(), abs=1e-12)
    slow = wins.mean(1).var(ddof=1) / len(x) + wins.mean(0).var(ddof=1) / len(y)
    assert found.variance == pytest.approx(slow, abs=1e-12)


def test_one_class_has_no_curve() -> None:
    with pytest.raises(ValueError, match="both classes"):
        delong(labels=[1, 1], scores=[0.1, 0.2])


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5), (1, np.inf), (np.nan, 5)])
def test_impossible_counts_are_refused(successes: float, n: float) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes=successes, n=n)


@pytest.mark.parametrize(("function", "method"), [(wilson, "wilson"), (clopper_pearson, "exact")])
@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (3, 7), (9990, 10_000)])
def test_intervals_of_a_share_equal_scipys(
    function: Callable[..., Interval], method: str, successes: int, n: int
) -> None:
    expected = sps.binomtest(successes, n).proportion_ci(0.9, method=method)

    found = function(successes=successes, n=n, confidence_level=0.9)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low <= successes / n <= found.high


def test_count_bootstrap_is_the_bootstrap_of_items() -> None:
    """F1 of 200 items: quantiles against resampling the items one by one, 4,000 times each.

    Seed 21; the quantiles' standard errors are about .0025, so .018 is five of a difference.
    """
    rng = np.random.default_rng(21)
    cells = np.repeat([0, 1, 2, 3], [60, 15, 25, 100])  # TP, FP, FN, TN

    def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = (
            2 * counts[:, 0] / np.maximum(2 * counts[:, 0] + counts[:, 1] + counts[:, 2], 1)
        )
        return result

    resampled = [np.bincount(rng.choice(cells, 200), minlength=4) for _ in range(4000)]
    low, high = np.quantile(f1(np.array(resampled)), [0.025, 0.975])

    found = count_bootstrap(counts=[60, 15, 25, 100], statistic=f1, rng=rng, n_draws=4000)

    assert (found.low, found.high) == pytest.approx((low, high), abs=0.018)


@pytest.mark.parametrize("counts", [[0, 0], [-1, 5], [[1, 2]], [90.9, 10.1], [np.nan, 1]])
def test_count_bootstrap_refuses_what_is_no_count(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="counts"):
        count_bootstrap(
            counts=counts, statistic=lambda c: c[:, 0] / 1.0, rng=np.random.default_rng(1)
        )


@pytest.mark.parametrize("level", [0, 1, 1.5, np.nan])
@pytest.mark.parametrize("of_share", [wilson, clopper_pearson])
def test_a_share_has_intervals_of_possible_levels_only(of_share: Any, level: float) -> None:
    with pytest.raises(ValueError, match="confidence_level"):
        of_share(successes=5, n=10, confidence_level=level)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("labels", [0, 2, 1, 1], "labels: 0 and 1"),
        ("labels", [0, np.nan, 1, 1], "labels: 0 and 1"),
        ("labels", [0, 1], "scores: one for each label"),
        ("scores", [0.1, np.nan, 0.3, 0.2], "scores: every value must be finite"),
        ("confidence_level", 1.5, "confidence_level"),
    ],
)
def test_what_has_no_area_is_refused(name: str, value: Any, said: str) -> None:
    """A third label counted as class 0, and NaN ranked above all numbers."""
    given = {"labels": [0, 0, 1, 1], "scores": [0.1, 0.4, 0.3, 0.2], name: value}

    with pytest.raises(ValueError, match=said):
        delong(**given)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("n_draws", 0, "n_draws"),
        ("confidence_level", 0, "confidence_level"),
        ("statistic", lambda counts: counts[:, 0] / 0.0 / 0.0, "statistic"),
    ],
)
@pytest.mark.parametrize("bootstrap", [count_bootstrap, bca_interval])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_bootstrap_without_percentiles_is_refused(
    bootstrap: Any, name: str, value: Any, said: str
) -> None:
    given = {"counts": [5, 5], "statistic": lambda counts: counts[:, 0] / 10.0, name: value}

    with pytest.raises(ValueError, match=said):
        bootstrap(**given, rng=np.random.default_rng(1))


LARGEST_LEVEL = 1 - 2**-53


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_the_largest_level_has_an_interval(interval: Any) -> None:
    """Wilson's was not a number: half of one plus half the level is 1 in double precision."""
    found = interval(successes=60, n=100, confidence_level=LARGEST_LEVEL)

    assert 0.2 < found.low < 0.3
    assert 0.85 < found.high < 0.95


def test_the_largest_level_of_an_area() -> None:
    given: dict[str, Any] = {"labels": [0, 0, 0, 1, 1], "scores": [0.1, 0.2, 0.4, 0.3, 0.5]}
    found = delong(**given, confidence_level=LARGEST_LEVEL).interval

    assert (found.low, found.high) == (0.0, 1.0)
    assert np.isfinite(
        bca_interval(
            counts=[60, 40],
            statistic=lambda counts: counts[:, 0] / counts.sum(axis=1),
            rng=np.random.default_rng(1),
            confidence_level=LARGEST_LEVEL,
        ).high
    )


@pytest.mark.parametrize("n_positive", [1, 10, 90])
def test_classes_set_apart_leave_some_doubt(n_positive: int) -> None:
    """The interval had no width; it ends where Wilson's of the smaller class does, all of it right."""
    labels = np.arange(100) < n_positive
    smaller = min(n_positive, 100 - n_positive)

    found = delong(labels=labels.astype(int), scores=labels.astype(float))

    assert (found.auc, found.interval.high) == (1.0, 1.0)
    assert found.interval.low == pytest.approx(wilson(successes=smaller, n=smaller).low)


@pytest.mark.parametrize("n_positive", [5, 10, 50])
@pytest.mark.parametrize("missed", [0.01, 0.02, 0.05, 0.1, 0.2, 0.3])
def test_coverage_near_perfect_separation(n_positive: int, missed: float) -> None:
    """A share of the positives ranks below every negative: the area is 1 less it. Coverage is exact.

    Without a least width it was 0 whenever no miss was seen: .10 in all at 5 positives and 2 % missed.
    """
    labels = np.repeat([0, 1], [200, n_positive])
    covered = 0.0
    for seen in range(n_positive + 1):
        scores = np.concatenate([np.zeros(200), np.where(np.arange(n_positive) < seen, -1, 1)])
        found = delong(labels=labels, scores=scores).interval
        if found.low <= 1 - missed <= found.high:
            covered += sps.binom.pmf(seen, n_positive, missed)

    assert covered > 0.93
