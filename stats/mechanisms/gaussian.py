"""The score with Gaussian noise: every answer is charged, and errs.

An identical file is answered by the vault's memo, not by fresh noise; but a file with one changed answer
gets new noise, so averaging cannot be prevented, only paid for in queries. What is proven:
docs/method.md, "Privacy bounds".
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
)


class Gaussian:
    """Answers with the score and normal noise. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "gaussian"
    needs_baseline = False
    needs_reported = False
    noisy = True
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        """Read `c`: the noise's standard deviation in multiples of u/sqrt(n)."""
        parameters = check_parameters(given, {"c": 2.0})
        check_positive("c", parameters["c"], high=100)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        return {"best": None, "sd": parameters["c"] * unit / math.sqrt(n)}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        value = float(query.score + state["sd"] * rng.standard_normal())
        accepted = state["best"] is None or value > state["best"]
        after = {**state, "best": value if accepted else state["best"]}
        return after, Answer(value=value, outcome=Outcome.SCORED, accepted=accepted)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["best"], other=kept["best"])
        return dict(absorbed if is_better else kept), is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        """Show none: a reference's answer has no seed of its own, so it could not be noisy."""
        return None

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return 0.0

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        """Return the tail bound of k normal draws, s sqrt(2 ln(2k/beta))."""
        sd = parameters["c"] * unit / math.sqrt(n)
        return float(sd * math.sqrt(2 * math.log(2 * k / beta)))

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return k / (2 c^2): one query's concentrated privacy, 1/(2 n c^2), times n, times k."""
        return float(k / (2 * parameters["c"] ** 2))
