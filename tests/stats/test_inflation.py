"""The accusation's statistics: by hand where possible, else by simulation with a stated seed."""

import itertools
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.inflation import (
    ENOUGH_EXCEEDANCES,
    N_DRAWS,
    Menu,
    _compared,
    gate,
    menu,
    planning_effect,
    sadd,
    sadd_shuffle,
)

Matrix = NDArray[np.bool_]
Generator = np.random.Generator


def league(rng: Generator, *, n: int, m: int, k: int) -> Matrix:
    """Honest submissions: k noisy versions of one model; right or wrong at random items."""
    right = rng.random((n + m, 1)) < 0.75
    result: Matrix = right ^ (rng.random((n + m, k)) < 0.12)
    return result


def linear_vote(rng: Generator, *, n: int, m: int, k: int) -> Matrix:
    """Columns of an attacker on 20 % contested items: a baseline, k votes, and their composition."""
    truth = rng.integers(2, size=n + m)
    baseline = np.where(rng.random(n + m) < 0.75, truth, 1 - truth)
    contested = rng.random(n + m) < 0.2
    votes = np.where(contested[:, None], rng.integers(2, size=(n + m, k)), baseline[:, None])
    scores = (votes[:n] == truth[:n, None]).mean(axis=0)
    tally = (2 * votes - 1) @ (scores - scores.mean())
    final = np.where(contested, tally > 0, baseline)
    result: Matrix = np.column_stack([baseline, votes, final]) == truth[:, None]
    return result


def against(columns: NDArray[np.generic], references: NDArray[np.generic], n: int) -> Menu:
    return menu(
        query_scores=columns[:n],
        fresh_scores=columns[n:],
        query_references=references[:n],
        fresh_references=references[n:],
    )


def own_first(columns: NDArray[np.generic], n: int) -> Menu:
    return against(columns, columns[:, :1], n)


@pytest.mark.parametrize("value", ["right or wrong", "real"])
def test_shuffle_is_exact_on_all_splits_of_a_tiny_pool(value: str) -> None:
    """70 splits of 8 items: the share of splits that look at least as inflated is the p-value.

    Seed 4, 20,000 draws: the estimate is within .0176 (5 binomial sd) with p > 1 - 1e-6.
    """
    rng = np.random.default_rng(4)
    columns = (rng.random((8, 4)) < 0.5) * (0.3 if value == "real" else 1.0)
    given = own_first(columns, 4)
    final = int(np.argmax(columns[:4].mean(axis=0)))
    null = []
    for chosen in itertools.combinations(range(8), 4):
        shuffled = columns[[*chosen, *(set(range(8)) - set(chosen))]]
        # Rounded, so that equal sums are ties here too.
        best = int(np.argmax(shuffled[:4].mean(axis=0).round(12)))
        null.append(own_first(shuffled, 4).observed(best))
    exact = float(np.mean(np.array(null) >= given.observed(final) - 1e-9))

    found = sadd_shuffle(menu=given, final=final, rng=rng, n_draws=20_000)

    assert 0.05 < exact < 0.95
    assert found.p_value == pytest.approx(exact, abs=0.0176)


@pytest.mark.parametrize(("references", "k"), [("own", 12), ("organizer", 12), ("organizer", 1)])
def test_honest_leagues_are_rejected_at_the_stated_rate(references: str, k: int) -> None:
    """Size at .05 over 400 leagues, seed 5; Binomial(400, .05) exceeds 43 with p < 1e-5."""
    rng = np.random.default_rng(5)
    n, m, rejected = 400, 800, 0
    for _ in range(400):
        columns = league(rng, n=n, m=m, k=k + 3)
        shared = columns[:, :1] if references == "own" else columns[:, k:]
        columns = columns[:, :k]
        final = int(np.argmax(columns[:n].mean(axis=0)))
        result = sadd(menu=against(columns, shared, n), final=final, rng=rng, alpha=0.05)
        rejected += result.p_value <= 0.05

    assert 0 < rejected <= 43


def test_sequential_p_values_are_valid() -> None:
    """P(p <= a) <= a for a null statistic among its own draws, where the stopping rule bites.

    Seed 6, 4,000 runs with up to 40,000 draws: Binomial(4000, a) exceeds the limit with p < 1e-5.
    """
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(4_000):
        # A uniform statistic has as many exceedances as a binomial count says: draw the tail only.
        least = rng.random()
        if least < 0.97:
            p_values.append(1.0)
            continue
        null, p_value = _compared(least=least, draws=rng.random, first=N_DRAWS, most=40_000)
        assert N_DRAWS <= len(null) <= 40_000
        p_values.append(p_value)

    for a, limit in ((0.01, 70), (0.002, 23), (0.0005, 10)):
        assert np.count_nonzero(np.array(p_values) <= a) <= limit
    assert np.count_nonzero(np.array(p_values) <= 0.01) >= 15


