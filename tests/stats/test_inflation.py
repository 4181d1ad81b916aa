"""The accusation's statistics: by hand where possible, else by simulation with a stated seed."""

import itertools

import numpy as np
import pytest
import scipy.stats as sps

from stats.inflation import (
    deflate,
    discordant_pairs,
    gate,
    menu,
    planning_effect,
    sadd,
    sadd_shuffle,
)


def league(rng: np.random.Generator, *, n: int, m: int, k: int) -> np.ndarray:
    """Honest submissions: k noisy versions of one model; right or wrong at random items."""
    right = rng.random((n + m, 1)) < 0.75
    return (right ^ (rng.random((n + m, k)) < 0.12)).astype(float)


def linear_vote(rng: np.random.Generator, *, n: int, m: int, k: int) -> np.ndarray:
    """Columns of an attacker on 20 % contested items: a baseline, k votes, and their composition."""
    truth = rng.integers(2, size=n + m)
    baseline = np.where(rng.random(n + m) < 0.75, truth, 1 - truth)
    contested = rng.random(n + m) < 0.2
    votes = np.where(contested[:, None], rng.integers(2, size=(n + m, k)), baseline[:, None])
    scores = (votes[:n] == truth[:n, None]).mean(axis=0)
    tally = (2 * votes - 1) @ (scores - scores.mean())
    final = np.where(contested, tally > 0, baseline)
    columns = np.column_stack([baseline, votes, final])
    return (columns == truth[:, None]).astype(float)


def own_first(columns: np.ndarray, n: int):
    return menu(
        query_scores=columns[:n],
        fresh_scores=columns[n:],
        query_references=columns[:n, :1],
        fresh_references=columns[n:, :1],
    )


def test_inflation_by_hand() -> None:
    """Own-first: the gain over the first file on query items, less the same on fresh items."""
    query = np.array([[0, 1], [0, 1], [1, 1], [1, 0]], float)
    fresh = np.array([[1, 1], [0, 1], [1, 0], [0, 0]], float)

    given = own_first(np.vstack([query, fresh]), 4)

    assert given.observed(1) == pytest.approx((3 / 4 - 2 / 4) - (2 / 4 - 2 / 4))


def test_reference_weights_sum_to_one_and_fit_best() -> None:
    rng = np.random.default_rng(2)
    references = rng.random((60, 3))
    mixed = references @ np.array([0.5, 0.7, -0.2]) + 3.0

    given = menu(
        query_scores=mixed[:20, None],
        fresh_scores=mixed[20:, None],
        query_references=references[:20],
        fresh_references=references[20:],
    )

    assert given.weights[:, 0] == pytest.approx([0.5, 0.7, -0.2])


def test_the_shuffle_is_exact_on_all_splits_of_a_tiny_pool() -> None:
    """70 splits of 8 items: the share of splits that look at least as inflated is the p-value.

    Seed 3, 20,000 draws: the estimate is within .0176 (5 binomial sd) with p > 1 - 1e-6.
    """
    rng = np.random.default_rng(3)
    columns = (rng.random((8, 4)) < 0.5).astype(float)
    given = own_first(columns, 4)
    final = int(np.argmax(columns[:4].mean(axis=0)))
    null = []
    for chosen in itertools.combinations(range(8), 4):
        rows = [*chosen, *(set(range(8)) - set(chosen))]
        shuffled = columns[rows]
        best = int(np.argmax(shuffled[:4].mean(axis=0)))
        null.append(own_first(shuffled, 4).observed(best))
    exact = np.mean(np.array(null) >= given.observed(final) - 1e-9)

    found = sadd_shuffle(menu=given, final=final, rng=rng, n_draws=20_000)

    assert found.p_value == pytest.approx(exact, abs=0.0176)


