"""Repeated draws: every choice of as many units equally likely, within strata and patterns."""

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats as sps

from stats.draw import draw
from stats.redraws import CONTESTED, observed, repeated


def test_every_subset_is_equally_likely() -> None:
    """Seed 5: 40,000 draws of 3 of 6 units, a chi-squared test over 20 subsets at 1e-5."""
    drawn = draw(n=3, m=3)
    pattern = np.full(6, CONTESTED)
    block = next(repeated(draw=drawn, pattern=pattern, rng=np.random.default_rng(5), size=40_000))

    seen = Counter(tuple(np.flatnonzero(row).tolist()) for row in block.chosen)

    assert set(seen) == set(itertools.combinations(range(6), 3))
    assert sps.chisquare(list(seen.values())).pvalue > 1e-5


def test_units_of_a_pattern_are_hypergeometric() -> None:
    """Seed 6: of 4 contested units and 5 + 3 alike ones 5 are query; 20,000 draws, means within 5 errors."""
    drawn = draw(n=5, m=7)
    pattern = np.array([CONTESTED] * 4 + [0] * 5 + [1] * 3)
    block = next(repeated(draw=drawn, pattern=pattern, rng=np.random.default_rng(6), size=20_000))

    chosen = block.chosen.sum(axis=1)

    assert (chosen + block.counts.sum(axis=1) == 5).all()
    assert block.counts.mean(axis=0) == pytest.approx([5 * 5 / 12, 5 * 3 / 12], abs=0.04)
    assert block.chosen.mean(axis=0) == pytest.approx([5 / 12] * 4, abs=0.0175)
    # Given how many contested units are query, each choice of them is as likely.
    pairs = Counter(tuple(np.flatnonzero(row)) for row in block.chosen if row.sum() == 2)
    assert sps.chisquare(list(pairs.values())).pvalue > 1e-5
    assert len(pairs) == 6


def test_strata_keep_their_numbers() -> None:
    drawn = draw(n=4, m=6, query_strata=[0, 0, 0, 1], fresh_strata=[0, 1, 1, 1, 1, 1])
    block = next(
        repeated(
            draw=drawn,
            pattern=np.full(10, CONTESTED),
            rng=np.random.default_rng(7),
            size=200,
        )
    )

    first = np.array([0, 1, 2, 4])
    assert (block.chosen[:, first].sum(axis=1) == 3).all()
    assert (block.chosen.sum(axis=1) == 4).all()


def test_many_equal_keys_leave_the_sizes_right() -> None:
    """65,536 keys for 200,000 units: the key at the bound is always shared."""
    n = 70_000
    block = next(
        repeated(
            draw=draw(n=n, m=130_000),
            pattern=np.full(200_000, CONTESTED),
            rng=np.random.default_rng(8),
            size=3,
        )
    )

    assert (block.chosen.sum(axis=1) == n).all()


def test_the_same_seed_gives_the_same_draws() -> None:
    one, other = (
        next(
            repeated(
                draw=draw(n=5, m=9),
                pattern=np.full(14, CONTESTED),
                rng=np.random.default_rng(9),
                size=7,
            )
        )
        for _ in range(2)
    )

    assert np.array_equal(one.chosen, other.chosen)


def test_one_draw_is_a_block_too() -> None:
    block = next(
        repeated(
            draw=draw(n=2, m=2),
            pattern=np.full(4, CONTESTED),
            rng=np.random.default_rng(9),
            size=1,
        )
    )

    assert block.chosen.shape == (1, 4)


def test_the_draw_that_was_made_has_the_same_form() -> None:
    drawn = draw(n=3, m=3)

    block = observed(draw=drawn, pattern=np.array([CONTESTED, 0, 1, 0, CONTESTED, 1]))

    assert block.chosen.tolist() == [[1, 0]]
    assert block.counts.tolist() == [[1, 1]]
