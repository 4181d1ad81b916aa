"""Calibration: reference figures, identities, and the edges."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from sklearn.metrics import brier_score_loss

from stats.quality.calibration import (
    brier,
    calibration_error,
    classwise_error,
    debiased_squared_error,
    reliability,
    spiegelhalter,
    top_label_error,
)


def perfect(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    probabilities = rng.beta(2, 1, n)
    return (rng.random(n) < probabilities).astype(int), probabilities


@pytest.mark.parametrize(
    ("n", "bias", "reps"), [(500, 0.0514, 300), (1000, 0.0360, 200), (4000, 0.0182, 100)]
)
def test_plug_in_error_of_a_perfect_model(n: int, bias: float, reps: int) -> None:
    """Mean over repetitions, seed 211; a repetition's sd is about a quarter of the mean: 12 % are 5 se."""
    rng = np.random.default_rng(211)
    errors = []
    for _ in range(reps):
        labels, probabilities = perfect(rng, n)
        errors.append(calibration_error(labels=labels, probabilities=probabilities))

    assert np.mean(errors) == pytest.approx(bias, rel=0.12)


def test_debiased_error_of_a_perfect_and_of_a_wrong_model() -> None:
    """Mean 0 for a perfect model; the root mean square error .1178 of a shifted one is recovered.

    The reference shifts probabilities so that the error is .1178; here they are too high by .1178. 200
    repetitions, seed 212.
    """
    rng = np.random.default_rng(212)
    of_perfect, of_shifted = [], []
    for _ in range(200):
        labels, probabilities = perfect(rng, 500)
        of_perfect.append(debiased_squared_error(labels=labels, probabilities=probabilities))
        truth = rng.uniform(0.1, 0.8, 500)
        labels = rng.random(500) < truth
        of_shifted.append(debiased_squared_error(labels=labels, probabilities=truth + 0.1178))

    error = np.std(of_perfect) / np.sqrt(200)
    assert np.mean(of_perfect) == pytest.approx(0, abs=5 * error)
    assert np.sqrt(np.mean(of_shifted)) == pytest.approx(0.1178, abs=0.006)


def test_spiegelhalter_keeps_its_level_and_finds_a_shift() -> None:
    """600 perfect models, seed 213: sd .987 and .040 rejected in the reference; within 5 errors."""
    rng = np.random.default_rng(213)
    found = []
    for _ in range(600):
        labels, probabilities = perfect(rng, 500)
        found.append(spiegelhalter(labels=labels, probabilities=probabilities))

    z, p_values = np.array(found).T
    assert z.std() == pytest.approx(0.987, abs=0.15)
    assert np.mean(p_values <= 0.05) == pytest.approx(0.045, abs=0.045)
    labels, probabilities = perfect(rng, 2000)
    over = spiegelhalter(labels=labels, probabilities=np.minimum(probabilities + 0.2, 1))
    assert over[0] > 5
    assert spiegelhalter(labels=[0, 1], probabilities=[0.5, 1.0]) == (0.0, 1.0)


def test_what_was_impossible_and_happened_refutes_calibration() -> None:
    assert spiegelhalter(labels=[1, 0], probabilities=[0.0, 0.0]) == (np.inf, 0.0)


def test_few_expected_events_keep_every_level() -> None:
    """Six events among 3,000 items are expected, so that their number is Poisson(6): by its exact law.

    The normal tail would reject at .001 in .0026 of the draws.
    """
    n, chance = 3_000, 0.002
    probabilities = np.full(n, chance)

    def p_of(events: int) -> float:
        return spiegelhalter(labels=np.arange(n) < events, probabilities=probabilities)[1]

    p_values = np.array([p_of(events) for events in range(30)])
    law = sps.binom(n, chance).pmf(np.arange(30))
    for level in (0.05, 0.01, 0.001, 0.0001):
        assert law[p_values <= level].sum() <= level
    # It is a bound and not far off: twice the exact tail is .0002 for 16 events or more.
    assert 2 * sps.binom(n, chance).sf(15) < p_of(16) < 0.01
    assert p_of(29) < 1e-7


def test_a_bound_holds_where_probabilities_are_0_and_1() -> None:
    """Sure of almost all, right half the time: infinitely unlikely would be too much said."""
    probabilities = np.where(np.arange(400) < 200, 0.0, 1.0)
    probabilities[0] = 0.01
    z, p_value = spiegelhalter(labels=np.arange(400) % 2, probabilities=probabilities)

    assert z > 100
    assert 0 <= p_value < 1e-10


def test_brier_parts_of_bins_are_those_of_the_diagram() -> None:
    rng = np.random.default_rng(216)
    labels, probabilities = perfect(rng, 2_000)

    found = brier(labels=labels, probabilities=probabilities, n_bins=10)

    rows = reliability(labels=labels, probabilities=probabilities, rng=rng, n_bins=10, n_draws=2)
    share, rate = rows.n / 2_000, labels.mean()
    assert found.reliability == pytest.approx(np.sum(share * (rows.forecast - rows.observed) ** 2))
    assert found.resolution == pytest.approx(np.sum(share * (rows.observed - rate) ** 2))
    assert found.reliability < 0.01 < found.resolution < found.uncertainty
    exact = brier_score_loss(labels, probabilities)
    assert found.score == pytest.approx(exact, abs=0.005)