@pytest.mark.parametrize("references", ["own-first", "organiser"])
def test_honest_leagues_are_rejected_at_the_stated_rate(references: str) -> None:
    """Size at .05 over 400 leagues, seed 5; Binomial(400, .05) exceeds 43 with p < 1e-6."""
    rng = np.random.default_rng(5)
    n, m, rejected = 400, 800, 0
    for _ in range(400):
        columns = league(rng, n=n, m=m, k=12)
        shared = columns[:, :1] if references == "own-first" else league(rng, n=n, m=m, k=3)
        given = menu(
            query_scores=columns[:n],
            fresh_scores=columns[n:],
            query_references=shared[:n],
            fresh_references=shared[n:],
        )
        final = int(np.argmax(columns[:n].mean(axis=0)))
        rejected += sadd(menu=given, final=final, rng=rng, alpha=0.05).p_value <= 0.05

    assert 0 < rejected <= 43


def test_gaussian_and_real_shuffle_agree() -> None:
    """Quantiles of the null within .0015, ten Monte-Carlo standard errors; seed 7."""
    rng = np.random.default_rng(7)
    n, m = 1000, 2000
    columns = league(rng, n=n, m=m, k=20)
    given = own_first(columns, n)
    final = int(np.argmax(columns[:n].mean(axis=0)))

    gaussian = sadd(menu=given, final=final, rng=rng, alpha=0.005)
    real = sadd_shuffle(menu=given, final=final, rng=rng, n_draws=4000)

    assert gaussian.luck == pytest.approx(real.luck, abs=0.0015)
    assert gaussian.p_value == pytest.approx(real.p_value, abs=0.06)
    assert gaussian.inflation == real.inflation


def test_the_linear_vote_is_found() -> None:
    """Power .985 measured at k = 100, n = 2000, m = 4000 (STATISTICS C3); 20 runs, seed 9.

    At least 16 of 20 at power .95 fails with p < 1e-3 x 1e-1; the seed is fixed.
    """
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(20):
        columns = linear_vote(rng, n=2000, m=4000, k=100)
        result = sadd(menu=own_first(columns, 2000), final=101, rng=rng, alpha=0.05)
        found += result.p_value <= 0.05

    assert found >= 16


def test_one_submission_is_tested_against_organiser_references() -> None:
    """A clean account that hands in one boosted file: k = 1 leaves no menu, only references."""
    rng = np.random.default_rng(10)
    columns = linear_vote(rng, n=2400, m=6700, k=300)
    references = np.column_stack([columns[:, 0], league(rng, n=2400, m=6700, k=2)])
    given = menu(
        query_scores=columns[:2400, -1:],
        fresh_scores=columns[2400:, -1:],
        query_references=references[:2400],
        fresh_references=references[2400:],
    )

    result = sadd(menu=given, final=0, rng=rng, n_tests=9)

    assert result.p_value <= 0.005 / 9
    assert result.low > 0


def test_the_order_of_items_does_not_matter() -> None:
    rng = np.random.default_rng(11)
    n = 300
    columns = league(rng, n=n, m=600, k=5)
    rows = np.concatenate([rng.permutation(n), n + rng.permutation(600)])

    one = sadd(menu=own_first(columns, n), final=4, rng=np.random.default_rng(1))
    other = sadd(menu=own_first(columns[rows], n), final=4, rng=np.random.default_rng(1))

    assert one.inflation == pytest.approx(other.inflation, abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-3)


def test_the_interval_covers_the_true_inflation_of_a_fixed_final() -> None:
    """Truth 0; 300 leagues, seed 13, coverage of a 95 % interval of the fresh side alone.

    The interval is conditional on the query side, so it is checked on the fresh side's error.
    """
    rng = np.random.default_rng(13)
    n, m, covered = 400, 800, 0
    for _ in range(300):
        columns = league(rng, n=n, m=m, k=2)
        result = sadd(menu=own_first(columns, n), final=1, rng=rng, alpha=0.2)
        query_part = (columns[:n, 1] - columns[:n, 0]).mean()
        covered += result.low <= query_part <= result.high

    # Binomial(300, .95) falls below 264 with p < 1e-6.
    assert covered >= 264


