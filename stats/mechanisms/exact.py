"""The exact score: how public leaderboards answer. For experiments and comparison, not for defense."""

import math
from typing import Any

import numpy as np

from stats.mechanisms.contract import (
    Answer,
    Outcome,
    Parameters,
    Query,
    State,
    check_parameters,
    is_above,
)


class Exact:
    """Answers with the score. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "exact"
    needs_baseline = False
    needs_reported = False
    noisy = False
    raw = True

    def parameters(self, **given: Any) -> Parameters:
        return check_parameters(given, {})

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        return {"best": None}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        accepted = state["best"] is None or query.beats(state["best"])
        after = {"best": query.score if accepted else state["best"]}
        return after, Answer(value=query.score, outcome=Outcome.SCORED, accepted=accepted)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["best"], other=kept["best"])
        return dict(absorbed if is_better else kept), is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        return baseline

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return 0.0

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return k ln(n+1): of a metric that counts items; others reveal up to every label at once."""
        return k * math.log(n + 1)
