"""Scores while labels arrive: plain where lateness has nothing to do with being right, weighted, or none."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.quality.awaited_labels import awaited_mean, lateness, worst_case

N = 400
# Two ways to add the same numbers differ in the last bit.
DUST = 1e-12


def arrived(rng: np.random.Generator, chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Delays of some days; each label has arrived with its chance."""
    delays = rng.exponential(5, size=len(chance))
    delays[rng.random(len(chance)) > chance] = np.nan
    return delays


def test_everything_or_nothing_needs_no_test() -> None:
    losses, strata = np.array([0.0, 1.0]), np.array([0, 1])

    complete = lateness(delays=[1.0, 9.0], losses=losses, strata=strata)
    nothing = lateness(delays=[np.nan, np.nan], losses=losses, strata=strata)

    assert (complete.reason, complete.is_weighted) == ("", False)
    assert nothing.reason == "no label has arrived"


def test_independent_lateness_is_seldom_found() -> None:
    """Each of two tests errs in 1 of 100: 20 of 400 are beyond what chance makes in 1 of 10,000 (seed 1)."""
    rng = np.random.default_rng(1)
    found = [
        lateness(
            delays=arrived(rng, np.full(N, 0.6)),
            losses=(rng.random(N) < 0.2).astype(float),
            strata=rng.integers(2, size=N),
        )
        for _ in range(400)
    ]

    assert sum(bool(each.reason) or each.is_weighted for each in found) < 20


def test_where_wrong_answers_come_late_there_is_no_score() -> None:
    rng = np.random.default_rng(2)
    n = 5 * N
    wrong = rng.random(n) < 0.3
    delays = np.where(wrong, rng.exponential(9, n), rng.exponential(3, n))
    delays[delays > 6] = np.nan

    found = lateness(delays=delays, losses=wrong.astype(float), strata=np.zeros(n, int))

    assert found.dependence_p < 0.01
    assert "depends on the error" in found.reason


def test_where_a_predicted_class_comes_late_it_weighs_more() -> None:
    """Of the ones a third has come, of the zeros nearly all; ones are wrong much more often (seed 3)."""
    rng = np.random.default_rng(3)
    values, naive = [], []
    for _ in range(200):
        strata = (rng.random(N) < 0.5).astype(int)
        losses = (rng.random(N) < np.where(strata == 1, 0.5, 0.1)).astype(float)
        delays = arrived(rng, np.where(strata == 1, 0.3, 0.9))
        found = lateness(delays=delays, losses=losses, strata=strata)
        assert found.is_weighted
        seen = np.where(np.isnan(delays), np.nan, losses)
        values.append(awaited_mean(losses=seen, strata=strata, is_weighted=True).value)
        naive.append(float(np.nanmean(seen)))

    # The truth is .3; a mean of 200 is known to .002.
    assert np.mean(values) == pytest.approx(0.3, abs=0.01)
    assert np.mean(naive) < 0.25


def test_a_weight_is_the_share_that_came() -> None:
    strata = np.array([0, 0, 1, 1, 1, 1])
    losses = np.array([1.0, np.nan, 0.0, 1.0, np.nan, np.nan])

    weights = np.where(strata == 0, 2 / 1, 4 / 2)[~np.isnan(losses)]
    expected = np.average(losses[~np.isnan(losses)], weights=weights)

    found = awaited_mean(losses=losses, strata=strata, is_weighted=True)
    plain = awaited_mean(losses=losses, strata=strata, is_weighted=False)
    assert found.value == pytest.approx(expected)
    assert plain.value == pytest.approx(2 / 3)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_interval_covers_at_every_look_together(is_weighted: bool) -> None:
    """At 5 looks of 300 streams at most 5 % may miss at any: more than 28 come by chance in 1 of 1,000.

    The truth is the mean of these items, at the last look exactly; seed 4.
    """
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(300):
        strata = (rng.random(N) < 0.5).astype(int)
        rates = np.where(strata == 1, 0.4, 0.1)
        losses = (rng.random(N) < rates).astype(float)
        truth = float(losses.mean())
        bad = False
        for n in (80, 160, 240, 320, 400):
            seen = np.where(np.arange(N) < n, losses, np.nan)
            found = awaited_mean(losses=seen, strata=strata, is_weighted=is_weighted)
            bad = bad or not found.low - DUST <= truth <= found.high + DUST
        missed += bad
        assert found.high - found.low <= DUST

    assert missed <= 28