def test_more_tests_raise_the_minimum_detectable_effect() -> None:
    rng = np.random.default_rng(14)
    given = own_first(league(rng, n=400, m=800, k=5), 400)

    one = sadd(menu=given, final=1, rng=np.random.default_rng(1), n_tests=1)
    many = sadd(menu=given, final=1, rng=np.random.default_rng(1), n_tests=40)

    assert 0 < one.minimum_detectable_effect < many.minimum_detectable_effect


@pytest.mark.parametrize(
    ("scores", "references", "reason"),
    [
        (np.ones((3, 2, 1)), np.ones((3, 1)), "matrices"),
        (np.ones((1, 2)), np.ones((1, 1)), "two items"),
        (np.full((3, 2), np.nan), np.ones((3, 1)), "finite"),
        (np.ones((3, 2)), np.ones((4, 1)), "different items"),
    ],
)
def test_unusable_scores_are_refused(scores, references, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        menu(
            query_scores=scores,
            fresh_scores=scores,
            query_references=references,
            fresh_references=references,
        )


def test_an_unknown_final_is_refused() -> None:
    given = own_first(league(np.random.default_rng(1), n=5, m=5, k=2), 5)

    with pytest.raises(ValueError, match="final"):
        sadd(menu=given, final=2, rng=np.random.default_rng(1))


def test_the_gate_fires_on_a_broken_split_only() -> None:
    rng = np.random.default_rng(15)
    query, fresh = rng.random(2000), rng.random(4000)

    assert not gate(query_items=query, fresh_items=fresh).fired
    assert gate(query_items=query + 0.05, fresh_items=fresh).fired
    assert not gate(query_items=[1, 1], fresh_items=[1, 1]).fired
    assert gate(query_items=[1, 1], fresh_items=[0, 0]).fired
    with pytest.raises(ValueError, match="two items"):
        gate(query_items=[1], fresh_items=[1, 1])


def test_discordant_pairs_are_fishers_table() -> None:
    found = discordant_pairs(
        query_final=[1] * 8 + [0] * 2,
        query_reference=[0] * 8 + [1] * 2,
        fresh_final=[1] * 3 + [0] * 7,
        fresh_reference=[0] * 3 + [1] * 7,
    )

    assert (found.query, found.fresh) == ((8, 2), (3, 7))
    assert found.p_value == pytest.approx(
        sps.fisher_exact([[8, 2], [3, 7]], alternative="greater").pvalue
    )


def test_deflation_of_equal_independent_models_is_the_expected_maximum() -> None:
    """E[max] of 10 independent normals is 1.5388 sd; 2,000 draws give it to .05 sd (seed 16)."""
    rng = np.random.default_rng(16)
    n, m, k = 1000, 20_000, 10
    columns = (rng.random((n + m, k)) < 0.8).astype(float)
    sd = np.sqrt(0.8 * 0.2 / n)

    found = deflate(query_scores=columns[:n], fresh_scores=columns[n:], rng=rng)

    assert found.least_favorable / sd == pytest.approx(1.5388, abs=0.06)
    assert 0 < found.expected_luck <= found.least_favorable + 0.05 * sd
    best = columns[:n].mean(axis=0).max()
    assert found.deflated == pytest.approx(best - found.expected_luck)


@pytest.mark.parametrize(
    ("d", "n", "m", "alpha", "effect"),
    [(0.05, 2000, 4000, 0.05, 0.0152), (0.1, 4000, 10_000, 0.001, 0.0233)],
)
def test_planning_effect(d: float, n: int, m: int, alpha: float, effect: float) -> None:
    """Figures of STATISTICS C11."""
    found = planning_effect(disagreement=d, n=n, m=m, alpha=alpha)

    assert found == pytest.approx(effect, abs=1e-4)
