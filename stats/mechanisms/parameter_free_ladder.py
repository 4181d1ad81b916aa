"""The parameter-free Ladder (docs/method.md, "Ladders"). Known to be climbable; for comparison.

A submission is accepted if it beats the value on display by more than one paired standard error of the
difference from the incumbent. That step shrinks with the number of predictions that a query changes: a
query that changes h of n has a step of about sqrt(h)/n. Who turns a few answers at a time and keeps what
is accepted therefore climbs: by .061 in 400 queries and .116 in 2,000 at n = 4,000. The guarded Ladder
adds the floor that closes this.

Rounds start from the frozen baseline; a state made without one is the paper's, which accepts any first
submission and so shows it.
"""

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
    check_positive,
    is_above,
    ladder_nats,
    level_of,
    unchanged,
)


class ParameterFreeLadder:
    """Answers steps of one paired standard error. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "parameter_free_ladder"
    needs_baseline = True
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        """Read `z`: the paired standard errors that count as a step; 1 in the paper."""
        parameters = check_parameters(given, {"z": 1.0})
        check_positive("z", parameters["z"], high=100)
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
        level = level_of(score=query.score, grid=step)
        if shown is not None:
            risen = state["level"] is None or level > state["level"]
            if not (risen and query.beats(shown + parameters["z"] * query.paired_se)):
                return unchanged(state, Outcome.NO_IMPROVEMENT)
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
        """Return the worth of one item: values are multiples of u/n."""
        return unit / n

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return ln sum_i C(k,i) C(n,i): any number of acceptances, each at least one item higher."""
        return ladder_nats(k=k, levels=n, most=n)
