"""Contrasts: weights that sum to one and fit best, and the spread of D over repeated draws."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats import references
from stats.draw import Draw, draw

N, M = 40, 60


def test_weights_sum_to_one_and_fit_best() -> None:
    """Against a constrained least squares that is solved another way."""
    rng = np.random.default_rng(1)
    items = rng.random((N + M, 5))
    contrast = references.organizer(pool=references.pool(items=items, k=2, draw=draw(n=N, m=M)))

    weights = -contrast.coefficients[0][2:, 0]

    assert weights.sum() == pytest.approx(1)
    centred = items - items.mean(axis=0)
    error = np.sum(np.square(centred[:, 0] - centred[:, 2:] @ weights))
    for _ in range(200):
        other = weights + rng.normal(0, 0.1, 3)
        other += (1 - other.sum()) / 3
        assert np.sum(np.square(centred[:, 0] - centred[:, 2:] @ other)) >= error


@pytest.mark.parametrize("dtype", [bool, np.float32, np.float64])
def test_spread_is_that_of_repeated_draws(dtype: type) -> None:
    """Seed 2: of 4,000 draws, within 5 of its standard errors of 1.1 %."""
    rng = np.random.default_rng(2)
    items: NDArray[Any] = (rng.random((N + M, 4)) < 0.6).astype(dtype)
    contrast = references.organizer(pool=references.pool(items=items, k=3, draw=draw(n=N, m=M)))
    lead = items.astype(float) @ contrast.coefficients[0]

    differences = []
    for _ in range(4_000):
        order = rng.permutation(N + M)
        differences.append(lead[order[:N]].mean(axis=0) - lead[order[N:]].mean(axis=0))

    assert contrast.spreads[0] == pytest.approx(np.std(differences, axis=0), rel=0.056)


def test_spread_follows_clusters_and_strata() -> None:
    """Seed 3: two strata of clusters of two items; the draw repeated by hand, within 5 errors of 1.6 %."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(30), 2)
    stratum = cluster % 2
    is_query = np.isin(cluster, np.arange(10))
    order = np.argsort(~is_query, kind="stable")
    cluster, stratum = cluster[order], stratum[order]
    n = int(is_query.sum())
    drawn = draw(
        n=n,
        m=60 - n,
        query_clusters=cluster[:n],
        fresh_clusters=cluster[n:],
        query_strata=stratum[:n],
        fresh_strata=stratum[n:],
    )
    items = rng.random((60, 2)) + rng.random(30)[cluster][:, None]
    contrast = references.organizer(pool=references.pool(items=items, k=1, draw=drawn))
    lead = items @ contrast.coefficients[0][:, 0]

    differences = []
    for _ in range(2_000):
        query = np.concatenate(
            [rng.choice(np.arange(first, 30, 2), 5, replace=False) for first in (0, 1)]
        )
        chosen = np.isin(cluster, query)
        differences.append(lead[chosen].mean() - lead[~chosen].mean())

    assert contrast.spreads[0, 0] == pytest.approx(np.std(differences), rel=0.08)


def test_a_reference_that_varies_between_strata_alone_keeps_its_weight() -> None:
    """As the most frequent class where each class is drawn from separately: no draw changes its score."""
    classes = np.repeat([0, 1, 0, 1], [210, 90, 210, 90])
    rng = np.random.default_rng(6)
    constant = (classes == 0).astype(float)
    other = (rng.random(600) < np.where(classes == 0, 0.9, 0.5)).astype(float)
    file = np.where(rng.random(600) < 0.6, other, constant)
    drawn = draw(n=300, m=300, query_strata=classes[:300], fresh_strata=classes[300:])

    pool = references.pool(items=np.column_stack([file, constant, other]), k=1, draw=drawn)

    assert pool.variance[1, 1] == 0
    deviations = [each - each.mean() for each in (file, constant, other)]
    step = deviations[2] - deviations[1]
    weight = (deviations[0] - deviations[1]) @ step / (step @ step)
    found = references.organizer(pool=pool).coefficients[0, :, 0]
    assert found == pytest.approx([1.0, weight - 1.0, -weight])


