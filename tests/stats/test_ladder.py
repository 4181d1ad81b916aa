"""The fixed-step Ladder: its rule, the paper's form, its count of transcripts."""

import math

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS
from tests.stats.ladders import answers

LADDER = MECHANISMS["ladder"]


def test_only_more_than_a_step_above_the_display_is_answered() -> None:
    """n = 400, c = 1: steps of .05 from a baseline of .5."""
    given = answers("ladder", [0.55, 0.5501, 0.6, 0.65, 0.61], c=1.0)

    assert [answer.value for answer in given] == pytest.approx([None, 0.55, 0.55, 0.65, 0.65])
    assert [answer.outcome.value for answer in given] == [
        "no_improvement",
        "improved",
        "no_improvement",
        "improved",
        "no_improvement",
    ]


def test_without_a_baseline_the_first_submission_is_shown() -> None:
    """The paper's R_0 is infinitely bad."""
    given = answers("ladder", [0.31, 0.33], baseline=None, c=1.0)

    assert [answer.value for answer in given] == pytest.approx([0.3, 0.3])
    assert given[0].accepted


def test_transcripts_of_a_small_case_are_counted() -> None:
    """Step .25, so G = 4 levels: 3 queries have sum_i C(3,i) C(4,i) = 1 + 12 + 18 + 4 transcripts."""
    parameters = LADDER.parameters(c=0.25 * math.sqrt(100))

    assert LADDER.resolution(n=100, unit=1.0, parameters=parameters) == pytest.approx(0.25)
    nats = LADDER.nats(k=3, n=100, unit=1.0, parameters=parameters)
    assert nats == pytest.approx(np.log(35))


@pytest.mark.parametrize("c", [0, -1, True, "1", 1e9])
def test_impossible_steps_are_refused(c: object) -> None:
    with pytest.raises(ValueError, match="c must be"):
        LADDER.parameters(c=c)


def test_the_step_can_be_given_itself() -> None:
    parameters = LADDER.parameters(step=0.02)

    assert LADDER.parameters(**parameters) == parameters
    assert LADDER.resolution(n=4_000, unit=1.0, parameters=parameters) == 0.02
    given = answers("ladder", [0.519, 0.521], step=0.02)
    assert [answer.value for answer in given] == pytest.approx([None, 0.52])


def test_the_default_step_is_a_share_of_the_unit() -> None:
    parameters = LADDER.parameters()

    assert LADDER.resolution(n=10_000, unit=4.6, parameters=parameters) == pytest.approx(0.0575)


def test_step_and_share_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="c must be left out"):
        LADDER.parameters(c=1.0, step=0.02)
    with pytest.raises(ValueError, match="step must be"):
        LADDER.parameters(step=-0.02)


def test_paper_form_counts_the_same_transcripts() -> None:
    """G + 1 first levels, then rising ones: the non-decreasing rows of k levels, C(G + k, k)."""
    parameters = LADDER.parameters(step=0.25)
    nats = LADDER.nats(k=3, n=100, unit=1.0, parameters=parameters)
    levels = np.arange(5)
    rows = {(a, max(a, b), max(a, b, c)) for a in levels for b in levels for c in levels}

    assert np.exp(nats) == pytest.approx(len(rows))
