"""The gate, and the planned effect."""

from typing import Any

import numpy as np
import pytest

from stats.inflation import gate, planning_effect


def test_gate_fires_on_a_broken_split_only() -> None:
    rng = np.random.default_rng(15)
    query, fresh = rng.random(2000), rng.random(4000)

    assert not gate(query_items=query, fresh_items=fresh).fired
    assert gate(query_items=query + 0.05, fresh_items=fresh).fired
    assert gate(query_items=query - 0.05, fresh_items=fresh).z < -2.576


def test_gate_without_any_spread() -> None:
    assert not gate(query_items=[1, 1], fresh_items=[1, 1]).fired
    broken = gate(query_items=[1, 1], fresh_items=[0, 0])
    assert broken.fired
    assert np.isfinite(broken.z)
    with pytest.raises(ValueError, match="query_items: at least two"):
        gate(query_items=[1], fresh_items=[1, 1])


def test_gate_takes_rounding_errors_for_no_difference() -> None:
    """4,000 times .1 has another rounded mean than 10,000 times .1: 107 standard errors apart."""
    found = gate(query_items=[0.1] * 4_000, fresh_items=[0.1] * 10_000)

    assert (found.z, found.fired) == (0, False)


@pytest.mark.parametrize("name", ["query_items", "fresh_items"])
def test_gate_does_not_pass_over_what_is_no_number(name: str) -> None:
    given = {"query_items": [0.0, 1.0], "fresh_items": [0.0, 1.0], name: [0.0, np.nan]}

    with pytest.raises(ValueError, match=f"{name}: at least two finite values"):
        gate(**given)


@pytest.mark.parametrize(
    ("d", "n", "m", "alpha", "effect"),
    [
        (0.05, 2000, 4000, 0.05, 0.0152),
        (0.10, 2000, 4000, 0.001, 0.0340),
        (0.10, 4000, 10_000, 0.001, 0.0233),
        (0.20, 4000, 10_000, 0.05, 0.0208),
    ],
)
def test_planning_effect(d: float, n: int, m: int, alpha: float, effect: float) -> None:
    """Figures of STATISTICS C11, power .8."""
    found = planning_effect(disagreement=d, n=n, m=m, alpha=alpha)

    assert found == pytest.approx(effect, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disagreement", -0.1),
        ("disagreement", 1.1),
        ("disagreement", np.nan),
        ("n", 0),
        ("m", np.nan),
        ("alpha", 0),
        ("power", 1),
    ],
)
def test_impossible_plans_are_refused(name: str, value: float) -> None:
    given: dict[str, Any] = {"disagreement": 0.1, "n": 100, "m": 100, name: value}

    with pytest.raises(ValueError, match=f"^{name} must be"):
        planning_effect(**given)
