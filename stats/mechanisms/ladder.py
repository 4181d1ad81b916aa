"""The Ladder with a fixed step (Blum and Hardt 2015; docs/method.md, "Ladders").

A submission is accepted if it beats the value on display by more than the step; then its score is shown,
rounded toward worse to a multiple of the step. All others see the old value again. Without a cap on the
acceptances every step of the score can be climbed, so its proven error needs large holdouts.

Rounds start from the frozen baseline; a state made without one is the paper's, which accepts any first
submission and so shows it.
"""

import math
from typing import Any

import numpy as np

from stats.mechanisms.contract import (
    TIE,
    Answer,
    Outcome,
    Parameters,
    Query,
    State,
    check_parameters,
    check_positive,
    is_above,
    ladder_nats,
    level_of,
    unchanged,
)

# A step of .02 at n = 4,000, which hardly any attack climbs.
DEFAULT_C = 1.25


class Ladder:
    """Answers steps of a fixed size. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "ladder"
    needs_baseline = True
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        """Read `c`, the step in multiples of u/sqrt(n), 1.25; or `step` itself, in the metric's units."""
        parameters = check_parameters(given, {"c": None, "step": None})
        if parameters["step"] is not None:
            if parameters["c"] is not None:
                raise ValueError("c must be left out where step is given")
            check_positive("step", parameters["step"], high=1e20)
            return parameters
        if parameters["c"] is None:
            parameters["c"] = DEFAULT_C
        check_positive("c", parameters["c"], high=100)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        step = self.resolution(n=n, unit=unit, parameters=parameters)
        if baseline is not None and not math.isfinite(baseline):
            raise ValueError(
                "baseline: the Ladder starts from a frozen baseline's score, or from none"
            )
        start = None if baseline is None else float(baseline)
        return {"shown": start, "level": None, "step": step}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        step, shown = state["step"], state["shown"]
        if shown is not None and query.score <= shown + step * (1 + TIE):
            return unchanged(state, Outcome.NO_IMPROVEMENT)
        level = level_of(score=query.score, grid=step)
        after = {"shown": level * step, "level": level, "step": step}
        return after, Answer(value=level * step, outcome=Outcome.IMPROVED, accepted=True)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["level"], other=kept["level"])
        return dict(absorbed if is_better else kept), is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        step = self.resolution(n=n, unit=unit, parameters=parameters)
        return level_of(score=baseline, grid=step) * step

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        if parameters["step"] is not None:
            return float(parameters["step"])
        return float(parameters["c"] * unit / math.sqrt(n))

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return ln sum_i C(k,i) C(G,i) over up to G = u/step acceptances."""
        levels = math.ceil(unit / self.resolution(n=n, unit=unit, parameters=parameters) - TIE)
        return ladder_nats(k=k, levels=levels, most=levels)
