"""The repeated draw: against all draws of tiny pools, and the two forms against each other."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from stats import shuffles
from stats.inflation import sadd, sadd_shuffle
from stats.menu import Menu, menu

Floats = NDArray[np.float64]


def clustered(
    rng: np.random.Generator, *, sizes: NDArray[np.int_], k: int, spread: float
) -> tuple[Floats, NDArray[np.int_]]:
    """k submissions right or wrong together within a cluster, and each item's cluster."""
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    ease = rng.normal(0.75, spread, (len(sizes), k))[cluster]
    return (rng.random((len(cluster), k)) < ease).astype(float), cluster


def of_clusters(columns: Floats, cluster: NDArray[np.int_], n_query: int) -> Menu:
    is_query = cluster < n_query
    rows = np.concatenate([np.flatnonzero(is_query), np.flatnonzero(~is_query)])
    n = int(is_query.sum())
    scores, numbers = columns[rows], cluster[rows]
    return menu(
        query_scores=scores[:n],
        fresh_scores=scores[n:],
        query_references=scores[:n, :1],
        fresh_references=scores[n:, :1],
        query_clusters=numbers[:n],
        fresh_clusters=numbers[n:],
    )


def every_draw_of_clusters(columns: Floats, cluster: NDArray[np.int_], n_query: int) -> Floats:
    """D of the best-looking submission for each choice of clusters, by its definition."""
    found = []
    n_clusters = int(cluster.max()) + 1
    for chosen in itertools.combinations(range(n_clusters), n_query):
        is_query = np.isin(cluster, chosen)
        query, fresh = columns[is_query].mean(axis=0), columns[~is_query].mean(axis=0)
        best = int(np.argmax(query.round(12)))
        found.append((query - fresh)[best] - (query - fresh)[0])
    return np.array(found)


def test_clusters_are_drawn_whole() -> None:
    """All 70 draws of 4 of 8 clusters of unequal size, against 20,000 shuffles.

    Seed 31. Each share is within 5 binomial standard deviations (.0177) with p > 1 - 1e-6; the quartiles
    of the null stand for its shape.
    """
    rng = np.random.default_rng(31)
    columns, cluster = clustered(rng, sizes=np.array([1, 2, 3, 4, 1, 2, 3, 4]), k=4, spread=0.3)
    exact = every_draw_of_clusters(columns, cluster, 4)
    given = of_clusters(columns, cluster, 4)

    null = shuffles.shuffled(menu=given, rng=rng)(20_000)

    for limit in np.quantile(exact, [0.25, 0.5, 0.75]) - 1e-9:
        assert np.mean(null >= limit) == pytest.approx(np.mean(exact >= limit), abs=0.0177)


def test_strata_keep_their_numbers() -> None:
    """6 easy and 6 hard items; 2 easy and 4 hard were drawn, and so they are in each of 225 draws.

    Seed 32, 20,000 shuffles: shares within 5 standard deviations (.0177).
    """
    rng = np.random.default_rng(32)
    hard = np.array([0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1])
    columns = (rng.random((12, 3)) < np.where(hard, 0.3, 0.8)[:, None]).astype(float)
    given = menu(
        query_scores=columns[:6],
        fresh_scores=columns[6:],
        query_references=columns[:6, :1],
        fresh_references=columns[6:, :1],
        query_strata=hard[:6],
        fresh_strata=hard[6:],
    )
    exact = []
    for easy in itertools.combinations(np.flatnonzero(hard == 0), 2):
        for difficult in itertools.combinations(np.flatnonzero(hard), 4):
            is_query = np.isin(np.arange(12), [*easy, *difficult])
            query, fresh = columns[is_query].mean(axis=0), columns[~is_query].mean(axis=0)
            best = int(np.argmax(query.round(12)))
            exact.append((query - fresh)[best] - (query - fresh)[0])

    null = shuffles.shuffled(menu=given, rng=rng)(20_000)

    assert len(exact) == 225
    for limit in np.quantile(exact, [0.25, 0.5, 0.75]) - 1e-9:
        assert np.mean(null >= limit) == pytest.approx(np.mean(exact >= limit), abs=0.0177)


