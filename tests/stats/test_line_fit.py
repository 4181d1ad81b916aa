"""The line of fresh on query accuracy, on 30 published models and by hand."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.line_fit import line_fit, slope_over_items
from tests.stats.published_models import published_models


@pytest.mark.parametrize(("version", "slope"), [("v4", 1.617), ("v6", 1.595)])
def test_published_models_lie_on_a_line_of_slope_above_one(version: str, slope: float) -> None:
    """Slope to the printed digits and to 1e-6 of an independent least squares."""
    models = published_models()
    x, y = models.original.mean(axis=0), getattr(models, version).mean(axis=0)

    found = line_fit(query_accuracy=x, fresh_accuracy=y, rng=np.random.default_rng(191))

    assert found.slope == pytest.approx(slope, abs=5e-4)
    expected = sps.linregress(x, y)
    assert found.slope == pytest.approx(expected.slope, abs=1e-6)
    assert found.intercept == pytest.approx(expected.intercept, abs=1e-6)
    assert found.correlation == pytest.approx(expected.rvalue, abs=1e-6)


def test_published_figures_of_the_fit() -> None:
    """r .994, intercept -65.5 points, bootstrap [1.53, 1.70], residual sd .88 points, probit slope .951.

    Seed 192: the interval's ends err by .005 at 2,000 draws.
    """
    models = published_models()
    x, y = models.original.mean(axis=0), models.v4.mean(axis=0)
    rng = np.random.default_rng(192)

    found = line_fit(query_accuracy=x, fresh_accuracy=y, rng=rng)
    probit = line_fit(query_accuracy=x, fresh_accuracy=y, rng=rng, scale="probit", n_draws=50)

    assert found.correlation == pytest.approx(0.994, abs=5e-4)
    assert 100 * found.intercept == pytest.approx(-65.5, abs=0.05)
    interval = found.slope_interval
    assert (interval.low, interval.high) == pytest.approx((1.53, 1.70), abs=0.02)
    assert 100 * found.residuals.std(ddof=1) == pytest.approx(0.88, abs=0.02)
    assert probit.slope == pytest.approx(0.951, abs=5e-4)


def test_slope_of_published_models_over_items() -> None:
    """Image bootstrap [1.49, 1.74] (v4). Seed 193: at 1,000 draws the ends err by .006."""
    models = published_models()

    found = slope_over_items(
        query_items=models.original,
        fresh_items=models.v4,
        rng=np.random.default_rng(193),
        n_draws=1_000,
    )

    assert (found.low, found.high) == pytest.approx((1.49, 1.74), abs=0.025)


@pytest.mark.parametrize("scale", ["linear", "probit"])
def test_slopes_over_items_are_those_of_resampled_items(scale: Any) -> None:
    """Poisson against index resampling, seed 194, 1,000 draws each: ends within .06 (4 se)."""
    rng = np.random.default_rng(194)
    skill = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    query, fresh = rng.random((800, 5)) < skill, rng.random((900, 5)) < skill - 0.1

    found = slope_over_items(
        query_items=query, fresh_items=fresh, rng=rng, scale=scale, n_draws=1_000
    )

    slopes = []
    for _ in range(1_000):
        means = [
            part[rng.integers(len(part), size=len(part))].mean(axis=0) for part in (query, fresh)
        ]
        x, y = [sps.norm.ppf(each) for each in means] if scale == "probit" else means
        slopes.append(sps.linregress(x, y).slope)
    assert (found.low, found.high) == pytest.approx(np.quantile(slopes, [0.025, 0.975]), abs=0.06)


def test_slopes_over_items_allow_for_models_without_a_mistake() -> None:
    """On the probit scale all right counts as all but half an item."""
    rng = np.random.default_rng(195)
    items = rng.random((40, 5)) < [0.5, 0.6, 0.7, 0.8, 1.0]

    found = slope_over_items(
        query_items=items, fresh_items=items, rng=rng, scale="probit", n_draws=50
    )

    assert np.isfinite([found.low, found.high]).all()


def test_a_model_below_the_line_stands_out() -> None:
    """Nine models on the line y = x - .1 and one that lost .05 more."""
    x = np.linspace(0.6, 0.9, 10)
    y = x - 0.1
    y[4] -= 0.05

    found = line_fit(query_accuracy=x, fresh_accuracy=y, rng=np.random.default_rng(1), n_draws=10)

    assert found.residuals[4] == pytest.approx(-0.05)
    assert np.argmin(found.residuals) == 4
    probit = line_fit(
        query_accuracy=x, fresh_accuracy=x, rng=np.random.default_rng(1), scale="probit", n_draws=9
    )
    assert probit.slope == pytest.approx(1)
    assert probit.residuals == pytest.approx(np.zeros(10), abs=1e-12)


def test_equal_fresh_accuracies_have_no_correlation() -> None:
    found = line_fit(
        query_accuracy=[0.6, 0.7, 0.8, 0.9],
        fresh_accuracy=[0.5] * 4,
        rng=np.random.default_rng(1),
        n_draws=50,
    )

    assert (found.slope, found.correlation) == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"query_accuracy": [0.1, 0.2, 0.3], "fresh_accuracy": [0.1, 0.2, 0.3]}, "at least four"),
        ({"query_accuracy": [0.1] * 4, "fresh_accuracy": [0.1] * 3}, "fresh_accuracy"),
        ({"query_accuracy": [0.1] * 3 + [0.2], "fresh_accuracy": [0.1] * 4}, "three different"),
        ({"query_accuracy": [0.1, 0.2, 0.3, 1.3], "fresh_accuracy": [0.1] * 4}, "in .0, 1"),
        (
            {
                "query_accuracy": [0.1, 0.2, 0.3, 1.0],
                "fresh_accuracy": [0.1] * 4,
                "scale": "probit",
            },
            "no 0 and no 1",
        ),
        ({"query_accuracy": [0.1], "fresh_accuracy": [0.1], "scale": "logit"}, "scale"),
        ({"query_accuracy": [0.1], "fresh_accuracy": [0.1], "n_draws": 0}, "n_draws"),
        ({"query_accuracy": [0.1], "fresh_accuracy": [0.1], "confidence_level": 1}, "confidence"),
    ],
)
def test_impossible_fits_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        line_fit(**given, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"query_items": [1, 0], "fresh_items": np.eye(4)}, "query_items"),
        ({"query_items": np.eye(4), "fresh_items": np.full((4, 4), np.nan)}, "fresh_items"),
        ({"query_items": np.eye(4), "fresh_items": np.eye(5)}, "as many models"),
        ({"query_items": np.eye(3), "fresh_items": np.eye(3)}, "as many models"),
        ({"query_items": np.ones((4, 4)), "fresh_items": np.eye(4)}, "no draw"),
    ],
)
def test_impossible_items_are_refused(
    given: dict[str, Any], said: str, rng: np.random.Generator
) -> None:
    with pytest.raises(ValueError, match=said):
        slope_over_items(**given, rng=rng, n_draws=20)
