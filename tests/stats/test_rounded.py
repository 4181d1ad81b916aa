import math
from typing import Any

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS, Query

ROUNDED = MECHANISMS["rounded"]


@pytest.mark.parametrize(
    ("score", "digits", "value"),
    [(0.789, 2, 0.78), (0.79, 2, 0.79), (0.29, 2, 0.29), (-0.123, 2, -0.13), (0.9, 0, 0.0)],
)
def test_rounded_rounds_toward_worse(
    score: float, digits: int, value: float, rng: np.random.Generator
) -> None:
    parameters = ROUNDED.parameters(digits=digits)
    state = ROUNDED.initial_state(baseline=None, n=10, unit=1.0, parameters=parameters)

    _, answer = ROUNDED.respond(
        state=state,
        query=Query(score=score, paired_se=0.0, n=10),
        parameters=parameters,
        rng=rng,
    )

    assert answer.value == value
    assert ROUNDED.display_baseline(baseline=score, n=10, unit=1.0, parameters=parameters) == value


def test_rounded_accepts_only_what_looks_better(rng: np.random.Generator) -> None:
    parameters = ROUNDED.parameters()
    state = ROUNDED.initial_state(baseline=None, n=1000, unit=1.0, parameters=parameters)
    accepted = []

    for score in (0.701, 0.709, 0.711):
        state, answer = ROUNDED.respond(
            state=state,
            query=Query(score=score, paired_se=0.0, n=1000),
            parameters=parameters,
            rng=rng,
        )
        accepted.append(answer.accepted)

    assert accepted == [True, False, True]


def test_rounded_nats_count_the_grid() -> None:
    parameters = ROUNDED.parameters(digits=2)
    assert ROUNDED.nats(k=4, n=50, unit=1.0, parameters=parameters) == pytest.approx(
        4 * math.log(101)
    )


@pytest.mark.parametrize("digits", [-1, 7, 1.5, True, "2"])
def test_rounded_refuses_digits_out_of_range(digits: Any) -> None:
    with pytest.raises(ValueError, match="digits"):
        ROUNDED.parameters(digits=digits)