def test_p_value_stops_at_the_twentieth_exceedance() -> None:
    """Every hundredth draw exceeds from the 2,001st on: the 20th is draw 4,000."""
    made = 0

    def draws(count: int) -> NDArray[np.float64]:
        nonlocal made
        number = np.arange(made + 1, made + count + 1)
        made += count
        return np.where((number > N_DRAWS) & (number % 100 == 0), 1.0, 0.0)

    null, p_value = _compared(least=1.0, draws=draws, first=N_DRAWS, most=44_000)

    assert p_value == ENOUGH_EXCEEDANCES / 4_000
    assert len(null) == 6_000


def test_gaussian_and_real_shuffle_agree() -> None:
    """Seed 7. The 95 % quantile of 4,000 draws has a standard error of .00031, the p-value of 2,000
    one of at most .0112: six of each difference; the sum may add the normal approximation's .001.
    """
    rng = np.random.default_rng(7)
    n = 1000
    given = own_first(league(rng, n=n, m=2000, k=20), n)
    final = 7

    gaussian = sadd(menu=given, final=final, rng=rng)
    real = sadd_shuffle(menu=given, final=final, rng=rng, n_draws=4_000)

    assert gaussian.luck == pytest.approx(real.luck, abs=0.0038)
    assert gaussian.p_value == pytest.approx(real.p_value, abs=0.085)
    assert gaussian.inflation == real.inflation
    assert (gaussian.low, gaussian.high) == (real.low, real.high)


def test_linear_vote_is_found() -> None:
    """Power at .05: 200 of 200 runs with seed 8, so above .97 with 99 % confidence.

    20 runs, seed 9: fewer than 15 have a probability below 1e-3 at a power of .95.
    """
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(20):
        columns = linear_vote(rng, n=2000, m=4000, k=100)
        result = sadd(menu=own_first(columns, 2000), final=101, rng=rng, alpha=0.05)
        found += result.p_value <= 0.05

    assert found >= 15


def test_one_submission_is_tested_against_organizer_references() -> None:
    """5b with k = 1: a clean account hands in one boosted file; there is no menu, only references."""
    rng = np.random.default_rng(10)
    columns = linear_vote(rng, n=2400, m=6700, k=300)
    weak = columns[:, :1] ^ (rng.random((9100, 2)) < 0.1)
    references = np.column_stack([columns[:, :1], weak])
    given = against(columns[:, -1:], references, 2400)

    boosted = sadd(menu=given, final=0, rng=rng, n_tests=9)
    shuffled = sadd_shuffle(menu=given, final=0, rng=rng, n_draws=4_000)

    assert boosted.k == 1
    assert max(boosted.p_value, shuffled.p_value) <= 0.005 / 9
    assert min(boosted.excess_low, shuffled.excess_low, boosted.low) > 0.005


def test_a_final_equal_to_its_reference_is_no_evidence() -> None:
    given = own_first(league(np.random.default_rng(1), n=50, m=80, k=1), 50)

    for test in (sadd, sadd_shuffle):
        result = test(menu=given, final=0, rng=np.random.default_rng(1))
        assert (result.inflation, result.p_value, result.disagreement) == (0, 1, 0)


@pytest.mark.parametrize("kind", ["right or wrong", "real"])
def test_order_of_items_does_not_matter(kind: str) -> None:
    rng = np.random.default_rng(11)
    n = 300
    columns = league(rng, n=n, m=600, k=5) * (1.0 if kind == "right or wrong" else 0.37)
    rows = np.concatenate([rng.permutation(n), n + rng.permutation(600)])

    one = sadd(menu=own_first(columns, n), final=4, rng=np.random.default_rng(1))
    other = sadd(menu=own_first(columns[rows], n), final=4, rng=np.random.default_rng(1))

    assert asdict(one) == pytest.approx(asdict(other), abs=1e-9)


def test_order_of_submissions_does_not_matter() -> None:
    """Seed 12: the same final among the same others; p-values of 2,000 draws within six errors."""
    rng = np.random.default_rng(12)
    n = 300
    columns = league(rng, n=n, m=600, k=6)
    order = rng.permutation(6)

    one = sadd(menu=against(columns, columns[:, :2], n), final=3, rng=rng)
    other = sadd(
        menu=against(columns[:, order], columns[:, 1::-1], n),
        final=int(np.flatnonzero(order == 3)[0]),
        rng=rng,
    )

    assert one.inflation == pytest.approx(other.inflation, abs=1e-12)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value, abs=0.095)


def test_interval_covers_the_inflation() -> None:
    """D estimates the query gain less the true gain, which is 0: the fresh side alone is uncertain.

    300 leagues, seed 13; Binomial(300, .95) falls below 266 with p < 1e-5.
    """
    rng = np.random.default_rng(13)
    n, m, covered = 400, 800, 0
    for _ in range(300):
        columns = league(rng, n=n, m=m, k=2)
        result = sadd(menu=own_first(columns, n), final=1, rng=rng, alpha=0.2)
        query_gain = columns[:n, 1].mean() - columns[:n, 0].mean()
        covered += result.low <= query_gain <= result.high

    assert covered >= 266


def test_an_exact_difference_replaces_that_of_influence_values() -> None:
    given = own_first(league(np.random.default_rng(1), n=50, m=80, k=3), 50)

    result = sadd(menu=given, final=1, rng=np.random.default_rng(1), observed=0.5)

    assert result.inflation == 0.5
    assert result.low < 0.5 < result.high


