import numpy as np
import pytest
from numpy.typing import NDArray

from stats.deflation import deflate


def test_luck_of_equal_independent_models_is_the_expected_maximum() -> None:
    """E[max] of 10 independent normals is 1.5388 sd (STATISTICS C2).

    Seed 16: 2,000 draws of sd .587 have a standard error of .0131, so .0656 is five of them
    (false alarm below 1e-6); the fresh covariance of 20,000 items adds less than .01.
    """
    rng = np.random.default_rng(16)
    n, m, k = 1000, 20_000, 10
    columns = rng.random((n + m, k)) < 0.8
    sd = np.sqrt(0.8 * 0.2 / n)

    found = deflate(query_scores=columns[:n], fresh_scores=columns[n:], rng=rng)

    assert found.luck_bound / sd == pytest.approx(1.5388, abs=0.0756)
    assert 0 < found.expected_luck < found.luck_bound * 1.05
    best = columns[:n].mean(axis=0).max()
    assert found.deflated == pytest.approx(best - found.expected_luck)


def test_a_clear_winner_owes_nothing_to_luck() -> None:
    rng = np.random.default_rng(17)
    columns = rng.random((3000, 3)) < np.array([0.6, 0.6, 0.9])

    found = deflate(query_scores=columns[:1000], fresh_scores=columns[1000:], rng=rng)

    # E[e_J] = 0 with standard error .0095 / sqrt(2000): five of them.
    assert abs(found.expected_luck) < 0.0011
    assert found.luck_bound > 0.005


def test_copies_of_one_model_bring_no_luck() -> None:
    column = np.random.default_rng(18).random((600, 1)) < 0.7
    copies = np.repeat(column, 40, axis=1)

    found = deflate(
        query_scores=copies[:200], fresh_scores=copies[200:], rng=np.random.default_rng(1)
    )

    # The standard error of 2,000 draws is .0324 / sqrt(2000): five of them.
    assert abs(found.luck_bound) < 0.0037


@pytest.mark.parametrize(
    ("query", "fresh"),
    [
        (np.ones((5, 2)), np.ones((5, 3))),
        (np.ones((5, 0)), np.ones((5, 0))),
        (np.ones(5), np.ones(5)),
        (np.ones((1, 2)), np.ones((5, 2))),
    ],
)
def test_unusable_scores_are_refused(
    query: NDArray[np.float64], fresh: NDArray[np.float64]
) -> None:
    with pytest.raises(ValueError, match="needed"):
        deflate(query_scores=query, fresh_scores=fresh, rng=np.random.default_rng(1))
