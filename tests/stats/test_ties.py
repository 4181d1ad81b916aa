"""Ties: what float dust may not decide, and what it may not hide."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.ties import RELATIVE_TOLERANCE, shared_ranks, shown, tolerance

UNIT = 1.0


def test_errors_of_equal_size_share_a_rank() -> None:
    """All labels .3, 20 items: predictions of .4 and of .2 are off by .1 each."""
    labels = np.full(20, 0.3)
    errors = [float(np.abs(labels - value).mean()) for value in (0.4, 0.2)]
    assert errors[0] != errors[1]  # by dust: that is what must not decide

    hair = tolerance(unit=UNIT, values=errors)

    assert shared_ranks(values=errors, greater_is_better=False, tolerance=hair) == [1, 1]
    assert [shown(value=each, unit=UNIT) for each in errors] == [0.1, 0.1]


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_next_rank_counts_all_before_it(greater_is_better: bool) -> None:
    values = [0.5, 0.75, 0.75, 1.0, 0.25]
    oriented = values if greater_is_better else [-each for each in values]

    assert shared_ranks(values=oriented, greater_is_better=greater_is_better, tolerance=1e-9) == [
        *(4, 2, 2),
        *(1, 5),
    ]


def test_chain_of_small_steps_is_no_tie_of_its_ends() -> None:
    values = [1.0, 1.0 - 0.8e-9, 1.0 - 1.6e-9, 1.0 - 2.4e-9]

    # The second is equal to the first; the third is not, and begins a group of its own.
    assert shared_ranks(values=values, greater_is_better=True, tolerance=1e-9) == [1, 1, 3, 3]
    for order in itertools.permutations(range(4)):
        ranks = shared_ranks(
            values=[values[i] for i in order], greater_is_better=True, tolerance=1e-9
        )
        assert [ranks[order.index(i)] for i in range(4)] == [1, 1, 3, 3]


@given(st.lists(st.integers(0, 20), max_size=12), st.booleans(), st.randoms())
def test_dust_changes_no_rank(
    counts: list[int], greater_is_better: bool, chance: np.random.Generator
) -> None:
    """Of counts, ranks are those of the definition, whatever happens to the last bits."""
    n = 20
    dusty = [count / n + chance.choice([-1, 0, 1]) * 1e-15 for count in counts]
    sign = 1 if greater_is_better else -1
    expected = [1 + sum(sign * other > sign * count for other in counts) for count in counts]

    ranks = shared_ranks(
        values=dusty,
        greater_is_better=greater_is_better,
        tolerance=tolerance(unit=UNIT, values=dusty),
    )

    assert ranks == expected
    assert [shown(value=each, unit=UNIT) for each in dusty] == [count / n for count in counts]


def test_nothing_has_no_ranks() -> None:
    assert shared_ranks(values=[], greater_is_better=True, tolerance=0.0) == []


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        (1.0, [], RELATIVE_TOLERANCE),
        (1.0, [0.5], RELATIVE_TOLERANCE),
        (0.01, [0.005], 0.01 * RELATIVE_TOLERANCE),
        (5000.0, [4000.0, 30.0], 4000 * RELATIVE_TOLERANCE),
        (5000.0, [9000.0], 5000 * RELATIVE_TOLERANCE),
        (1e12, [0.4, 0.5], RELATIVE_TOLERANCE),  # a cap that stands for none
    ],
)
def test_tolerance_is_a_share_of_the_unit_or_of_what_is_scored(
    unit: float, values: list[float], expected: float
) -> None:
    assert tolerance(unit=unit, values=values) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.1 + 0.2, 1.0, 0.3),
        (1 / 3, 1.0, 0.333333333),
        (-1e-17, 1.0, 0.0),
        (0.4, 1e30, 0.4),
        (-123.4567891234, 1.0, -123.456789123),
        (1234.56789012345, 1e4, 1234.567890),
        (0.00012345678912345, 0.001, 0.000123456789),
    ],
)
def test_as_many_digits_are_shown_as_decide(value: float, unit: float, expected: float) -> None:
    found = shown(value=value, unit=unit)

    assert found == expected
    assert math.copysign(1, found) == math.copysign(1, expected)


@given(st.floats(-1e6, 1e6), st.sampled_from([1e-6, 0.5, 1.0, 4.6, 1e3, 1e30]))
def test_showing_moves_a_value_by_less_than_what_decides(value: float, unit: float) -> None:
    hair = tolerance(unit=unit, values=[value])

    assert abs(shown(value=value, unit=unit) - value) <= hair / 2 + 1e-15 * abs(value)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (tolerance, {"unit": 0.0, "values": []}, "unit"),
        (tolerance, {"unit": math.nan, "values": []}, "unit"),
        (tolerance, {"unit": 1.0, "values": [math.inf]}, "values"),
        (shown, {"value": math.nan, "unit": 1.0}, "value"),
        (
            shared_ranks,
            {"values": [1.0], "greater_is_better": True, "tolerance": -1.0},
            "tolerance",
        ),
        (shared_ranks, {"values": [math.nan], "greater_is_better": True, "tolerance": 0}, "values"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    function: object, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(**arguments)  # type: ignore[operator]
