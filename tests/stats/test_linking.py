"""The link of two boards: known cases, refusals, and how often two standard errors hold the difference."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.linking import link_boards

GIVEN: dict[str, Any] = {
    "earlier": [0.7, 0.8],
    "later": [0.72, 0.8],
    "n_earlier": 400,
    "n_later": 100,
    "unit": 1.0,
}


def test_a_known_case() -> None:
    """u/2 sqrt(1/400 + 1/100), however many references there are."""
    found = link_boards(**GIVEN)

    assert (found.n_references, found.difference) == (2, 0.01)
    assert found.standard_error == pytest.approx(math.sqrt(0.0125) / 2)
    more = link_boards(**{**GIVEN, "earlier": [0.7] * 9, "later": [0.6] * 9})
    assert more.difference == -0.1
    assert more.standard_error == found.standard_error


def test_it_is_in_the_metrics_units() -> None:
    one = link_boards(**GIVEN)
    ten = link_boards(**{**GIVEN, "earlier": [7, 8], "later": [7.2, 8], "unit": 10.0})

    assert ten.difference == pytest.approx(10 * one.difference)
    assert ten.standard_error == pytest.approx(10 * one.standard_error)


@pytest.mark.parametrize(
    "changed",
    [
        {"earlier": [], "later": []},
        {"earlier": [0.7]},
        {"earlier": 0.7, "later": 0.7},
        {"later": [0.7, math.nan]},
        {"earlier": [math.inf, 0.7]},
        {"n_earlier": 0},
        {"n_later": math.inf},
        {"unit": 0.0},
        {"unit": math.nan},
        {"distortion_earlier": -0.1},
        {"distortion_later": math.nan},
    ],
)
def test_what_cannot_be_linked_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"score|item|unit"):
        link_boards(**{**GIVEN, **changed})


@pytest.mark.parametrize(
    ("shared", "accuracies"),
    [(1.0, (0.5, 0.5, 0.5)), (0.5, (0.55, 0.7, 0.8)), (0.0, (0.6, 0.9))],
    ids=["all are right about the same items", "half of it is shared", "nothing is shared"],
)
def test_two_standard_errors_hold_the_true_difference(
    shared: float, accuracies: tuple[float, ...]
) -> None:
    """Seed 23, 4,000 pairs of boards of 300 and 500 items of another difficulty, scores shown to .01.

    The bound is reached where all references are right about the same half of the items: 95.4 % are held
    then. Below 94 % would be seen in fewer than 1 of 10,000 seeds.
    """
    rng = np.random.default_rng(23)
    n_earlier, n_later, harder, n_boards = 300, 500, 0.03, 4000

    def board(n: int, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        # A reference is right where a number is below its chance; on some items all have the same number.
        is_common = rng.random((n_boards, 1, n)) < shared
        own = rng.random((n_boards, len(chances), n))
        numbers = np.where(is_common, rng.random((n_boards, 1, n)), own)
        shown: NDArray[np.float64] = (numbers < chances[:, None]).mean(axis=2).round(2)
        return shown

    chances = np.array(accuracies)
    earlier, later = board(n_earlier, chances), board(n_later, chances - harder)
    held = 0
    for one, other in zip(earlier, later, strict=True):
        found = link_boards(earlier=one, later=other, n_earlier=300, n_later=500, unit=1.0)
        held += abs(found.difference + harder) <= 2 * found.standard_error

    assert held / n_boards >= 0.94


@pytest.mark.parametrize("sizes", [(500, 5_000), (5_000, 500), (300, 500)], ids=str)
def test_two_standard_errors_and_the_distortion_hold_it_where_boards_round_down(
    sizes: tuple[int, int],
) -> None:
    """Seed 24, 4,000 pairs of boards that show to whole steps of 1/sqrt(n) below; without it .71 to .90 hold.

    Of equal difficulty, accuracy .5, all references right about the same items. Below 94 % would be seen in
    fewer than 1 of 10,000 seeds.
    """
    rng = np.random.default_rng(24)
    n_boards, steps = 4000, [1 / math.sqrt(n) for n in sizes]
    shown = [
        np.floor(rng.binomial(n, 0.5, size=n_boards) / n / step) * step
        for n, step in zip(sizes, steps, strict=True)
    ]

    links = [
        link_boards(
            earlier=[earlier] * 3,
            later=[later] * 3,
            n_earlier=sizes[0],
            n_later=sizes[1],
            unit=1.0,
            distortion_earlier=steps[0],
            distortion_later=steps[1],
        )
        for earlier, later in zip(*shown, strict=True)
    ]

    alone = [abs(each.difference) <= 2 * each.standard_error for each in links]
    both = [abs(each.difference) <= 2 * each.standard_error + each.distortion for each in links]
    assert np.mean(both) >= 0.94
    assert np.mean(alone) < 0.94
