"""What is said of a label file before the draw is what draws, orders and simulations give."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stats.drawing import allocate, draw_shards, pool, strata_of
from stats.label_checks import (
    Runs,
    Trend,
    auc_of_place,
    chance_of_none,
    differ,
    expected_items,
    runs,
    trend,
)

ALPHA = 5e-4


def test_three_of_a_thousand_are_missing_in_three_draws_of_four() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    labels[[10, 500, 900]] = 1
    made = pool(n=1000)
    counts = allocate(pool=made, sizes=[100, 900])

    none = chance_of_none(pool=made, counts=counts, marked=labels == 1)

    # 900 over 3 of 1,000 over 3, and 100 over 3.
    assert none == pytest.approx([900 * 899 * 898 / (1000 * 999 * 998), 100 * 99 * 98 / 997002000])
    assert expected_items(pool=made, counts=counts, marked=labels == 1) == pytest.approx([0.3, 2.7])


def test_strata_bring_a_rare_class_into_every_shard() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    labels[:3] = 1
    made = pool(n=1000, strata=strata_of(labels=labels))
    counts = allocate(pool=made, sizes=[100, 900])

    assert chance_of_none(pool=made, counts=counts, marked=labels == 1).tolist() == [0.0, 0.0]
    assert expected_items(pool=made, counts=counts, marked=labels == 1).tolist() == [1.0, 2.0]


def test_chance_and_mean_are_those_of_draws_of_whole_groups() -> None:
    """4,000 draws: five standard errors are passed in fewer than 1 of 100,000 runs."""
    rng = np.random.default_rng(11)
    units = np.repeat(np.arange(30), rng.integers(1, 6, 30))
    labels = (rng.random(len(units)) < 0.08).astype(np.int64)
    made = pool(n=len(units), units=units, strata=strata_of(labels=labels, units=units))
    size = len(units) // 4
    counts = allocate(pool=made, sizes=[size, len(units) - size])
    reps = 4000

    drawn = np.array(
        [
            [labels[shard].sum() for shard in draw_shards(pool=made, counts=counts, rng=rng)]
            for _ in range(reps)
        ]
    )

    chance = chance_of_none(pool=made, counts=counts, marked=labels == 1)
    mean = expected_items(pool=made, counts=counts, marked=labels == 1)
    error = 5 / np.sqrt(reps)
    assert np.abs((drawn == 0).mean(axis=0) - chance).max() < error / 2
    assert (np.abs(drawn.mean(axis=0) - mean) <= error * drawn.std(axis=0) + 1e-12).all()


@pytest.mark.parametrize("marks", [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0]])
def test_the_number_of_runs_has_its_exact_distribution(marks: list[int]) -> None:
    orders = [np.array(order) for order in set(permutations(marks))]
    changes = np.array([np.count_nonzero(np.diff(order)) for order in orders])

    for order, n in zip(orders, changes, strict=True):
        smaller_tail = min((changes <= n).mean(), (changes >= n).mean())
        assert runs(marked=order).p_value == pytest.approx(min(1.0, 2 * smaller_tail))
        assert runs(marked=order).n_changes == n
    assert np.mean([runs(marked=order).alikeness for order in orders]) == pytest.approx(0.0)


def test_two_rare_items_side_by_side_are_no_alarm() -> None:
    """A normal approximation would take this for certain."""
    marked = np.zeros(1000, dtype=bool)
    marked[[400, 401, 700]] = True

    assert runs(marked=marked).alikeness > 0.3
    assert runs(marked=marked).p_value > 0.005


def test_orders_that_tell_labels_are_found() -> None:
    by_label = np.repeat([0, 1], [236, 164])
    alternating = np.arange(400) % 2

    assert auc_of_place(marked=by_label) == 1.0
    assert auc_of_place(marked=by_label[::-1]) == 0.0
    assert trend(values=by_label).p_value < 1e-12
    assert runs(marked=by_label).p_value < 1e-12
    assert trend(values=alternating).p_value > 0.5
    assert runs(marked=alternating).p_value < 1e-12
    assert runs(marked=alternating).alikeness == pytest.approx(-1, abs=0.01)
    assert trend(values=np.exp(np.arange(50.0)), places=np.arange(50)).correlation == pytest.approx(
        1
    )


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.003])
def test_false_alarms_are_as_rare_as_the_level_says(share: float) -> None:
    """At most 1 of 2,000 orders each; 4,000 orders with a fixed seed.

    With an exact level more alarms than are accepted come in fewer than 1 of 1,000 such tests.
    """
    rng = np.random.default_rng(5)
    n, reps = 300, 4000
    labels = np.arange(n) < max(2, round(share * n))
    found = []
    for _ in range(reps):
        order = rng.permutation(labels)
        found.append((trend(values=order).p_value, runs(marked=order).p_value))

    alarms = (np.array(found) < ALPHA).sum(axis=0)
    assert (alarms <= binom.ppf(1 - 1e-3, reps, ALPHA)).all()


def test_what_tells_nothing_is_no_alarm() -> None:
    silent = Trend(correlation=0.0, p_value=1.0)

    assert trend(values=[]) == trend(values=[3.0]) == trend(values=[2.0, 2.0]) == silent
    assert trend(values=[1.0, 2.0], places=[5.0, 5.0]) == silent
    assert runs(marked=[True, True]) == Runs(n_changes=0, alikeness=0.0, p_value=1.0)
    assert runs(marked=[]).p_value == 1.0
    assert auc_of_place(marked=[False]) == 0.5


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="places"):
        trend(values=[1.0, 2.0], places=[1.0])
    with pytest.raises(ValueError, match="values"):
        trend(values=[1.0, np.nan])


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_marks_and_their_opposites_say_the_same(marks: list[bool]) -> None:
    marked = np.array(marks)

    assert runs(marked=marked).p_value == pytest.approx(runs(marked=~marked).p_value)
    assert runs(marked=marked).alikeness == runs(marked=~marked).alikeness
    assert trend(values=marked).p_value == pytest.approx(trend(values=~marked).p_value)
    assert auc_of_place(marked=marked) == pytest.approx(1 - auc_of_place(marked=~marked))


def test_shards_that_differ_are_found_and_equal_ones_are_not() -> None:
    """The example of Kruskal and Wallis's test in ranks: H = 7.2, so p = exp(-3.6) with two degrees."""
    values = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    shards = [0, 0, 0, 1, 1, 1, 2, 2, 2]

    assert differ(values=values, shards=shards) == pytest.approx(np.exp(-3.6))
    assert differ(values=[1.0] * 9, shards=shards) == 1.0
    assert differ(values=values, shards=[0] * 9) == 1.0
    with pytest.raises(ValueError, match="one for each value"):
        differ(values=values, shards=[0])
    with pytest.raises(ValueError, match="finite"):
        differ(values=[np.nan, 1.0], shards=[0, 1])


def test_of_random_shards_few_are_found_to_differ() -> None:
    """Of 2,000 draws about 100 are below .05: more than 150 come in fewer than 1 of 10,000 runs (seed 7)."""
    rng = np.random.default_rng(7)
    found = [
        differ(values=rng.integers(2, size=60), shards=rng.permutation(np.repeat([0, 1, 2], 20)))
        for _ in range(2000)
    ]

    assert 50 < (np.array(found) < 0.05).sum() < 150
