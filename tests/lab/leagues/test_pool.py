"""Models of a made-up league: how good, how alike, and what a shift does."""

import numpy as np
import pytest

from lab.leagues.pool import make_pool

N, M = 20_000, 40_000


def test_models_are_as_good_as_their_skill() -> None:
    """Seed 51; 6 binomial standard errors at 20,000 items are .019."""
    rng = np.random.default_rng(51)
    pool = make_pool(n=N, m=M, rng=rng, shift=-0.1)
    right = pool.right(pool.lineage(own=0.5, rng=rng), skill=0.8)

    assert right[:N].mean() == pytest.approx(0.8, abs=0.019)
    assert right[N:].mean() == pytest.approx(0.7, abs=0.019)


def test_models_are_alike_where_they_were_not_drawn_anew() -> None:
    """Two versions that each draw 10 % anew differ on .19 of the items times 2 p (1-p) = .32."""
    rng = np.random.default_rng(52)
    pool = make_pool(n=N, m=M, rng=rng)
    right = pool.right(pool.varied(pool.ease, share=0.1, columns=2, rng=rng), skill=0.8)

    assert np.mean(right[:, 0] != right[:, 1]) == pytest.approx(0.19 * 0.32, abs=0.006)
