from typing import Any

import numpy as np
import pytest

from stats.multiplicity import (
    benjamini_hochberg,
    e_benjamini_hochberg,
    holm,
)
from tests.stats.reference_data import reference_file

# Ladder paper, photo contest: ranks 2-10 against rank 1 (paired t-tests).
PUBLISHED = [0.536, 0.886, 0.00651, 0.01151, 0.01419, 0.0667, 0.00481, 0.00253, 0.1037]


def test_published_p_values_give_the_published_rejections() -> None:
    """Holm keeps ranks 8 and 9 and adds 4; Benjamini-Hochberg rejects 4, 5, 6, 8 and 9."""
    ranks = np.arange(2, 11)

    assert ranks[holm(p_values=PUBLISHED) <= 0.05].tolist() == [4, 8, 9]
    assert ranks[benjamini_hochberg(p_values=PUBLISHED) <= 0.05].tolist() == [4, 5, 6, 8, 9]


def test_holm_by_hand() -> None:
    assert holm(p_values=[0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_holm_rejects_no_more_than_benjamini_hochberg() -> None:
    values = np.random.default_rng(3).random(200) ** 3

    assert (holm(p_values=values) >= benjamini_hochberg(p_values=values) - 1e-15).all()


def test_no_tests_give_no_rejections() -> None:
    assert len(holm(p_values=[])) == len(benjamini_hochberg(p_values=[])) == 0


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")], [[0.5]]])
def test_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="p_values"):
        holm(p_values=wrong)


def test_photo_contest_data() -> None:
    """The same on the published files themselves."""
    rows = reference_file("ladder_jl/top10pvals.csv").read_text().splitlines()[2:]
    p_values = [float(row.split(",")[1]) for row in rows]

    assert p_values == pytest.approx(PUBLISHED, rel=5e-3)
    ranks = np.arange(2, 11)
    assert ranks[holm(p_values=p_values) <= 0.05].tolist() == [4, 8, 9]
    assert ranks[benjamini_hochberg(p_values=p_values) <= 0.05].tolist() == [4, 5, 6, 8, 9]


def test_e_benjamini_hochberg_by_hand() -> None:
    """Four e-values at .1: the first needs 40, the second 20, the third 13.3, the fourth 10."""
    for e_values, rejected in (
        ([39, 19, 13, 9], [False] * 4),
        ([39, 21, 1, 0], [True, True, False, False]),
        ([0, 14, 14, 14], [False, True, True, True]),
        ([np.inf, 0, 0, 0], [True, False, False, False]),
    ):
        assert e_benjamini_hochberg(e_values=e_values, alpha=0.1).tolist() == rejected


def test_false_discoveries_of_e_values_are_rare() -> None:
    """20 nulls at .1: likelihood ratios, all driven by one common draw; seed 131, 2,000 leagues.

    Binomial(2000, .1) exceeds 270 with p < 1e-6.
    """
    rng = np.random.default_rng(131)
    draws = rng.standard_normal(2_000)
    shifts = np.linspace(0.5, 3, 20)
    e_values = np.exp(shifts * draws[:, None] - shifts**2 / 2)

    discoveries = [e_benjamini_hochberg(e_values=row, alpha=0.1).any() for row in e_values]
    assert 0 < sum(discoveries) <= 270


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"e_values": [-1.0], "alpha": 0.1}, "at least 0"),
        ({"e_values": [np.nan], "alpha": 0.1}, "at least 0"),
        ({"e_values": [1.0], "alpha": 1.0}, "alpha"),
    ],
)
def test_impossible_e_values_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        e_benjamini_hochberg(**given)
