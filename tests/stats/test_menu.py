from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.menu import menu


def test_inflation_by_hand() -> None:
    """Own-first: the gain over the first file on query items, less the same on fresh items."""
    query = np.array([[0, 1], [0, 1], [1, 1], [1, 0]])
    fresh = np.array([[1, 1], [0, 1], [1, 0], [0, 0], [0, 0]])

    given = menu(
        query_scores=query,
        fresh_scores=fresh,
        query_references=query[:, :1],
        fresh_references=fresh[:, :1],
    )

    assert (given.k, given.n, given.m) == (2, 4, 5)
    assert given.observed(0) == 0
    assert given.observed(1) == pytest.approx((3 / 4 - 2 / 4) - (2 / 5 - 2 / 5))
    assert given.means == pytest.approx([4 / 9, 5 / 9])


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_weights_sum_to_one_and_fit_best(scale: float) -> None:
    rng = np.random.default_rng(2)
    references = scale * rng.random((60, 3))
    mixed = references @ np.array([0.5, 0.7, -0.2]) + 3.0

    given = menu(
        query_scores=mixed[:20, None],
        fresh_scores=mixed[20:, None],
        query_references=references[:20],
        fresh_references=references[20:],
    )

    assert given.weights[:, 0] == pytest.approx([0.5, 0.7, -0.2], abs=1e-8)


def test_weights_are_constrained_least_squares() -> None:
    """Any other weights that sum to one leave a larger residual variance."""
    rng = np.random.default_rng(3)
    right = rng.random((200, 5)) < 0.7
    given = menu(
        query_scores=right[:80, :2],
        fresh_scores=right[80:, :2],
        query_references=right[:80, 2:],
        fresh_references=right[80:, 2:],
    )
    references = right[:, 2:].astype(float)

    for column in (0, 1):
        best = given.residual(column).var()
        for _ in range(50):
            nudge = rng.normal(0, 0.01, size=3)
            other = given.weights[:, column] + nudge - nudge.mean()
            assert (right[:, column] - references @ other).var() >= best


def test_copies_among_the_references_share_their_weight() -> None:
    rng = np.random.default_rng(4)
    right = rng.random((100, 2)) < 0.7
    copies = np.repeat(right[:, 1:], 3, axis=1)

    given = menu(
        query_scores=right[:40, :1],
        fresh_scores=right[40:, :1],
        query_references=copies[:40],
        fresh_references=copies[40:],
    )

    assert given.weights.sum() == pytest.approx(1)
    gain = right[:, 0].astype(float) - right[:, 1]
    assert given.observed(0) == pytest.approx(gain[:40].mean() - gain[40:].mean())


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_right_or_wrong_is_recognized_in_any_type(dtype: type) -> None:
    scores: NDArray[Any] = (np.random.default_rng(5).random((50, 3)) < 0.5).astype(dtype)

    given = menu(
        query_scores=scores[:20],
        fresh_scores=scores[20:],
        query_references=scores[:20, :1],
        fresh_references=scores[20:, :1],
    )

    assert given.scores.dtype == np.float32
    assert given.means.tolist() == scores.astype(float).mean(axis=0).tolist()


ONES = np.ones((3, 2))


@pytest.mark.parametrize(
    ("query", "fresh", "references", "reason"),
    [
        (np.ones((3, 2, 1)), ONES, ONES, "matrices"),
        (np.ones((3, 0)), np.ones((3, 0)), ONES, "at least one column"),
        (np.ones((1, 2)), ONES, ONES, "two items"),
        (np.full((3, 2), np.nan), ONES, ONES, "finite"),
        (np.full((3, 2), np.inf), ONES, ONES, "finite"),
        (ONES, ONES, np.ones((4, 2)), "different items"),
        (ONES, np.ones((3, 3)), ONES, "different columns"),
    ],
)
def test_unusable_scores_are_refused(query: Any, fresh: Any, references: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        menu(
            query_scores=query,
            fresh_scores=fresh,
            query_references=references,
            fresh_references=ONES,
        )