def test_stratum_of_fresh_items_alone_stays_fresh() -> None:
    """4 of 8 items were drawn; 3 of another kind never could be. All 70 draws against 20,000 shuffles.

    Seed 35; shares within 5 standard deviations (.0177), p > 1 - 1e-6. The spread is the one without the
    stratum, which only makes the fresh mean's denominator larger.
    """
    rng = np.random.default_rng(35)
    columns = (rng.random((11, 3)) < 0.6).astype(float)
    kind = np.repeat([0, 1], [8, 3])
    given = menu(
        query_scores=columns[:4],
        fresh_scores=columns[4:],
        query_references=columns[:4, :1],
        fresh_references=columns[4:, :1],
        query_strata=kind[:4],
        fresh_strata=kind[4:],
    )
    drawn = menu(
        query_scores=columns[:4],
        fresh_scores=columns[4:8],
        query_references=columns[:4, :1],
        fresh_references=columns[4:8, :1],
    )
    exact = []
    for chosen in itertools.combinations(range(8), 4):
        is_query = np.isin(np.arange(11), chosen)
        query, fresh = columns[is_query].mean(axis=0), columns[~is_query].mean(axis=0)
        best = int(np.argmax(query.round(12)))
        exact.append((query - fresh)[best] - (query - fresh)[0])
    residual = rng.normal(size=11)

    null = shuffles.shuffled(menu=given, rng=rng)(20_000)

    for limit in np.quantile(exact, [0.25, 0.5, 0.75]) - 1e-9:
        assert np.mean(null >= limit) == pytest.approx(np.mean(exact >= limit), abs=0.0177)
    of_drawn = shuffles.spread(menu=drawn, residual=residual[:8]) / (1 / 4 + 1 / 4)
    assert shuffles.spread(menu=given, residual=residual) == pytest.approx(
        of_drawn * (1 / 4 + 1 / 7), rel=1e-12
    )


@pytest.mark.parametrize("kind", ["clusters", "strata", "unequal strata"])
def test_gaussian_form_follows_the_draw(kind: str) -> None:
    """Seed 33: mean and spread of D, 40,000 Gaussian draws against 8,000 shuffles.

    Means within 5 standard errors of their difference (p < 1e-6). The shuffles' spread has a relative error
    of .008: five of these, and .01 for the normal approximation.
    """
    rng = np.random.default_rng(33)
    sizes = np.repeat([2, 5, 8], 100)
    if kind == "clusters":
        columns, cluster = clustered(rng, sizes=rng.permutation(sizes), k=6, spread=0.2)
        given = of_clusters(columns, cluster, 100)
    else:
        stratum = rng.integers(3, size=1500)
        is_query = rng.random(1500) < (
            1 / 3 if kind == "strata" else np.array([0.2, 0.3, 0.6])[stratum]
        )
        columns = (rng.random((1500, 6)) < 0.6 + 0.15 * stratum[:, None]).astype(float)
        given = menu(
            query_scores=columns[is_query],
            fresh_scores=columns[~is_query],
            query_references=columns[is_query][:, :1],
            fresh_references=columns[~is_query][:, :1],
            query_strata=stratum[is_query],
            fresh_strata=stratum[~is_query],
        )

    normal = shuffles.gaussian(menu=given, rng=rng)(40_000)
    real = shuffles.shuffled(menu=given, rng=rng)(8_000)

    error = real.std() * np.sqrt(1 / 8_000 + 1 / 40_000)
    assert normal.mean() == pytest.approx(real.mean(), abs=5 * error)
    assert normal.std() == pytest.approx(real.std(), rel=0.05)
    assert np.quantile(normal, 0.95) == pytest.approx(np.quantile(real, 0.95), rel=0.08)


def test_matched_pairs_are_swapped_within_pairs() -> None:
    """Strata of one query and one fresh item have no spread within a holdout, but their swap has.

    Seed 38, 300 pairs: the p-values agree within 5 standard errors of the Gaussian form's 2,000 draws (.06).
    """
    rng = np.random.default_rng(38)
    columns = (rng.random((600, 4)) < 0.6).astype(float)
    pair = np.arange(300)
    given = menu(
        query_scores=columns[:300],
        fresh_scores=columns[300:],
        query_references=columns[:300, :1],
        fresh_references=columns[300:, :1],
        query_strata=pair,
        fresh_strata=pair,
    )
    final = int(np.argmax(given.scores[:300, 1:4].mean(axis=0))) + 1

    normal = shuffles.gaussian(menu=given, rng=rng)(40_000)
    real = shuffles.shuffled(menu=given, rng=rng)(8_000)
    residual = given.residual(final)

    assert normal.std() == pytest.approx(real.std(), rel=0.05)
    assert shuffles.spread(menu=given, residual=residual) == pytest.approx(
        np.sqrt(np.square(residual[:300] - residual[300:]).sum()) / 300, rel=1e-12
    )
    p_values = [test(menu=given, final=final, rng=rng).p_value for test in (sadd, sadd_shuffle)]
    assert p_values[0] == pytest.approx(p_values[1], abs=0.06)


