"""The score with a fixed number of digits. Rounding hardly hinders an attack (docs/attacks.md)."""

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
    check_whole,
    is_above,
    level_of,
)


class Rounded:
    """Answers with a fixed number of digits. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "rounded"
    needs_baseline = False
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        parameters = check_parameters(given, {"digits": 2})
        check_whole("digits", parameters["digits"], low=0, high=6)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        return {"best": None}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        value = self._rounded(query.score, parameters)
        accepted = state["best"] is None or value > state["best"]
        after = {"best": value if accepted else state["best"]}
        return after, Answer(value=value, outcome=Outcome.SCORED, accepted=accepted)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["best"], other=kept["best"])
        return dict(absorbed if is_better else kept), is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        return self._rounded(baseline, parameters)

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return float(10.0 ** -parameters["digits"])

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return k ln(values): grid lines in a range of u, whatever the metric."""
        return k * math.log(math.ceil(unit * 10 ** parameters["digits"] - TIE) + 1)

    def _rounded(self, score: float, parameters: Parameters) -> float:
        digits = parameters["digits"]
        # Division brings the float nearest to the decimal; multiplying by 10^-digits would not.
        return float(level_of(score=score, grid=10.0**-digits) / 10**digits)
