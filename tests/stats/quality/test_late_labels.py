"""Late labels: two worlds with reference figures, the arrival curve, and the cases without a score."""

from typing import Any

import numpy as np
import pytest

from stats.quality.late_labels import arrival_curve, late_score


def world(rng: np.random.Generator, *, n: int, slower_when_wrong: float) -> dict[str, Any]:
    """Predictions over 60 days, one in ten wrong, delays exponential with a mean of 8 days."""
    errors = (rng.random(n) < 0.10).astype(float)
    delays = rng.exponential(8.0, n) * np.where(errors == 1, slower_when_wrong, 1.0)
    return {"ages": rng.uniform(0, 60, n), "delays": delays, "errors": errors}


def test_independent_delays_leave_every_estimate_right() -> None:
    """Reference: truth .1008; .1014, .1004, .1048. 40,000 items, seed 261: errors of .002, .01 is 5."""
    given = world(np.random.default_rng(261), n=40_000, slower_when_wrong=1.0)

    found = late_score(**given)

    assert found.reason == ""
    for estimate in (found.naive, found.mature, found.weighted):
        assert estimate == pytest.approx(0.10, abs=0.01)
    assert found.mature_age == pytest.approx(8 * np.log(20), rel=0.1)


def test_dependent_delays_bias_every_estimate_and_are_noticed() -> None:
    """Wrong predictions are labeled later; the naive rate is too low, and there is no score. Seed 262."""
    given = world(np.random.default_rng(262), n=40_000, slower_when_wrong=2.5)

    found = late_score(**given)

    assert found.naive is not None
    assert found.naive < 0.095
    assert (found.mature, found.weighted) == (None, None)
    assert found.dependence_p < 1e-6
    assert "depend on each other" in found.reason


def test_dependence_test_keeps_its_level() -> None:
    """300 independent worlds of 1,500 items, seed 263: Binomial(300, .01) exceeds 12 with p < 1e-4."""
    rng = np.random.default_rng(263)
    fired = sum(
        late_score(**world(rng, n=1_500, slower_when_wrong=1.0)).mature is None for _ in range(300)
    )

    assert fired <= 12


def test_losses_are_split_at_their_median() -> None:
    rng = np.random.default_rng(264)
    losses = rng.random(3000)

    found = late_score(
        ages=np.full(3000, 100.0), delays=rng.exponential(5, 3000) * (1 + 3 * losses), errors=losses
    )

    assert found.mature is None
    assert found.dependence_p < 1e-6


def test_arrival_curve_by_hand() -> None:
    """Delays 1, 2, 3 seen, one item of age 2 still waiting: 1/4, then 2/4, then all of what is left."""
    ages, share = arrival_curve(delays=[1, 2, 2, 3], arrived=[True, True, False, True])

    assert ages.tolist() == [1, 2, 3]
    assert share == pytest.approx([0.25, 0.5, 1.0])
    nothing = arrival_curve(delays=[1, 2], arrived=[False, False])
    assert [each.tolist() for each in nothing] == [[0.0], [0.0]]


def test_no_label_yet_is_no_score() -> None:
    found = late_score(ages=[1, 2], delays=[np.nan, 5], errors=[0, np.nan])

    assert (found.naive, found.mature, found.mature_age) == (None, None, np.inf)
    assert found.reason == "no label has arrived"


def test_young_items_are_no_score() -> None:
    """Half of the labels have arrived, and nobody knows how long the rest takes."""
    found = late_score(ages=[5] * 40, delays=[1.0] * 20 + [np.nan] * 20, errors=[0.0, 1.0] * 20)

    assert found.naive == 0.5
    assert found.mature is None
    assert "old enough" in found.reason


def test_equal_losses_or_delays_depend_on_nothing() -> None:
    for delays, errors in (([1.0, 2.0], [0, 0]), ([1.0, 1.0], [0, 1])):
        found = late_score(ages=[9, 9], delays=delays, errors=errors)
        assert found.dependence_p == 1
        assert found.mature == pytest.approx(np.mean(errors) if delays == [1.0, 1.0] else 0.0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ages": [1.0]}, "ages: as many"),
        ({"ages": [1.0, -1.0]}, "not negative"),
        ({"delays": [-1.0, 1.0]}, "delays of at least 0"),
        ({"errors": [np.nan, 1.0]}, "finite losses"),
        ({"quantile": 1.0}, "quantile"),
    ],
)
def test_impossible_arrivals_are_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"ages": [5.0, 5.0], "delays": [1.0, 1.0], "errors": [0.0, 1.0]}
    with pytest.raises(ValueError, match=said):
        late_score(**{**given, **changed})


@pytest.mark.parametrize(
    ("delays", "arrived", "said"),
    [
        ([1], [True, False], "arrived"),
        ([-1.0], [True], "negative"),
        ([1.0], [np.nan], "arrived: yes or no"),
        ([1.0], [0.5], "arrived: yes or no"),
    ],
)
def test_impossible_curves_are_refused(delays: Any, arrived: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arrival_curve(delays=delays, arrived=arrived)