def test_disagreement_is_the_share_of_items_that_differ() -> None:
    columns = league(np.random.default_rng(1), n=50, m=80, k=3)

    result = sadd(menu=own_first(columns, 50), final=2, rng=np.random.default_rng(1))

    assert result.disagreement == pytest.approx((columns[:, 2] != columns[:, 0]).mean())


def test_results_are_plain_numbers() -> None:
    result = sadd(
        menu=own_first(league(np.random.default_rng(1), n=50, m=80, k=3), 50),
        final=1,
        rng=np.random.default_rng(1),
    )

    assert json.loads(json.dumps(asdict(result))) == asdict(result)


def test_more_tests_raise_the_minimum_detectable_effect() -> None:
    given = own_first(league(np.random.default_rng(14), n=400, m=800, k=5), 400)

    one = sadd(menu=given, final=1, rng=np.random.default_rng(1), n_tests=1)
    many = sadd(menu=given, final=1, rng=np.random.default_rng(1), n_tests=40)

    assert 0 < one.minimum_detectable_effect < many.minimum_detectable_effect


@pytest.mark.parametrize("final", [-1, 2])
def test_an_unknown_final_is_refused(final: int) -> None:
    given = own_first(league(np.random.default_rng(1), n=5, m=5, k=2), 5)

    with pytest.raises(ValueError, match="final"):
        sadd(menu=given, final=final, rng=np.random.default_rng(1))


def test_gate_fires_on_a_broken_split_only() -> None:
    rng = np.random.default_rng(15)
    query, fresh = rng.random(2000), rng.random(4000)

    assert not gate(query_items=query, fresh_items=fresh).fired
    assert gate(query_items=query + 0.05, fresh_items=fresh).fired
    assert gate(query_items=query - 0.05, fresh_items=fresh).z < -2.576


def test_gate_without_any_spread() -> None:
    assert not gate(query_items=[1, 1], fresh_items=[1, 1]).fired
    broken = gate(query_items=[1, 1], fresh_items=[0, 0])
    assert broken.fired
    assert np.isfinite(broken.z)
    with pytest.raises(ValueError, match="query_items: at least two"):
        gate(query_items=[1], fresh_items=[1, 1])


def test_gate_takes_rounding_errors_for_no_difference() -> None:
    """4,000 times .1 has another rounded mean than 10,000 times .1: 107 standard errors apart."""
    found = gate(query_items=[0.1] * 4_000, fresh_items=[0.1] * 10_000)

    assert (found.z, found.fired) == (0, False)


@pytest.mark.parametrize("name", ["query_items", "fresh_items"])
def test_gate_does_not_pass_over_what_is_no_number(name: str) -> None:
    given = {"query_items": [0.0, 1.0], "fresh_items": [0.0, 1.0], name: [0.0, np.nan]}

    with pytest.raises(ValueError, match=f"{name}: at least two finite values"):
        gate(**given)


@pytest.mark.parametrize("test", [sadd, sadd_shuffle])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("observed", np.nan),
        ("observed", np.inf),
        ("n_tests", 0),
        ("n_tests", np.inf),
        ("alpha", 0),
        ("alpha", 1),
        ("alpha", np.nan),
    ],
)
def test_impossible_arguments_are_refused(test: Any, name: str, value: float) -> None:
    """Above all an exact difference that is no number: no draw is as large, so its p-value was the least."""
    rng = np.random.default_rng(30)
    given = own_first(league(rng, n=20, m=20, k=3), 20)

    with pytest.raises(ValueError, match=name):
        test(menu=given, final=1, rng=rng, **{name: value})


def test_one_shuffle_has_no_spread() -> None:
    rng = np.random.default_rng(30)
    given = own_first(league(rng, n=20, m=20, k=3), 20)

    with pytest.raises(ValueError, match="n_draws must be at least 2"):
        sadd_shuffle(menu=given, final=1, rng=rng, n_draws=1)


@pytest.mark.parametrize(
    ("d", "n", "m", "alpha", "effect"),
    [
        (0.05, 2000, 4000, 0.05, 0.0152),
        (0.10, 2000, 4000, 0.001, 0.0340),
        (0.10, 4000, 10_000, 0.001, 0.0233),
        (0.20, 4000, 10_000, 0.05, 0.0208),
    ],
)
def test_planning_effect(d: float, n: int, m: int, alpha: float, effect: float) -> None:
    """Figures of STATISTICS C11, power .8."""
    found = planning_effect(disagreement=d, n=n, m=m, alpha=alpha)

    assert found == pytest.approx(effect, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disagreement", -0.1),
        ("disagreement", 1.1),
        ("disagreement", np.nan),
        ("n", 0),
        ("m", np.nan),
        ("alpha", 0),
        ("power", 1),
    ],
)
def test_impossible_plans_are_refused(name: str, value: float) -> None:
    given: dict[str, Any] = {"disagreement": 0.1, "n": 100, "m": 100, name: value}

    with pytest.raises(ValueError, match=f"^{name} must be"):
        planning_effect(**given)
