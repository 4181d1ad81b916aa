"""Playing a row of scores to a mechanism, for the mechanisms' own tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stats.mechanisms import MECHANISMS, Answer, Query

N = 400


def answers(
    name: str,
    scores: Sequence[float],
    *,
    baseline: float | None = 0.5,
    paired_se: float = 0.01,
    reported: Sequence[float] | None = None,
    n: int = N,
    seed: int = 1,
    **parameters: Any,
) -> list[Answer]:
    mechanism = MECHANISMS[name]
    complete = mechanism.parameters(**parameters)
    state = mechanism.initial_state(baseline=baseline, n=n, unit=1.0, parameters=complete)
    given = []
    for position, score in enumerate(scores):
        state, answer = mechanism.respond(
            state=state,
            query=Query(
                score=score,
                paired_se=paired_se,
                n=n,
                reported=None if reported is None else reported[position],
            ),
            parameters=complete,
            rng=np.random.default_rng([seed, position]),
        )
        given.append(answer)
    return given
