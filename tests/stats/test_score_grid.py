"""Printed scores beside all that a number of right answers can be printed as."""

from typing import Any

import numpy as np
import pytest

from stats.score_grid import off_grid


@pytest.mark.parametrize(("whole", "decimals"), [(1.0, 3), (100.0, 1), (1.0, 6)])
def test_no_score_of_real_answers_is_off(whole: float, decimals: int) -> None:
    """Rounded or cut off, every one of 77 items."""
    exact = whole * np.arange(78) / 77
    unit = 10.0**-decimals
    for printed in (np.round(exact, decimals), np.floor(exact / unit) * unit):
        steps = np.full(78, unit)
        assert not off_grid(scores=printed, steps=steps, n_items=77, whole=whole).any()


def test_what_lies_between_two_items_is_off() -> None:
    """Of 50 items .73 is no share; with two digits nothing of 100 is off, with four .7350 is."""
    found = off_grid(scores=[0.72, 0.7300, 0.735], steps=[1e-4] * 3, n_items=50)

    assert found.tolist() == [False, True, True]
    assert not off_grid(scores=[0.73], steps=[0.01], n_items=50).any()
    assert off_grid(scores=[0.735], steps=[1e-4], n_items=100).tolist() == [True]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scores": [0.1], "steps": [0.1, 0.1], "n_items": 5}, "steps"),
        ({"scores": [[0.1]], "steps": [[0.1]], "n_items": 5}, "steps"),
        ({"scores": [np.nan], "steps": [0.1], "n_items": 5}, "scores"),
        ({"scores": [0.1], "steps": [0.1], "n_items": 0}, "n_items"),
    ],
)
def test_impossible_arguments_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        off_grid(**given)
