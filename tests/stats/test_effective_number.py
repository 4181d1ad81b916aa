"""Groups that were drawn whole are worth as many independent items as the bound may divide by."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.effective_number import check_effective, effective_number
from stats.ledger import Account, guaranteed_error, permissible_queries, proven_error
from stats.mechanisms import MECHANISMS

EQUAL = np.full(100, 20)
# 2,000 items in 105 groups, of which five hold half: 19 independent ones, and not 105.
UNEQUAL = np.concatenate([np.full(5, 200), np.full(100, 10)])
N_HOLDOUTS = 20_000


@pytest.mark.parametrize(
    ("sizes", "number"),
    [([1] * 50, 50.0), (EQUAL, 100.0), (UNEQUAL, 2_000**2 / 210_000), ([7], 1.0)],
    ids=["single items", "equal", "unequal", "one group"],
)
def test_it_is_the_number_of_equal_groups_and_less_of_unequal_ones(
    sizes: Any, number: float
) -> None:
    assert effective_number(sizes=sizes) == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize("sizes", [[], [0, 1], [1.5], [[1]]], ids=str)
def test_impossible_sizes_are_refused(sizes: Any) -> None:
    with pytest.raises(ValueError, match="sizes"):
        effective_number(sizes=sizes)


def account(sizes: Any, *, name: str = "guarded_ladder", **parameters: Any) -> Account:
    mechanism = MECHANISMS[name]
    return Account(
        mechanism=mechanism,
        parameters=mechanism.parameters(**parameters),
        n=int(np.sum(sizes)),
        n_effective=effective_number(sizes=sizes),
        counts_items=True,
    )


def deviations(sizes: Any, *, share: float) -> np.ndarray[Any, Any]:
    """Of honest scores from their expectation: whole groups are right or wrong."""
    rng = np.random.default_rng(20)
    right = rng.random((N_HOLDOUTS, len(sizes))) < share
    found: np.ndarray[Any, Any] = np.abs(right @ sizes / np.sum(sizes) - share)
    return found


@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("share", [0.5, 0.7])
def test_the_bound_holds_where_groups_are_right_or_wrong_as_one(sizes: Any, share: float) -> None:
    """The proven error of one guarded query, and the narrower one of a file fixed beforehand.

    Of 20,000 holdouts at most .05 may be outside. The true share is below .02, so chance would fail this
    with a probability below 1e-100; by 2,000 independent items or by 105 groups it fails always.
    """
    given = account(sizes)
    off = deviations(sizes, share=share)

    bound = proven_error(account=given, nats=given.nats(k=1), k=1)
    assert bound is not None
    assert np.mean(off > bound) <= 0.05
    fixed = guaranteed_error(nats=0, k=1, n=given.n_independent)
    assert np.mean(off > fixed) <= 0.05
    assert np.mean(off > guaranteed_error(nats=0, k=1, n=2_000)) > 0.2


def test_the_number_of_unequal_groups_is_too_many() -> None:
    """What the test above would find with it: the same holdouts, and far more than .05 outside."""
    by_number = guaranteed_error(nats=0, k=1, n=len(UNEQUAL))

    assert np.mean(deviations(UNEQUAL, share=0.5) > by_number) > 0.15


def test_items_that_are_drawn_one_by_one_keep_their_bound() -> None:
    plain = Account(mechanism=MECHANISMS["exact"], parameters={}, n=4_000, counts_items=True)
    alone = account(np.ones(4_000, dtype=np.int64), name="exact")

    assert plain.n_independent == 4_000
    assert proven_error(account=plain, nats=9, k=1) == proven_error(account=alone, nats=9, k=1)


def test_where_group_sizes_are_not_known_nothing_is_proven() -> None:
    """All items could be one group."""
    unknown = Account(
        mechanism=MECHANISMS["blind"], parameters={}, n=10**9, n_effective=1.0, counts_items=True
    )

    assert proven_error(account=unknown, nats=0, k=1) is None
    assert permissible_queries(account=unknown, tau=0.99) == 0


@pytest.mark.parametrize("wrong", [0.5, 11.0, math.nan])
def test_more_than_all_items_or_less_than_one_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="n_effective must be from 1 to n, which is 10"):
        Account(mechanism=MECHANISMS["blind"], parameters={}, n=10, n_effective=wrong)
    with pytest.raises(ValueError, match="n_effective"):
        check_effective(n=10, n_effective=wrong)


def test_noise_hides_a_group_less_well_than_an_item() -> None:
    """One answer about 100 coin flips of 20 items each, with noise of sd 2/sqrt(2000).

    By numerical integration it tells .41 nats of the flips: more than 1/(2 c^2) = .125, which holds for
    independent items, and within what the account says now.
    """
    given = account(EQUAL, name="gaussian", c=2.0)
    sd = 2 / math.sqrt(2_000)
    scores = np.arange(101) / 100
    weights = sps.binom.pmf(np.arange(101), 100, 0.5)
    answers = np.linspace(-0.5, 1.5, 20_001)
    density = weights @ sps.norm.pdf(answers, loc=scores[:, None], scale=sd)
    entropy = -np.trapezoid(np.where(density > 0, density * np.log(density + 1e-300), 0), answers)
    told = entropy - 0.5 * math.log(2 * math.pi * math.e * sd**2)

    assert told == pytest.approx(0.41, abs=0.01)
    assert given.mechanism.nats(k=1, n=2_000, unit=1.0, parameters=given.parameters) < told
    assert told <= given.nats(k=1) == pytest.approx(20 * 0.125)


def test_transcripts_are_as_many_however_items_were_drawn() -> None:
    grouped = account(EQUAL)
    plain = Account(
        mechanism=grouped.mechanism, parameters=grouped.parameters, n=2_000, counts_items=True
    )

    assert grouped.nats(k=40) == plain.nats(k=40)