def _large_draw(kind: str) -> Draw:
    """Of 400,000 items: each by itself, in halves, or as groups of 1 to 4, which lie in halves, too."""
    n, m = 100_000, 300_000
    halves = {"query_strata": np.arange(n) % 2, "fresh_strata": np.arange(m) % 2}
    if kind == "items":
        return draw(n=n, m=m)
    if kind == "strata":
        return draw(n=n, m=m, **halves)
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(n + m), rng.integers(1, 5, size=n + m))[: n + m]
    cut = int(groups[n])
    query, fresh = groups[groups <= cut], groups[groups > cut]
    if kind == "groups":
        return draw(n=len(query), m=len(fresh), query_clusters=query, fresh_clusters=fresh)
    return draw(
        n=len(query),
        m=len(fresh),
        query_clusters=query,
        fresh_clusters=fresh,
        query_strata=query % 2,
        fresh_strata=fresh % 2,
    )


@pytest.mark.parametrize("kind", ["items", "strata", "groups", "groups in strata"])
def test_equal_values_have_no_spread_however_many_they_are(kind: str) -> None:
    """Their sums are off by 1e-11 of them at a million; such a spread had made the gate fire."""
    items = np.tile([0.1, 0.3, -0.7, 1e-12 / 3, 1e12 / 3], (400_000, 1))

    found = references.pool(items=items, k=5, draw=_large_draw(kind))

    assert not found.variance.any()
    assert not found.among.any()


def test_one_value_of_each_stratum_has_no_spread_in_a_draw_by_strata() -> None:
    """Nor does a huge one in the first stratum hide what varies in the second."""
    drawn = _large_draw("strata")
    second = np.concatenate([np.arange(100_000) % 2, np.arange(300_000) % 2]) == 1
    right = np.random.default_rng(2).random(400_000) < 0.5
    items = np.column_stack([np.where(second, 0.1, 0.3), np.where(second, right, 1e12 / 3)])

    found = references.pool(items=items, k=2, draw=drawn)

    assert found.variance[0, 0] == found.variance[0, 1] == 0
    # Of the 200,000 items of the second stratum a fourth is drawn.
    assert found.variance[1, 1] == pytest.approx(200_000 * 0.25 * 0.75 * 0.25, rel=0.01)
    assert found.among[0, 0] > 0


def test_every_difference_is_studentised() -> None:
    items = np.random.default_rng(4).random((N + M, 8))

    few = references.own_files(pool=references.pool(items=items[:, :3], k=3, draw=draw(n=N, m=M)))
    many = references.own_files(pool=references.pool(items=items, k=8, draw=draw(n=N, m=M)))

    assert few.coefficients.shape == (1, 3, 3)
    assert few.scales[0, 0] == np.inf
    assert np.array_equal(few.scales[:, 1:], few.spreads[:, 1:])
    assert many.coefficients.shape == (2, 8, 8)
    assert np.array_equal(many.scales[:, 1:], many.spreads[:, 1:])
    # The first file is its own reference, in both sets.
    assert many.spreads[:, 0].tolist() == [0, 0]
    gaps = np.arange(16.0).reshape(2, 8)
    assert many.statistics(gaps)[:, 0].tolist() == [0, 0]
    scaled = [gaps @ c / s for c, s in zip(many.coefficients, many.scales, strict=True)]
    assert np.array_equal(many.statistics(gaps), np.maximum(*scaled))


@pytest.mark.parametrize(("k", "files"), [(4, 2), (11, 5), (12, 6), (100, 6)])
def test_the_mean_is_of_the_first_half_and_at_most_six(k: int, files: int) -> None:
    """By time alone, so that nothing that was released has a say; it never spans the last file."""
    items = np.random.default_rng(5).random((N + M, k))
    contrast = references.own_files(pool=references.pool(items=items, k=k, draw=draw(n=N, m=M)))

    of_last = contrast.coefficients[1][:, k - 1]

    assert np.flatnonzero(of_last[:-1]).tolist() == list(range(files))
    assert np.ptp(of_last[1:files]) == pytest.approx(0)


