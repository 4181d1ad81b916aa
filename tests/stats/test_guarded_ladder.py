import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.mechanisms import MECHANISMS, Answer, Outcome, Parameters, Query

LADDER = MECHANISMS["guarded_ladder"]
N = 400  # a grid of .05
RNG = np.random.default_rng(0)


def climb(
    scores: list[float], *, baseline: float = 0.6, paired_se: float = 0.0, **given: Any
) -> list[Answer]:
    parameters = LADDER.parameters(**given)
    state = LADDER.initial_state(baseline=baseline, n=N, unit=1.0, parameters=parameters)
    answers = []
    for score in scores:
        state, answer = LADDER.respond(
            state=state,
            query=Query(score=score, paired_se=paired_se, n=N),
            parameters=parameters,
            rng=RNG,
        )
        answers.append(answer)
    return answers


def test_nothing_is_shown_before_the_baseline_is_beaten_by_a_step() -> None:
    below, at_the_step, above = climb([0.62, 0.65, 0.6525])

    assert below == at_the_step
    assert (below.value, below.outcome, below.accepted) == (None, Outcome.NO_IMPROVEMENT, False)
    assert above.value == pytest.approx(0.65)
    assert (above.outcome, above.accepted) == (Outcome.IMPROVED, True)


def test_steps_are_measured_from_the_raw_score_of_the_incumbent() -> None:
    """From the value on display, .65, a score of .71 would be a step; from .6975 it is none."""
    first, second, third = climb([0.6975, 0.71, 0.75])

    assert first.value == pytest.approx(0.65)
    assert second.outcome == Outcome.NO_IMPROVEMENT
    assert second.value == first.value
    assert third.outcome == Outcome.IMPROVED
    assert third.value == pytest.approx(0.75)


def test_an_uncertain_difference_needs_z_standard_errors() -> None:
    assert climb([0.66], paired_se=0.04)[0].outcome == Outcome.NO_IMPROVEMENT
    assert climb([0.69], paired_se=0.04)[0].outcome == Outcome.IMPROVED


def test_a_step_of_exactly_one_standard_error_is_a_tie_of_floats() -> None:
    """Labels 1,0,1,1,1,0; zeros score 2/6, one more right 3/6: one step at n = 36."""
    parameters = LADDER.parameters(z=1.0)
    state = LADDER.initial_state(baseline=2 / 6, n=36, unit=1.0, parameters=parameters)

    _, answer = LADDER.respond(
        state=state,
        query=Query(score=2 / 6 + 1 / 6, paired_se=1 / 6, n=36),
        parameters=parameters,
        rng=RNG,
    )

    assert not answer.accepted


def test_after_b_acceptances_the_value_stays() -> None:
    *_, last, capped = climb([0.7, 0.8, 0.9, 1.0], b=3)

    assert last.outcome == Outcome.IMPROVED
    assert capped == Answer(value=last.value, outcome=Outcome.CAP_USED, accepted=False)


def test_losses_come_negated_and_round_toward_worse() -> None:
    answer = climb([-0.52], baseline=-0.6)[0]

    assert answer.value == pytest.approx(-0.55)
    shown = LADDER.display_baseline(baseline=-0.6, n=N, unit=1.0, parameters=LADDER.parameters())
    assert shown == pytest.approx(-0.6)


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.3, 0.9), st.integers(1, 5))
def test_value_is_monotone_and_accepted_at_most_b_times(
    scores: list[float], baseline: float, b: int
) -> None:
    answers = climb(scores, baseline=baseline, b=b)
    shown = [answer.value for answer in answers if answer.value is not None]

    assert sum(answer.accepted for answer in answers) <= b
    assert shown == sorted(shown)
    assert all(value > baseline for value in shown)


@given(st.integers(0, 2**32 - 1))
def test_a_true_gain_over_two_grid_steps_reaches_the_board(seed: int) -> None:
    """Baseline and team disagree on 15 % of the items, 12.5 points of them in the team's favor.

    The expected gain of .11 exceeds two steps of .05; to be refused the difference of 400 items, of
    standard error .0184, must fall below max(.05, 2 se): 3.3 standard errors. The search replays a
    fixed set of 100 seeds (derandomized), so it cannot flicker.
    """
    rng = np.random.default_rng(seed % 100)
    difference = rng.choice([1, -1, 0], p=[0.13, 0.02, 0.85], size=N)
    answer = climb(
        [0.6 + float(difference.mean())],
        paired_se=float(difference.std(ddof=1) / math.sqrt(N)),
    )[0]

    assert answer.outcome == Outcome.IMPROVED


def all_transcripts(k: int, parameters: Parameters, n: int) -> set[tuple[Any, ...]]:
    """Every answer sequence that any k scores on n items can bring."""
    found = set()
    for counts in itertools.product(range(n + 1), repeat=k):
        state = LADDER.initial_state(baseline=0.0, n=n, unit=1.0, parameters=parameters)
        transcript = []
        for count in counts:
            query = Query(score=count / n, paired_se=0.0, n=n)
            state, answer = LADDER.respond(state=state, query=query, parameters=parameters, rng=RNG)
            transcript.append((answer.value, answer.outcome))
        found.add(tuple(transcript))
    return found


@pytest.mark.parametrize(("k", "n", "b"), [(3, 9, 2), (3, 16, 5), (4, 9, 1)])
def test_nats_bound_the_number_of_transcripts(k: int, n: int, b: int) -> None:
    parameters = LADDER.parameters(b=b)
    nats = LADDER.nats(k=k, n=n, unit=1.0, parameters=parameters)
    by_hand = sum(math.comb(k, i) * math.comb(math.isqrt(n), i) for i in range(b + 1))

    assert math.exp(nats) == pytest.approx(by_hand)
    assert 1 < len(all_transcripts(k, parameters, n)) <= by_hand


@pytest.mark.parametrize(
    "wrong", [{"z": 0}, {"z": "2"}, {"c": -1.0}, {"c": math.nan}, {"b": 0}, {"b": 2.0}, {"b": True}]
)
def test_parameters_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LADDER.parameters(**wrong)


@pytest.mark.parametrize("baseline", [None, math.nan])
def test_the_ladder_needs_a_baseline(baseline: float | None) -> None:
    with pytest.raises(ValueError, match="baseline"):
        LADDER.initial_state(baseline=baseline, n=N, unit=1.0, parameters=LADDER.parameters())