def looks(rng: np.random.Generator, *, faster: float, n: int = 200) -> Iterator[Any]:
    """Five batches of labels of 200 items, of which .7 are right; right ones come so many times as fast.

    Yields the truth, the bounds, and the mean with its interval, or None where there is no score.
    """
    wrong, strata = rng.random(n) >= 0.7, rng.integers(2, size=n)
    delays = rng.exponential(np.where(wrong, 1.0, 1 / faster))
    order = np.argsort(delays)
    losses, strata, delays = wrong[order].astype(float), strata[order], delays[order]
    for n_labelled in range(n // 5, n + 1, n // 5):
        missing = np.arange(n) >= n_labelled
        seen = np.where(missing, np.nan, losses)
        late = lateness(delays=np.where(missing, np.nan, delays), losses=seen, strata=strata)
        sure = worst_case(mean=float(np.nanmean(seen)), n_labelled=n_labelled, n_items=n)
        found = None
        if not late.reason:
            found = awaited_mean(losses=seen, strata=strata, is_weighted=late.is_weighted)
        yield losses.mean(), sure, found


@pytest.mark.parametrize(("faster", "missed"), [(1, 0), (2, 8), (4, 90)])
def test_bounds_hold_whatever_the_delays_are_and_intervals_do_not(
    faster: float, missed: int
) -> None:
    """100 plays, seed 23: the figures of docs/method.md. Bounds are exact, so each of 500 must hold."""
    rng = np.random.default_rng(23)
    plays = [list(looks(rng, faster=faster)) for _ in range(100)]

    for truth, sure, found in itertools.chain(*plays):
        assert sure.low - DUST <= truth <= sure.high + DUST
        assert found is None or sure.low - DUST <= found.low <= found.high <= sure.high + DUST
    bad = [
        any(
            found is not None and not found.low - DUST <= truth <= found.high + DUST
            for truth, _, found in play
        )
        for play in plays
    ]
    assert sum(bad) == missed


def test_bounds_are_all_wrong_and_all_right() -> None:
    """As plain arithmetic has it, of every way to fill what is missing; and no narrower."""
    labelled = np.array([1.0, 0.0, 1.0])
    means = [np.mean([*labelled, *rest]) for rest in itertools.product((0.0, 1.0), repeat=4)]

    found = worst_case(mean=float(labelled.mean()), n_labelled=3, n_items=7)

    assert (found.low, found.high) == pytest.approx((min(means), max(means)))
    costs = worst_case(mean=20.0, n_labelled=3, n_items=4, low=10.0, high=50.0)
    assert (costs.low, costs.high) == pytest.approx((17.5, 27.5))
    whole = worst_case(mean=0.3, n_labelled=7, n_items=7)
    assert (whole.low, whole.high) == (0.3, 0.3)


def test_bounds_of_a_weighted_mean_hold_whatever_came_of_each_stratum() -> None:
    """Against 2,000 holdouts of a few strata, seed 5, of which the missing are all wrong or all right."""
    rng = np.random.default_rng(5)
    for _ in range(2_000):
        n = int(rng.integers(4, 30))
        strata, missing = rng.integers(3, size=n), rng.random(n) < rng.random()
        missing[np.unique(strata, return_index=True)[1]] = False
        losses = (rng.random(n) < 0.5).astype(float)
        seen = np.where(missing, np.nan, losses)
        value = awaited_mean(losses=seen, strata=strata, is_weighted=True).value

        found = worst_case(
            mean=min(value, 1.0), n_labelled=int((~missing).sum()), n_items=n, is_weighted=True
        )

        for rest in (0.0, 1.0):
            truth = np.where(missing, rest, losses).mean()
            assert found.low - DUST <= truth <= found.high + DUST


@pytest.mark.parametrize(
    "given",
    [
        {"n_labelled": 0},
        {"n_labelled": 11},
        {"mean": 1.5},
        {"mean": np.nan},
        {"low": 0.9},
        {"high": np.inf},
        {"low": 0.5, "high": 0.5},
    ],
)
def test_impossible_bounds_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"n_labelled"):
        worst_case(**{"mean": 0.5, "n_labelled": 5, "n_items": 10, **given})  # type: ignore[arg-type]


def test_a_kind_of_prediction_without_a_label_has_no_weight() -> None:
    strata = np.repeat([0, 1], 100)
    delays = np.where(strata == 0, np.linspace(1, 2, 200), np.nan)

    found = lateness(delays=delays, losses=np.zeros(200), strata=strata)

    assert found.is_weighted
    assert "of one kind no label" in found.reason
    with pytest.raises(ValueError, match="each stratum"):
        awaited_mean(losses=np.where(strata == 0, 0.0, np.nan), strata=strata, is_weighted=True)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"delays": []}, "at least one"),
        ({"delays": [1.0]}, "as many as"),
        ({"alpha": 0.0}, "alpha"),
        ({"delays": [-1.0, np.nan]}, "not negative"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, object], reason: str) -> None:
    plain = {"delays": [1.0, np.nan], "losses": [0.0, 0.0], "strata": [0, 0]}
    with pytest.raises(ValueError, match=reason):
        lateness(**{**plain, **given})  # type: ignore[arg-type]


def test_as_many_losses_as_strata_are_needed() -> None:
    for losses, strata in (([0.0], [0, 1]), ([], [])):
        with pytest.raises(ValueError, match="as many as strata are needed"):
            awaited_mean(losses=losses, strata=strata, is_weighted=False)
