"""Coalitions of accounts."""

import numpy as np
import pytest

from lab.attacks import sybils, votes
from tests.lab.attacks.test_votes import N, arena


@pytest.mark.parametrize(("accounts", "expected"), [(1, 0.010), (3, 0.018), (5, 0.023)])
def test_sandbagging_coalitions(accounts: int, expected: float) -> None:
    """n = 4,000, 100 queries each, b = 5; 20 plays, seed 101, within .004 (the reference errs by .003)."""
    rng = np.random.default_rng([101, accounts])
    gains = [sybils.sandbag_ladder(n=N, k=100, b=5, accounts=accounts, rng=rng) for _ in range(20)]

    assert np.mean(gains) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize(("accounts", "expected"), [(20, 0.010), (100, 0.022), (400, 0.042)])
def test_first_answers_are_a_bit_each(accounts: int, expected: float) -> None:
    """20 plays, seed 102; a play's sd is .0035 (luck on 800 items): .004 is 5 standard errors."""
    rng = np.random.default_rng([102, accounts])
    gains = [sybils.first_answer_sybil(n=N, accounts=accounts, rng=rng) for _ in range(20)]

    assert sybils.first_answer_theory(n=N, accounts=accounts) == pytest.approx(expected, abs=8e-4)
    assert np.mean(gains) == pytest.approx(expected, abs=0.004)


def test_splitting_queries_costs_nothing_where_scores_are_exact() -> None:
    """400 queries of ten accounts are worth 400 of one; 4 plays, seed 103, within 5 sd of .0079 / 2."""
    rng = np.random.default_rng(103)
    gains = []
    for _ in range(4):
        given = arena(rng)
        gains.append(given.task.gain(sybils.sybil_split(given, 400, rng, accounts=10)))

    assert np.mean(gains) == pytest.approx(votes.linear_theory(n=N, k=400), abs=0.02)


def test_more_accounts_than_queries() -> None:
    rng = np.random.default_rng(104)
    given = arena(rng)

    assert len(sybils.sybil_split(given, 3, rng, accounts=10)) == N
