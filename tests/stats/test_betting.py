"""P-values by betting: valid at every look, and settled as early as they can be."""

import numpy as np
import pytest

from stats.betting import MAX_EXCEEDANCES, Bet


def test_without_an_exceedance_it_rejects_after_ln_10_over_c_draws() -> None:
    """Level 1.25e-5, two files of each of 200 teams: about 205,000 draws, 1.6 million by counting to 20."""
    bet = Bet(level=1.25e-5)

    bet.add(exceeds=np.zeros(204_000, dtype=bool))
    assert not bet.is_settled
    bet.add(exceeds=np.zeros(1_000, dtype=bool))

    assert bet.is_settled
    assert 0.9 * bet.level < bet.p_value <= bet.level


def test_wealth_is_the_draws_as_long_as_none_exceeds() -> None:
    """At first the p-value is 1 / (t + 1), whatever the level."""
    bet = Bet(level=1e-9)

    bet.add(exceeds=np.zeros(99, dtype=bool))

    assert bet.p_value == pytest.approx(0.01)
    assert bet.p_estimate == pytest.approx(0.01)


def test_it_does_not_matter_in_which_portions_draws_come() -> None:
    exceeds = np.random.default_rng(3).random(5_000) < 0.002
    whole, parts = Bet(level=1e-3), Bet(level=1e-3)

    whole.add(exceeds=exceeds)
    for part in np.array_split(exceeds, 7):
        parts.add(exceeds=part)

    assert parts.p_value == whole.p_value
    assert (parts.n_draws, parts.n_exceeding) == (5_000, int(exceeds.sum()))


def test_many_exceedances_give_it_up() -> None:
    bet = Bet(level=1e-3)

    bet.add(exceeds=np.ones(MAX_EXCEEDANCES, dtype=bool))

    assert bet.is_settled
    assert bet.p_value == 1


def test_p_values_are_valid_where_one_stops_at_the_best_moment() -> None:
    """P(p <= a) <= a for a value among its own draws, with the largest wealth of 2,000 draws, at level .02.

    Seed 4, 20,000 runs: Binomial(20000, a) exceeds the limit with p < 1e-5. It must not be far below, either.
    """
    rng = np.random.default_rng(4)
    p_values = []
    for _ in range(20_000):
        bet = Bet(level=0.02)
        bet.add(exceeds=rng.random(2_000) >= rng.random())
        p_values.append(bet.p_value)

    for a, limit in ((0.05, 1137), (0.02, 489), (0.018, 446)):
        assert np.count_nonzero(np.array(p_values) <= a) <= limit
    assert np.count_nonzero(np.array(p_values) <= 0.02) >= 250


@pytest.mark.parametrize("level", [0, 1, np.nan])
def test_impossible_levels_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        Bet(level=level)