def test_a_stratum_of_one_holdout_alone_stays_there() -> None:
    """Only the items of stratum 0 can change places; both forms leave the others where they are."""
    rng = np.random.default_rng(37)
    columns = (rng.random((90, 2)) < 0.6).astype(float)
    stratum = np.repeat([0, 1, 0, 2], [20, 10, 40, 20])
    given = menu(
        query_scores=columns[:30],
        fresh_scores=columns[30:],
        query_references=columns[:30, :1],
        fresh_references=columns[30:, :1],
        query_strata=stratum[:30],
        fresh_strata=stratum[30:],
    )

    normal = shuffles.gaussian(menu=given, rng=rng)(40_000)
    real = shuffles.shuffled(menu=given, rng=rng)(8_000)

    assert normal.mean() == pytest.approx(real.mean(), abs=5 * real.std() / np.sqrt(6_600))
    assert normal.std() == pytest.approx(real.std(), rel=0.05)


def test_spread_is_that_of_one_column_over_the_draws() -> None:
    """Seed 34: a column fixed beforehand; 8,000 shuffles know their spread to .8 %, 5 of which are .04."""
    rng = np.random.default_rng(34)
    columns, cluster = clustered(rng, sizes=np.repeat(4, 300), k=1, spread=0.2)
    reference = (rng.random((1200, 1)) < 0.7).astype(float)
    is_query = cluster < 100
    given = menu(
        query_scores=columns[is_query],
        fresh_scores=columns[~is_query],
        query_references=reference[is_query],
        fresh_references=reference[~is_query],
        query_clusters=cluster[is_query],
        fresh_clusters=cluster[~is_query],
    )

    real = shuffles.shuffled(menu=given, rng=rng)(8_000)

    found = shuffles.spread(menu=given, residual=given.residual(0))
    assert found == pytest.approx(real.std(), rel=0.04)


@pytest.mark.parametrize("residual", [np.zeros(9), np.zeros((10, 1)), np.full(10, np.nan)])
def test_spread_is_of_one_finite_value_for_each_item(residual: Floats) -> None:
    columns = np.random.default_rng(1).integers(2, size=(10, 3)).astype(float)
    given = of_clusters(columns, np.arange(10), 4)

    with pytest.raises(ValueError, match="residual"):
        shuffles.spread(menu=given, residual=residual)


@pytest.mark.parametrize("test", [sadd, sadd_shuffle])
def test_size_holds_where_whole_clusters_were_drawn(test: object) -> None:
    """The best of 6 equal submissions on 60 + 120 clusters of 10 alike items, 200 leagues, seed 35.

    Binomial(200, .05) exceeds 26 with p < 1e-5. Shuffling single items instead rejects far more often: the
    test can tell.
    """
    rng = np.random.default_rng(35)
    rejected = {"whole": 0, "single": 0}
    arguments = {"alpha": 0.05} if test is sadd else {"n_draws": 199}
    for _ in range(200):
        columns, cluster = clustered(rng, sizes=np.repeat(10, 180), k=6, spread=0.3)
        n = 600
        final = int(np.argmax(columns[:n].mean(axis=0)))
        scores = {
            "query_scores": columns[:n],
            "fresh_scores": columns[n:],
            "query_references": columns[:n, :1],
            "fresh_references": columns[n:, :1],
        }
        whole = menu(**scores, query_clusters=cluster[:n], fresh_clusters=cluster[n:])
        for kind, given in (("whole", whole), ("single", menu(**scores))):
            found = test(menu=given, final=final, rng=rng, **arguments)  # type: ignore[operator]
            rejected[kind] += found.p_value <= 0.05

    assert 0 < rejected["whole"] <= 26
    assert rejected["single"] > 50


def test_interval_is_over_clusters() -> None:
    """Ten alike items of a cluster tell as much as one: the interval is sqrt(10) as wide."""
    rng = np.random.default_rng(36)
    one = (rng.random((300, 2)) < 0.7).astype(float)
    columns, cluster = np.repeat(one, 10, axis=0), np.repeat(np.arange(300), 10)

    found = sadd(menu=of_clusters(columns, cluster, 100), final=1, rng=rng, alpha=0.2)
    single = sadd(menu=of_clusters(one, np.arange(300), 100), final=1, rng=rng, alpha=0.2)

    assert found.high - found.low == pytest.approx(single.high - single.low, rel=1e-9)