def test_brier_parts_sum_to_the_score() -> None:
    rng = np.random.default_rng(214)
    probabilities = rng.random(1000).round(2)
    labels = (rng.random(1000) < probabilities**2).astype(int)

    found = brier(labels=labels, probabilities=probabilities)

    assert found.score == pytest.approx(brier_score_loss(labels, probabilities), abs=1e-15)
    parts = found.reliability - found.resolution + found.uncertainty
    assert parts == pytest.approx(found.score, abs=1e-15)
    assert min(found.reliability, found.resolution, found.uncertainty) >= 0


def test_errors_by_hand() -> None:
    """Bins of width a half: .2 and .4 against 1 of 2, .8 against 0 of 1."""
    given: dict[str, Any] = {"labels": [0, 1, 0], "probabilities": [0.2, 0.4, 0.8], "n_bins": 2}

    assert calibration_error(**given) == pytest.approx(2 / 3 * 0.2 + 1 / 3 * 0.8)
    mass = calibration_error(**given, binning="mass")
    assert mass == pytest.approx(2 / 3 * 0.2 + 1 / 3 * 0.8)
    # Only the bin of two items can be debiased: (.5 - .3)^2 - .25/1, two thirds of the items.
    assert debiased_squared_error(**given) == pytest.approx(2 / 3 * (0.04 - 0.25))


def test_constant_probabilities_are_one_bin() -> None:
    labels = [0, 1, 1, 1]

    for binning in ("width", "mass"):
        found = calibration_error(labels=labels, probabilities=[0.5] * 4, binning=binning)
        assert found == pytest.approx(0.25)
    assert calibration_error(labels=labels, probabilities=[1.0] * 4) == pytest.approx(0.25)


def test_classes_one_by_one_and_the_top_one() -> None:
    labels = [0, 1, 2]
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2]]

    top = top_label_error(labels=labels, probabilities=probabilities, n_bins=1)
    assert top == pytest.approx(abs(2 / 3 - (0.7 + 0.8 + 0.6) / 3))
    found = classwise_error(labels=labels, probabilities=probabilities, n_bins=1)
    assert found == pytest.approx(np.abs(np.mean(probabilities, axis=0) - 1 / 3))


def test_diagram_of_a_perfect_model_stays_in_its_band() -> None:
    """15 bins at .95 each, seed 215: fewer than 10 inside has p < 1e-4."""
    rng = np.random.default_rng(215)
    labels, probabilities = perfect(rng, 3000)

    found = reliability(labels=labels, probabilities=probabilities, rng=rng, n_draws=300)

    assert len(found.n) == 15
    assert found.n.sum() == 3000
    inside = (found.observed >= found.band_low) & (found.observed <= found.band_high)
    assert inside.sum() >= 10
    assert ((found.low <= found.observed) & (found.observed <= found.high)).all()
    assert (np.diff(found.forecast) > 0).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": [], "probabilities": []}, "at least one"),
        ({"labels": [1], "probabilities": [0.5, 0.5]}, "one for each"),
        ({"labels": [2], "probabilities": [0.5]}, "labels"),
        ({"labels": [1], "probabilities": [1.5]}, "in .0, 1"),
        ({"labels": [1], "probabilities": [np.nan]}, "in .0, 1"),
        ({"labels": [1], "probabilities": [0.5], "n_bins": 0}, "n_bins"),
    ],
)
def test_impossible_forecasts_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        calibration_error(**given)


@pytest.mark.parametrize(
    ("labels", "said"), [([0], "row for each"), ([0, 3], "class codes"), ([0, -1], "class codes")]
)
def test_impossible_classes_are_refused(labels: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        top_label_error(labels=labels, probabilities=[[0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("call", "changed", "said"),
    [
        (calibration_error, {"binning": "equal"}, "binning"),
        (reliability, {"n_draws": 0, "rng": np.random.default_rng(1)}, "n_draws"),
        (top_label_error, {"probabilities": [[0.5, 0.5], [-0.5, 0.6]]}, "probabilities must be"),
        (top_label_error, {"labels": [0.7, 1], "probabilities": np.eye(2)}, "labels: class codes"),
        (classwise_error, {"labels": [np.nan, 1], "probabilities": np.eye(2)}, "labels: class"),
        (classwise_error, {"labels": [], "probabilities": np.empty((0, 2))}, "at least one"),
    ],
)
def test_what_is_no_forecast_is_refused(call: Any, changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"labels": [0, 1], "probabilities": [0.2, 0.8]}

    with pytest.raises(ValueError, match=said):
        call(**{**given, **changed})
