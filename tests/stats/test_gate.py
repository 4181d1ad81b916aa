"""The gate fires on a broken split, and in one honest round of a hundred whatever people hand in."""

from typing import Any

import numpy as np
import pytest

from stats.draw import Draw, draw
from stats.gate import detectable, gate

SIMPLE: dict[str, Any] = {"n": 200, "m": 400}


def rounds_that_fire(models: Any, drawn: Draw, *, seed: int, rounds: int = 200) -> int:
    """Honest rounds: the models' items in random order are what the draw made."""
    rng = np.random.default_rng(seed)
    fired = 0
    for _ in range(rounds):
        units = rng.permutation(drawn.n_units)
        order = (
            np.argsort(units[drawn.unit_of_item], kind="stable")
            if drawn.unit_of_item is not None
            else units
        )
        fired += gate(items=models(rng)[order], draw=drawn, rng=rng).fired
    return fired


def test_a_broken_split_fires_it_both_ways() -> None:
    rng = np.random.default_rng(15)
    items, drawn = rng.random((6_000, 3)), draw(n=2_000, m=4_000)
    better = items + 0.05 * (np.arange(6_000) < 2_000)[:, None]

    assert not gate(items=items, draw=drawn, rng=rng).fired
    assert gate(items=better, draw=drawn, rng=rng).fired
    assert gate(items=-better, draw=drawn, rng=rng).z < -2.576
    assert gate(items=better, draw=drawn, rng=rng).difference == pytest.approx(0.05, abs=0.02)


def test_one_bad_file_hides_no_broken_split() -> None:
    """Its gross errors lie on both sides; unscaled, they would drown five models that all say .2."""
    rng = np.random.default_rng(16)
    items = rng.normal(size=(3_000, 6))
    items[:1_000, :5] += 0.2
    items[rng.choice(3_000, 40, replace=False), 5] -= 1e4

    assert gate(items=items, draw=draw(n=1_000, m=2_000), rng=rng).fired


def with_gross_errors(rng: np.random.Generator) -> Any:
    """Eight usual models, and one with seven gross errors, which seldom are all drawn as fresh."""
    items = rng.normal(size=(600, 9))
    items[rng.choice(600, 7, replace=False), 8] -= 1e6
    return items


def of_one_class(rng: np.random.Generator) -> Any:
    """A few models, and thirty accounts that answer a rare class everywhere."""
    right = rng.random((600, 4)) < 0.8
    rare = rng.random(600) < 0.01
    return np.column_stack([right, np.repeat(rare[:, None], 30, axis=1)])


@pytest.mark.parametrize("models", [with_gross_errors, of_one_class])
@pytest.mark.parametrize("sizes", [SIMPLE, {"n": 50, "m": 550}])
def test_odd_first_files_do_not_shut_it(models: Any, sizes: dict[str, int]) -> None:
    """Seeds 21; Binomial(200, .01) > 9 has p = 4e-5 a case. Taken for normal, up to .48 fired."""
    assert rounds_that_fire(models, draw(**sizes), seed=21) <= 9


@pytest.mark.parametrize(("n_query", "n_fresh"), [(5, 5), (5, 20), (8, 8)])
def test_few_groups_fire_it_as_seldom(n_query: int, n_fresh: int) -> None:
    """Seed 22, normal group means; Binomial(200, .01) > 9 has p = 4e-5 a case."""
    groups = np.repeat(np.arange(n_query + n_fresh), 4)
    drawn = draw(
        n=4 * n_query,
        m=4 * n_fresh,
        query_clusters=groups[: 4 * n_query],
        fresh_clusters=groups[4 * n_query :],
    )

    def models(rng: np.random.Generator) -> Any:
        return np.repeat(rng.normal(size=(n_query + n_fresh, 2)), 4, axis=0)

    assert rounds_that_fire(models, drawn, seed=22) <= 9


def test_models_without_spread_say_nothing() -> None:
    """On every processor, however it adds up equal values."""
    found = gate(items=np.full((600, 2), 0.1), draw=draw(**SIMPLE), rng=np.random.default_rng(1))

    assert (found.z, found.p_value, found.fired) == (0, 1, False)
    assert found.difference == pytest.approx(0, abs=1e-12)


def test_a_model_with_next_to_no_spread_says_what_it_says_in_larger_units() -> None:
    noise = np.random.default_rng(4).normal(size=(600, 2))
    small, large = (
        gate(items=items, draw=draw(**SIMPLE), rng=np.random.default_rng(1))
        for items in (0.125 + 2.0**-40 * noise, noise)
    )

    assert small.z == pytest.approx(large.z, rel=0.01)
    assert small.p_value == pytest.approx(large.p_value, abs=0.005)


def test_the_same_generator_gives_the_same_p_value() -> None:
    items = np.random.default_rng(2).random((600, 4))
    first, again = (
        gate(items=items, draw=draw(**SIMPLE), rng=np.random.default_rng(3)) for _ in range(2)
    )

    assert first == again


@pytest.mark.parametrize("items", [np.ones((599, 1)), np.ones((600, 0)), np.full((600, 1), np.nan)])
def test_refuses_what_is_no_model_of_the_items(items: Any) -> None:
    with pytest.raises(ValueError, match=r"^items: "):
        gate(items=items, draw=draw(**SIMPLE), rng=np.random.default_rng(1))


def test_what_it_finds_is_that_of_a_z_test_on_the_mean_over_the_models() -> None:
    rng = np.random.default_rng(28)
    items = rng.random((900, 3)) < 0.8
    means = items.mean(axis=1)
    error = np.sqrt(means[:300].var(ddof=1) / 300 + means[300:].var(ddof=1) / 600)

    found = detectable(items=items, draw=draw(n=300, m=600))

    assert found == pytest.approx((2.5758293 + 0.8416212) * error)
