"""Who is accused: on rounds with a known outcome, and at the edges."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stats import accusation
from stats.accusation import ALPHA, Columns, Contestant, TeamTests, accuse, triage

N, M, K = 150, 300, 12
DELTA0 = 0.005
CLIMBER = "climber"


def generator(*purpose: object) -> np.random.Generator:
    return np.random.default_rng(list(" ".join(map(str, purpose)).encode()))


def columns(right: NDArray[np.bool_]) -> Columns:
    query, fresh = right[:N], right[N:]
    return Columns(
        query=query, fresh=fresh, query_exact=query.mean(axis=0), fresh_exact=fresh.mean(axis=0)
    )


def honest(rng: np.random.Generator) -> Contestant:
    base = rng.random((N + M, 1)) < 0.75
    right = base ^ (rng.random((N + M, K)) < 0.1)
    return Contestant(columns=columns(right), final=int(np.argmax(right[:N].mean(axis=0))))


def climber(rng: np.random.Generator) -> Contestant:
    """Turns 3 wrong query items right with each file: inflated by 3 (K - 1) / N = .22."""
    right = np.repeat(rng.random((N + M, 1)) < 0.7, K, axis=1)
    wrong = np.flatnonzero(~right[:N, 0])
    for position in range(K):
        right[wrong[: 3 * position], position] = True
    return Contestant(columns=columns(right), final=K - 1)


def references(rng: np.random.Generator) -> Columns:
    return columns(rng.random((N + M, 3)) < 0.72)


def accused(tests: dict[str, TeamTests]) -> list[str]:
    return [team for team, each in tests.items() if each.accuses(delta0=DELTA0)]


def test_first_of_the_columns_is_one_submission() -> None:
    of_all = references(np.random.default_rng(42))

    assert (of_all.k, of_all.first.k) == (3, 1)
    assert np.array_equal(of_all.first.query[:, 0], of_all.query[:, 0])
    assert of_all.first.fresh_exact == of_all.fresh_exact[:1]


@pytest.fixture
def contestants() -> dict[str, Contestant]:
    rng = np.random.default_rng(41)
    return {f"honest {i}": honest(rng) for i in range(4)} | {CLIMBER: climber(rng)}


def judged(
    contestants: dict[str, Contestant], *, against: Columns | None, is_mean: bool = True
) -> dict[str, TeamTests]:
    return accuse(
        contestants=contestants,
        references=against,
        delta0=DELTA0,
        is_mean=is_mean,
        generator=generator,
    )


def test_the_climber_alone_is_accused(contestants: dict[str, Contestant]) -> None:
    """Seed 41; an honest team would be accused in 1 % of such rounds at most."""
    tests = judged(contestants, against=references(np.random.default_rng(42)))

    assert accused(tests) == [CLIMBER]
    assert CLIMBER in triage(tests=tests)
    found = tests[CLIMBER]
    assert found.own_first is not None
    assert found.own_first.sadd.k == contestants[CLIMBER].columns.k == K
    assert found.own_first.sadd.inflation == pytest.approx(0.22)
    assert found.shown is found.own_first.sadd
    assert found.own_first.shuffled is not None
    assert found.own_first.shuffled.n_draws == accusation.N_SHUFFLES


def test_every_part_of_the_rule_can_acquit(contestants: dict[str, Contestant]) -> None:
    found = judged(contestants, against=None)[CLIMBER].own_first
    assert found is not None
    assert found.shuffled is not None
    assert found.accuses(delta0=DELTA0)

    acquitted = [
        replace(found, adjusted=ALPHA * 1.01),
        replace(found, sadd=replace(found.sadd, excess_low=DELTA0)),
        replace(found, shuffled=None),
        replace(found, shuffled=replace(found.shuffled, p_value=ALPHA * 1.01)),
        replace(found, shuffled=replace(found.shuffled, excess_low=DELTA0)),
    ]
    assert not any(each.accuses(delta0=DELTA0) for each in acquitted)


def test_which_tests_can_run(contestants: dict[str, Contestant]) -> None:
    rng = np.random.default_rng(43)
    told = replace(honest(rng), started_blind=False)
    stays = replace(honest(rng), final=0)
    both = {"told": told, "stays": stays}

    assert judged(both, against=None) == {}
    tests = judged(both, against=references(rng))
    assert [each.own_first for each in tests.values()] == [None, None]
    assert tests["told"].organiser is not None
    assert tests["told"].shown is tests["told"].organiser.sadd
    assert tests["told"].p_value == min(1, 2 * tests["told"].organiser.sadd.p_value)


def test_no_team_changes_anothers_figures(contestants: dict[str, Contestant]) -> None:
    """Only how fine the p-value must be depends on how many teams there are."""
    alone = judged({CLIMBER: contestants[CLIMBER]}, against=None)[CLIMBER].shown
    among = judged(contestants, against=None)[CLIMBER].shown

    assert (alone.inflation, alone.low, alone.high) == (among.inflation, among.low, among.high)


def test_exact_scores_decide_where_the_metric_is_no_mean(
    contestants: dict[str, Contestant],
) -> None:
    given = contestants[CLIMBER]
    exact = given.columns.query_exact.copy()
    exact[-1] += 0.05
    changed = replace(given, columns=replace(given.columns, query_exact=exact))

    found = judged({CLIMBER: changed}, against=None, is_mean=False)[CLIMBER].shown

    assert found.inflation == pytest.approx(0.22 + 0.05)


def test_nobody_to_test() -> None:
    assert judged({}, against=None) == {}
    assert triage(tests={}) == set()


@pytest.mark.parametrize("delta0", [-0.1, float("nan")])
def test_impossible_inflation_of_no_interest_is_refused(delta0: float) -> None:
    """Beside NaN nothing is larger, so nobody would have been accused."""
    with pytest.raises(ValueError, match="delta0 must be at least 0"):
        accuse(contestants={}, references=None, delta0=delta0, is_mean=True, generator=generator)
