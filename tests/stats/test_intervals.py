import numpy as np
import pytest
import scipy.stats as sps

from stats.intervals import clopper_pearson, delong, wilson


@pytest.mark.parametrize(
    ("n", "p", "wilson_coverage", "exact_coverage"),
    [(50, 0.95, 0.962, 0.988), (200, 0.97, 0.944, 0.965), (1000, 0.90, 0.949, 0.955)],
)
def test_exact_coverage(n: int, p: float, wilson_coverage: float, exact_coverage: float) -> None:
    """By enumeration of all outcomes, against the reference table (STATISTICS E1)."""
    chances = sps.binom.pmf(np.arange(n + 1), n, p)

    def coverage(function) -> float:
        found = [function(successes=x, n=n) for x in range(n + 1)]
        return sum(c for c, i in zip(chances, found, strict=True) if i.low <= p <= i.high)

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


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes=successes, n=n)
