"""Draws of whole units: numbers that are fixed beforehand, and chance that decides the rest alone."""

import hashlib
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chisquare

from stats.draw import draw
from stats.drawing import (
    MIN_SPLITS,
    MIN_UNITS,
    Pool,
    SeededShuffle,
    allocate,
    draw_shards,
    fewest_items,
    log_splits,
    pool,
    strata_of,
)
from stats.metrics import Scorer

Codes = NDArray[np.int64]


def drawn(made: Pool, sizes: list[int], rng: np.random.Generator) -> list[NDArray[np.intp]]:
    return draw_shards(pool=made, counts=allocate(pool=made, sizes=sizes), rng=rng)


def auc(labels: Codes, probabilities: NDArray[np.floating[Any]]) -> float:
    return Scorer(metric="roc_auc", n_classes=2).score(labels=labels, predictions=probabilities)


@st.composite
def asked(draw_value: st.DrawFn) -> tuple[Codes, Codes, list[int]]:
    """Units of 1 to 5 items, each in one of up to four strata, and sizes of two or three shards."""
    n_items = draw_value(st.lists(st.integers(1, 5), min_size=24, max_size=40))
    strata = draw_value(st.lists(st.integers(0, 3), min_size=len(n_items), max_size=len(n_items)))
    units = np.repeat(np.arange(len(n_items)), n_items)
    shares = draw_value(st.lists(st.integers(30, 60), min_size=1, max_size=2))
    sizes = [len(units) * share // 120 for share in shares]
    return units, np.repeat(strata, n_items), [len(units) - sum(sizes), *sizes]


@given(case=asked())
def test_shards_have_exactly_the_fixed_numbers_of_whole_units(
    case: tuple[Codes, Codes, list[int]],
) -> None:
    units, strata, sizes = case
    made = pool(n=len(units), units=units, strata=strata)
    try:
        counts = allocate(pool=made, sizes=sizes)
    except ValueError:
        return  # a shard would be too small; other tests say when

    shards = draw_shards(pool=made, counts=counts, rng=np.random.default_rng(3))

    assert sorted(np.concatenate(shards).tolist()) == list(range(len(units)))
    ideal = np.array(sizes) * made.n_units / len(units)
    assert (np.abs(counts.sum(axis=0) - ideal) < 1).all()
    codes = np.unique(strata)
    for shard, items in enumerate(shards):
        own = np.unique(units[items])
        assert np.isin(units, own).sum() == len(items)
        in_strata = [np.sum(strata[np.searchsorted(units, own)] == code) for code in codes]
        assert in_strata == counts[:, shard].tolist()
    has_enough = counts.sum(axis=1) >= len(sizes)
    assert (counts[has_enough] >= 1).all()


@given(case=asked(), seed=st.integers(0, 2**32 - 1))
def test_the_numbers_depend_on_no_order_and_on_no_size_of_a_unit(
    case: tuple[Codes, Codes, list[int]], seed: int
) -> None:
    units, strata, sizes = case
    rng = np.random.default_rng(seed)
    of_unit = strata[np.unique(units, return_index=True)[1]]
    n_units = len(of_unit)
    # As many items and units, in another order, with other sizes of the units and other names.
    other = rng.permutation(
        np.concatenate([np.arange(n_units), rng.integers(n_units, size=len(units) - n_units)])
    )
    names = np.array([f"unit {each}" for each in rng.permutation(n_units)])
    try:
        counts = allocate(pool=pool(n=len(units), units=units, strata=strata), sizes=sizes)
    except ValueError:
        return

    again = allocate(
        pool=pool(n=len(units), units=names[other], strata=of_unit[other]), sizes=sizes
    )

    assert again.tolist() == counts.tolist()


def test_single_items_without_strata_give_the_sizes_that_were_asked_for() -> None:
    shards = drawn(pool(n=100), [17, 80, 3], np.random.default_rng(1))

    assert [len(each) for each in shards] == [17, 80, 3]


def test_single_items_are_cut_from_one_permutation() -> None:
    """What a seed drew before there were groups it draws still: published tables name their seeds."""
    shards = drawn(pool(n=100), [17, 80, 3], np.random.default_rng(1))

    expected = np.split(np.random.default_rng(1).permutation(100), [17, 97])
    assert [each.tolist() for each in shards] == [sorted(each.tolist()) for each in expected]


def test_strata_of_single_items_keep_the_sizes_and_the_shares() -> None:
    made = pool(n=1000, strata=np.repeat([0, 1, 2], [500, 333, 167]))

    counts = allocate(pool=made, sizes=[100, 301, 599])

    assert counts.sum(axis=0).tolist() == [100, 301, 599]
    assert counts.tolist() == [[50, 151, 299], [33, 100, 200], [17, 50, 100]]


def test_a_rare_class_is_in_every_shard() -> None:
    """3 of 1,000: the query shard's share is .3, and without any its AUC would be undefined."""
    labels = np.zeros(1000, dtype=np.int64)
    labels[[17, 438, 799]] = 1
    made = pool(n=1000, strata=strata_of(labels=labels))

    counts = allocate(pool=made, sizes=[100, 900])
    query, fresh = draw_shards(pool=made, counts=counts, rng=np.random.default_rng(5))

    assert counts.tolist() == [[99, 898], [1, 2]]
    for items in (query, fresh):
        truth = labels[items]
        for sign in (1, -1):
            assert auc(truth, 0.5 + sign * (truth - 0.5) * 0.8) == (sign + 1) / 2


def test_many_rare_classes_take_the_place_of_common_items() -> None:
    """Ten classes of three: their shares of a tenth round to none, and each gets one."""
    labels = np.concatenate([np.repeat(np.arange(10), 3), np.full(970, 10)])

    counts = allocate(pool=pool(n=1000, strata=labels), sizes=[100, 900])

    assert counts[:, 0].tolist() == [1] * 10 + [90]
    assert counts[:, 1].tolist() == [2] * 10 + [880]


def test_a_class_with_fewer_items_than_shards_is_where_its_share_is_largest() -> None:
    counts = allocate(pool=pool(n=100, strata=[0] * 99 + [1]), sizes=[20, 80])

    assert counts.tolist() == [[20, 79], [0, 1]]


@pytest.mark.parametrize("sizes", [[], [50, 49], [101, -1], [100, 0], [[50], [50]]])
def test_sizes_must_use_up_the_items(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        allocate(pool=pool(n=100), sizes=sizes)


def test_a_shard_that_would_miss_a_class_or_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        allocate(pool=pool(n=30, strata=np.arange(30) % 3), sizes=[2, 28])
    with pytest.raises(ValueError, match="too small"):
        allocate(pool=pool(n=40, units=np.arange(40) // 20), sizes=[5, 35])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "n must"),
        ({"n": 2, "units": [1]}, "units"),
        ({"n": 2, "strata": [1]}, "strata"),
        ({"n": 2, "units": ["a", "a"], "strata": [0, 1]}, "two strata"),
    ],
)
def test_what_is_no_pool_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pool(**wrong)


def test_the_stratum_of_a_unit_is_its_most_common_class_and_the_smallest_at_a_tie() -> None:
    units = ["a", "b", "a", "b", "a", "c", "d", "d"]

    found = strata_of(labels=[2, 1, 2, 0, 0, 5, 3, 3], units=units)

    assert found.tolist() == [2, 0, 2, 0, 2, 5, 3, 3]
    assert strata_of(labels=[2, 0], units=None).tolist() == [2, 0]
    assert strata_of(labels=np.empty(0, np.int64), units=[]).tolist() == []


@pytest.mark.parametrize("labels", [[0.5], [-1], [[1]]])
def test_only_classes_are_strata(labels: list[float]) -> None:
    with pytest.raises(ValueError, match="labels"):
        strata_of(labels=labels)


def test_fewest_items_are_those_of_the_smallest_units_of_each_stratum() -> None:
    sizes = [1, 2, 3, 4, 10, 20]
    made = pool(n=40, units=np.repeat(np.arange(6), sizes), strata=np.repeat([0, 1], [10, 30]))

    assert fewest_items(pool=made, counts=[[1, 3], [1, 1]]).tolist() == [1 + 10, 6 + 10]


def test_every_choice_of_units_is_equally_likely() -> None:
    """Six units of very different sizes in two strata: 3 x 3 splits.

    20,000 draws, chi-squared with 8 degrees of freedom, refused below p = 1e-6: so often would it fail
    by chance with another seed.
    """
    units = np.repeat(np.arange(6), [1, 1, 40, 2, 30, 1])
    made = pool(n=75, units=units, strata=np.repeat([0, 1], [42, 33]))
    counts = allocate(pool=made, sizes=[25, 50])
    assert counts.tolist() == [[1, 2], [1, 2]]
    rng = np.random.default_rng(11)
    seen = np.zeros((6, 6))

    for _ in range(20_000):
        query = draw_shards(pool=made, counts=counts, rng=rng)[0]
        seen[tuple(np.unique(units[query]))] += 1

    assert seen.sum() == seen[:3, 3:].sum()
    assert chisquare(seen[:3, 3:].ravel()).pvalue > 1e-6


def test_a_unit_is_as_likely_in_each_place_of_three_shards() -> None:
    """Single items, as in the simplest draw: all 5 choose 2 pairs of the first shard, equally often.

    10,000 draws, chi-squared with 9 degrees of freedom, refused below p = 1e-6.
    """
    rng = np.random.default_rng(12)
    made = pool(n=5)
    seen = dict.fromkeys(combinations(range(5), 2), 0)

    for _ in range(10_000):
        seen[tuple(drawn(made, [2, 2, 1], rng)[0].tolist())] += 1

    assert chisquare(list(seen.values())).pvalue > 1e-6


def test_a_draw_is_one_that_a_shuffle_can_repeat() -> None:
    """Query shard and two fresh ones: whole units, and in each stratum the numbers that were fixed."""
    rng = np.random.default_rng(13)
    units = rng.integers(40, size=200)
    strata = strata_of(labels=rng.integers(3, size=200), units=units)
    made = pool(n=200, units=units, strata=strata)
    counts = allocate(pool=made, sizes=[60, 70, 40, 30])
    query, *others = draw_shards(pool=made, counts=counts, rng=rng)
    fresh = np.concatenate(others[:2])

    repeated = draw(
        n=len(query),
        m=len(fresh),
        query_clusters=units[query],
        fresh_clusters=units[fresh],
        query_strata=strata[query],
        fresh_strata=strata[fresh],
    )

    for code, members in enumerate(repeated.strata):
        assert repeated.is_query[members].sum() == counts[code, 0]
        assert (~repeated.is_query[members]).sum() == counts[code, 1:3].sum()


def test_splits_are_counted_for_the_pair_with_the_fewest() -> None:
    counts = [[2, 3, 9], [0, 4, 1], [1, 1, 0]]

    # Between the first and the second shard: 10 x 1 x 2; first and third 55, second and third 220 x 5.
    assert np.exp(log_splits(counts=counts)) == pytest.approx(20)
    assert log_splits(counts=[[5, 5]]) == pytest.approx(np.log(MIN_SPLITS))


def test_the_least_number_of_units_is_the_first_with_which_anything_can_be_found() -> None:
    assert 1 / comb(2 * MIN_UNITS, MIN_UNITS) < 0.005
    assert 1 / comb(2 * MIN_UNITS - 2, MIN_UNITS - 1) > 0.005


def fresh_score_of_a_flipper(shards: list[NDArray[np.intp]], labels: Codes, group: Codes) -> float:
    """One constant answer for each group, flipped where that improves the query score."""
    query, fresh = shards
    answers = np.random.default_rng(1).integers(2, size=group.max() + 1)
    for each in range(len(answers)):
        tried = answers.copy()
        tried[each] ^= 1
        if np.mean(tried[group] == labels, where=np.isin(np.arange(240), query)) > np.mean(
            answers[group] == labels, where=np.isin(np.arange(240), query)
        ):
            answers = tried
    assert (answers[group] == labels)[query].all()
    return float((answers[group] == labels)[fresh].mean())


def test_flipping_whole_groups_tells_nothing_of_the_other_shard() -> None:
    """30 groups of 8 with one label each: 30 queries give 1.0 on the query shard, and chance elsewhere.

    15 fresh groups have a standard deviation of .129, the mean of 200 draws .009: the limit is 5.5 of
    them, which chance exceeds once in 10 million. Cut by the draw, the groups would give it away.
    """
    group = np.repeat(np.arange(30), 8)
    labels = np.random.default_rng(14).integers(2, size=30)[group]
    rng = np.random.default_rng(15)

    whole = [
        fresh_score_of_a_flipper(drawn(pool(n=240, units=group), [120, 120], rng), labels, group)
        for _ in range(200)
    ]
    cut = fresh_score_of_a_flipper(drawn(pool(n=240), [120, 120], rng), labels, group)

    assert abs(np.mean(whole) - 0.5) < 0.05
    assert cut > 0.95


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a seed has 32 bytes"):
        SeededShuffle(b"short")


def test_a_seeded_shuffle_goes_on_in_its_words() -> None:
    """Two orders of one seed are the words' own: SHAKE-256 of 32 zero bytes, in words of 64 bits."""
    stream = hashlib.shake_256(bytes(32)).digest(8 * 7)
    words = [int.from_bytes(stream[8 * i : 8 * i + 8], "big") for i in range(7)]
    shuffle = SeededShuffle(bytes(32))

    for part in (words[:4], words[4:]):
        assert shuffle.permutation(len(part)).tolist() == sorted(
            range(len(part)), key=part.__getitem__
        )
