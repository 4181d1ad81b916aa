"""Thresholdout: the own number back where holdout and report agree, else a noisy score."""

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS
from tests.stats.ladders import answers

THRESHOLDOUT = MECHANISMS["thresholdout"]


def test_a_report_that_agrees_comes_back_unchanged() -> None:
    """n = 400: threshold .2, noise .05; a difference of .01 passes it with probability 7e-5 a query."""
    reported = [0.6 + 0.001 * step for step in range(50)]
    given = answers("thresholdout", [each + 0.01 for each in reported], reported=reported)

    assert [answer.value for answer in given] == reported


def test_a_report_that_overfits_is_told_the_holdout_score_with_noise() -> None:
    """A difference of .5 is six noise standard deviations beyond the threshold."""
    given = answers("thresholdout", [0.5] * 2_000, reported=[1.0] * 2_000, answers=2_000, seed=72)
    values = np.array([float(answer.value or 0) for answer in given])

    assert values.mean() == pytest.approx(0.5, abs=6 * 0.05 / np.sqrt(2_000))
    assert values.std() == pytest.approx(0.05, rel=6 / np.sqrt(4_000))


def test_answers_from_the_holdout_are_capped() -> None:
    given = answers("thresholdout", [0.5] * 4, reported=[1.0] * 4, answers=2)

    assert [answer.outcome.value for answer in given] == ["scored"] * 2 + ["cap_used"] * 2
    assert given[3].value == max(answer.value or 0 for answer in given[:2])


def test_a_report_is_needed() -> None:
    with pytest.raises(ValueError, match="reported"):
        answers("thresholdout", [0.5])


def test_information_counts_comparisons_and_answers() -> None:
    parameters = THRESHOLDOUT.parameters(answers=10, c=1.0)

    assert THRESHOLDOUT.nats(k=100, n=400, unit=1.0, parameters=parameters) == pytest.approx(55)
    assert THRESHOLDOUT.nats(k=4, n=400, unit=1.0, parameters=parameters) == pytest.approx(4)


@pytest.mark.parametrize("wrong", [{"t": 0}, {"c": -1}, {"answers": 0}], ids=str)
def test_impossible_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        THRESHOLDOUT.parameters(**wrong)


def test_nothing_is_shown_of_a_baseline() -> None:
    parameters = THRESHOLDOUT.parameters()

    assert THRESHOLDOUT.display_baseline(baseline=0.7, n=9, unit=1, parameters=parameters) is None


def test_distortion_holds_the_threshold() -> None:
    """n = 400, t = 4, c = 1: .2 and .05 sqrt(2 ln(4 * 50 / .05))."""
    parameters = THRESHOLDOUT.parameters()
    bound = THRESHOLDOUT.distortion(k=50, n=400, unit=1.0, parameters=parameters, beta=0.05)

    assert bound == pytest.approx(0.2 + 0.05 * np.sqrt(2 * np.log(4_000)))
