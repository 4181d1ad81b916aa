import math

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS, Outcome, Query

EXACT = MECHANISMS["exact"]


def test_exact_releases_the_score_and_accepts_strict_bests(rng: np.random.Generator) -> None:
    state = EXACT.initial_state(baseline=None, n=10, unit=1.0, parameters={})
    accepted = []

    for score in (0.5, 0.4, 0.5, 0.6):
        query = Query(score=score, paired_se=0.0, n=10)
        state, answer = EXACT.respond(state=state, query=query, parameters={}, rng=rng)
        assert (answer.value, answer.outcome) == (score, Outcome.SCORED)
        accepted.append(answer.accepted)

    assert accepted == [True, False, False, True]


def test_dust_is_no_improvement(rng: np.random.Generator) -> None:
    """Errors of .4 against .3 and of .2 against .3 are equal: the first stays the incumbent."""
    labels = np.full(20, 0.3)
    scores = [-float(np.abs(labels - value).mean()) for value in (0.4, 0.2)]
    assert scores[1] > scores[0]  # by dust
    state = EXACT.initial_state(baseline=None, n=20, unit=1.0, parameters={})
    accepted = []

    for score in (*scores, scores[0] + 1e-3):
        query = Query(score=score, paired_se=0.0, n=20, unit=1.0)
        state, answer = EXACT.respond(state=state, query=query, parameters={}, rng=rng)
        assert answer.value == score
        accepted.append(answer.accepted)

    assert accepted == [True, False, True]


def test_exact_shows_baselines_as_they_are() -> None:
    assert EXACT.display_baseline(baseline=0.123, n=10, unit=1.0, parameters={}) == 0.123
    assert EXACT.resolution(n=10, unit=1.0, parameters={}) == 0


def test_exact_nats_count_the_values_of_a_count() -> None:
    assert EXACT.nats(k=3, n=9, unit=1.0, parameters={}) == pytest.approx(3 * math.log(10))
