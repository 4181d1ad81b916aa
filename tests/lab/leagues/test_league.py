"""A league is judged as an audit judges."""

from dataclasses import replace

import numpy as np

from lab.leagues import league, players
from lab.leagues.players import Menu
from lab.leagues.pool import make_pool

N, M = 1_000, 2_000


def test_honest_league_of_the_study() -> None:
    """Seed 57: the outcome of one league, which is nobody in 99 of 100."""
    rng = np.random.default_rng(57)

    judged = league.honest_league(n_teams=40, n=N, m=M, shift=0.0, rng=rng)

    assert (judged.gate_fired, judged.confirmed) == (False, 0)


def test_an_attacker_is_confirmed_and_a_broken_split_shields_everybody() -> None:
    rng = np.random.default_rng(58)
    for shift, fired, confirmed in ((0.0, False, 1), (0.15, True, 0)):
        pool = make_pool(n=N, m=M, rng=rng, shift=shift)
        menus = [players.improving(pool, 10, rng) for _ in range(5)]
        boosted = menus[0].right.copy()
        boosted[np.flatnonzero(~boosted[:N, -1])[:100], -1] = True
        menus[0] = Menu(right=boosted, final=9)

        judged = league.judge(
            pool=pool, menus=menus, references=league.references(pool, rng), rng=rng
        )

        assert (judged.gate_fired, judged.confirmed) == (fired, confirmed)
        assert judged.rejected >= 1
        assert replace(judged, confirmed=0).confirmed == 0
