"""Bad arguments are refused by name: nobody gets a wrong number for one that is no number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stats import arguments
from stats.metrics import Rules, Scorer
from stats.quality.calibration import reliability
from stats.quality.decisions import threshold_sweep
from stats.quality.latency import percentile
from stats.quality.slices import consistency, slice_scores

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.5, 2.0, NAN, INF])
def test_fractions_lie_between_0_and_1(wrong: float) -> None:
    arguments.check_fractions(alpha=1e-9, power=0.999)
    with pytest.raises(ValueError, match=r"^power must be in \(0, 1\)$"):
        arguments.check_fractions(alpha=0.05, power=wrong)


@pytest.mark.parametrize("wrong", [0, -1, NAN])
def test_counts_begin_with_1(wrong: float) -> None:
    arguments.check_counts(n=1, m=2)
    with pytest.raises(ValueError, match=r"^m must be at least 1$"):
        arguments.check_counts(n=1, m=wrong)


@pytest.mark.parametrize("wrong", [NAN, INF, [0.0, -INF], [[1.0], [NAN]]])
def test_values_are_finite(wrong: Any) -> None:
    arguments.check_finite(scores=[[1, 2]], others=[], mean=-1e300)
    with pytest.raises(ValueError, match=r"^others: every value must be finite$"):
        arguments.check_finite(scores=[1.0], others=wrong)


@pytest.mark.parametrize("wrong", [-1e-9, NAN, INF])
def test_not_negative(wrong: float) -> None:
    arguments.check_not_negative(se=0.0)
    with pytest.raises(ValueError, match=r"^se"):
        arguments.check_not_negative(se=wrong)


@pytest.mark.parametrize("wrong", [[0, 2], [0.5], [NAN], [-1, 1]])
def test_outcomes_are_0_and_1(wrong: Any) -> None:
    assert arguments.outcomes("right", [1.0, 0.0]).tolist() == [True, False]
    assert arguments.outcomes("right", np.array([[True]])).tolist() == [[True]]
    with pytest.raises(ValueError, match=r"^right: 0 and 1 are needed$"):
        arguments.outcomes("right", wrong)


FORECASTS = {"labels": [0, 1, 1, 0], "probabilities": [0.1, 0.9, 0.6, 0.4]}
COSTS = {"cost_false_positive": 1.0, "cost_false_negative": 2.0}
SLICED = {"item_scores": [1.0, 0.0, 1.0, 1.0], "slices": ["a", "a", "b", "b"]}
CLASSES = {
    "labels": np.array([0, 1, 2]),
    "predictions": np.array([0, 1, 1]),
}
PROBABILITIES = {**CLASSES, "predictions": np.full((3, 3), 1 / 3)}
VALUES = {
    "labels": np.array([0.0, 1.0]),
    "predictions": np.array([0.5, 0.5]),
}
OF_CLASSES = Scorer(metric="accuracy", n_classes=3)
OF_VALUES = Scorer(metric="mae", loss_cap=1.0)


@pytest.mark.parametrize(
    ("call", "given", "wrong"),
    [
        (reliability, {**FORECASTS, "rng": 1}, {"n_draws": 0}),
        (reliability, {**FORECASTS, "rng": 1}, {"n_bins": 0}),
        (threshold_sweep, {**FORECASTS, **COSTS, "rng": 1}, {"n_draws": 0}),
        (threshold_sweep, {**FORECASTS, **COSTS, "rng": 1}, {"confidence_level": -0.5}),
        (percentile, {"times": [1.0, 2.0], "share": 0.5}, {"share": NAN}),
        (percentile, {"times": [1.0, 2.0], "share": 0.5}, {"confidence_level": 1.0}),
        (consistency, {"clean": [1, 0], "perturbed": [1, 1]}, {"perturbed": [1, NAN]}),
        (slice_scores, {**SLICED, "min_items": 2, "rng": 1}, {"n_draws": 0}),
        (slice_scores, {**SLICED, "min_items": 2, "rng": 1}, {"shrinkage": INF}),
        (slice_scores, {**SLICED, "min_items": 2, "rng": 1}, {"min_items": 1}),
        (OF_CLASSES.score, CLASSES, {"labels": np.array([0, 1, 3])}),
        (OF_CLASSES.score, CLASSES, {"labels": np.array([0, 1, NAN])}),
        (OF_CLASSES.score, CLASSES, {"labels": np.array([[0], [1], [2]])}),
        (OF_CLASSES.score, CLASSES, {"predictions": np.array([0, 1, -1])}),
        (OF_CLASSES.score, CLASSES, {"predictions": np.array([[0], [1], [2]])}),
        (OF_CLASSES.score, PROBABILITIES, {"predictions": np.full((3, 2), 0.5)}),
        (OF_CLASSES.score, PROBABILITIES, {"predictions": np.full((3, 3), NAN)}),
        (OF_VALUES.score, VALUES, {"predictions": np.array([0.5, NAN])}),
        (OF_VALUES.score, VALUES, {"predictions": np.array([[0.5], [0.5]])}),
        (OF_CLASSES.interval, CLASSES, {"confidence_level": NAN}),
    ],
)
def test_bad_arguments_are_named(
    call: Callable[..., Any], given: dict[str, Any], wrong: dict[str, Any]
) -> None:
    (name,) = wrong
    if "rng" in given:
        given = {**given, "rng": np.random.default_rng(1)}
    call(**given)
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call(**{**given, **wrong})


def test_codes_of_other_types_are_codes() -> None:
    """As long as no cast changes them."""
    found = Rules(n_classes=2).evaluation(
        labels=np.array([0.0, 1.0]), predictions=np.array([True, False])
    )

    assert found.labels.dtype == np.int64
    assert found.codes.tolist() == [1, 0]
