"""Leagues: judged by the verdict that audits give, with a gate."""

import numpy as np
import pytest

from lab.leagues import league, players
from lab.leagues.players import Menu
from lab.leagues.pool import make_pool
from lab.leagues.power import linear_vote, make_task
from lab.leagues.settings import mixed
from stats.verdict import ShiftGate, Verdict


def test_honest_league_of_the_study() -> None:
    """Seed 1; somebody would be CONFIRMED in 1 % of such leagues at most."""
    played = mixed(np.random.default_rng(1), n_teams=10, n=500, m=1000)

    judged = league.judge(league=played, rng=np.random.default_rng(2))

    assert len(judged.verdicts) == 10
    assert judged.confirmed == 0
    assert set(judged.tests) == set(range(10))


@pytest.mark.parametrize("gate_fires", [False, True])
def test_an_attacker_is_confirmed_and_a_broken_split_shields_everybody(gate_fires: bool) -> None:
    """Seed 3: 300 queries on 1,000 items are far beyond the minimum detectable effect."""
    rng = np.random.default_rng(3)
    task = make_task(n=1000, m=2000, rng=rng)
    pool = make_pool(n=1000, m=2000, rng=rng)
    right = linear_vote(task, 300, rng)
    menus = [Menu(right=right, final=301), players.improving(pool, 6, rng)]
    references = rng.random((3000, 8)) < 0.7
    references[:1000] |= gate_fires & (rng.random((1000, 8)) < 0.3)
    given = league.of_answers(menus=menus, references=references, n=1000, has_gate=True)

    judged = league.judge(league=given, rng=rng)

    expected = Verdict.SUSPECTED if gate_fires else Verdict.CONFIRMED
    assert judged.gate == (ShiftGate.FIRED if gate_fires else ShiftGate.QUIET)
    assert judged.verdicts[0] == expected
    assert judged.confirmed == (not gate_fires)


def test_without_references_own_files_serve() -> None:
    rng = np.random.default_rng(4)
    pool = make_pool(n=200, m=300, rng=rng)
    menus = [players.seeds(pool, 5, rng), players.improving(pool, 1, rng)]
    given = league.of_answers(menus=menus, references=np.empty((500, 0), dtype=bool), n=200)

    judged = league.judge(league=given, rng=rng)

    assert judged.verdicts[1] == Verdict.NOT_TESTED
    assert judged.gate == ShiftGate.NOT_TESTED