def test_a_copy_of_a_reference_has_no_lead() -> None:
    items = np.random.default_rng(6).random((N + M, 3))
    items[:, 0] = items[:, 2]
    items[:, 1] = items[:, 2] + 1e-12 * items[:, 1]

    contrast = references.organizer(pool=references.pool(items=items, k=2, draw=draw(n=N, m=M)))

    assert contrast.spreads.tolist() == [[0, 0]]
    assert contrast.statistics(np.ones((1, 3))).tolist() == [[0, 0]]


def test_a_wild_file_hides_no_other_one() -> None:
    """Its spread is a trillion times that of the others, which are no rounding errors for that."""
    items = np.random.default_rng(7).random((N + M, 4))
    items[:, 1] *= 1e12

    contrast = references.organizer(pool=references.pool(items=items, k=3, draw=draw(n=N, m=M)))

    assert (contrast.spreads > 0).all()


def test_gross_errors_in_one_reference_leave_the_others_their_weights() -> None:
    """One error of 1e8 in the last of three references: it is left out, and the others still fit."""
    rng = np.random.default_rng(31)
    models = rng.normal(size=(600, 3))
    file = models[:, :2] @ np.array([0.4, 0.6]) + 0.1 * rng.normal(size=600)
    spoilt = models.copy()
    spoilt[7, 2] = 1e8
    drawn = draw(n=200, m=400)

    fitted, beside = (
        references.organizer(
            pool=references.pool(items=np.column_stack([file, given]), k=1, draw=drawn)
        ).coefficients[0][:, 0]
        for given in (models, spoilt)
    )

    assert beside == pytest.approx(fitted, abs=0.02)


@pytest.mark.parametrize("dtype", [bool, np.float32, np.float64])
@pytest.mark.parametrize("k", [4, 5])
def test_a_file_that_the_own_references_span_has_no_lead(k: int, dtype: type) -> None:
    """The first and the mean of the first two span the second; what is left is rounding, of either sign."""
    rng = np.random.default_rng(8)
    for _ in range(200):
        items: NDArray[Any] = (rng.random((N + M, k)) * 1.7).astype(dtype)
        if dtype is bool:
            items = rng.random((N + M, k)) < 0.7
        drawn = draw(n=N, m=M)
        contrast = references.own_files(pool=references.pool(items=items, k=k, draw=drawn))

        assert (contrast.spreads[1, :2] == 0).all()
        assert (contrast.spreads[0, 1:] > 0).all()
        assert (contrast.spreads[1, 2:] > 0).all()


@pytest.mark.parametrize("twin", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_references_that_are_all_but_equal_count_as_one(twin: int, dtype: type) -> None:
    """
    A copy that differs in one item by 3e-4 could explain one gross error of a file there with a weight of
    10^5, and beside such a weight every spread passes for rounding.
    """
    rng = np.random.default_rng(9)
    items = rng.normal(size=(900, 4))
    items[:, 0] = items[:, 1:].mean(axis=1) + 0.3 * rng.normal(size=900)
    alone: NDArray[Any] = items.astype(dtype)
    copy = items[:, 1 + twin].copy()
    copy[5] += 3e-4
    file = items.copy()
    file[5, 0] += 20
    given: NDArray[Any] = np.column_stack([file, copy]).astype(dtype)

    drawn = draw(n=300, m=600)
    fitted = references.organizer(pool=references.pool(items=alone, k=1, draw=drawn))
    beside = references.organizer(pool=references.pool(items=given, k=1, draw=drawn))

    assert beside.spreads[0, 0] > fitted.spreads[0, 0]
    assert np.abs(beside.coefficients).max() < 2
