"""One bit: yes or no against the own best, a margin, and a cap."""

import math

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS
from tests.stats.ladders import answers

ONE_BIT = MECHANISMS["one_bit"]


def test_says_whether_the_best_is_beaten_by_the_margin() -> None:
    """n = 400, c = 1: a margin of .05 over the raw score of the best, at first the baseline's .5."""
    given = answers("one_bit", [0.55, 0.56, 0.61, 0.62, 0.9], b=2)

    assert [answer.outcome.value for answer in given] == [
        "no_improvement",
        "improved",
        "no_improvement",
        "improved",
        "cap_used",
    ]
    assert {answer.value for answer in given} == {None}


def test_margin_zero_is_any_improvement() -> None:
    given = answers("one_bit", [0.5, 0.5025], c=0)

    assert [answer.accepted for answer in given] == [False, True]


def test_dust_of_many_items_is_no_improvement() -> None:
    """A sum of ten million items errs by more than a share of one of them."""
    dusty = 0.5 + 5e-16
    assert dusty > 0.5

    given = answers("one_bit", [dusty, 0.5 + 2e-7], c=0, n=10_000_000)

    assert [answer.accepted for answer in given] == [False, True]


def test_transcripts_are_counted() -> None:
    parameters = ONE_BIT.parameters(b=2)
    nats = ONE_BIT.nats(k=5, n=400, unit=1.0, parameters=parameters)

    assert nats == pytest.approx(math.log(1 + 5 + 10))
    many = ONE_BIT.parameters(b=100)
    assert ONE_BIT.nats(k=5, n=400, unit=1.0, parameters=many) == pytest.approx(5 * np.log(2))


def test_nothing_is_shown_of_a_baseline() -> None:
    parameters = ONE_BIT.parameters()

    assert ONE_BIT.display_baseline(baseline=0.7, n=9, unit=1.0, parameters=parameters) is None
    with pytest.raises(ValueError, match="baseline"):
        ONE_BIT.initial_state(baseline=None, n=9, unit=1.0, parameters=parameters)


@pytest.mark.parametrize(
    "wrong", [{"c": -1}, {"c": True}, {"c": math.nan}, {"b": 0}, {"b": 1.5}], ids=str
)
def test_impossible_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ONE_BIT.parameters(**wrong)
