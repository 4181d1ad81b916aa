"""Thresholdout, the reusable holdout (docs/method.md, "Thresholdout").

A team reports its own validation score with each submission. If the holdout agrees within a noisy
threshold, the team is told its own number again and learns little; if not, it is told the holdout's score
with noise, and that answer is used up. After so many answers of the holdout the best value told is
repeated.

This is the practical form of the authors' experiment: Gaussian noise of standard deviation c*u/sqrt(n),
threshold t*u/sqrt(n), with c = 1 and t = 4. The form with a theorem has Laplace noise of tau/(96 ln(4k/beta))
around a threshold of 3 tau/4 and needs holdouts far beyond what leaderboards have (n >= C ln(k/beta)
sqrt(B ...)/tau^2 with an unknown constant), so it is not offered; what is proven of the practical form is
the bound by information (`nats`).
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
    check_whole,
    is_above,
)


class Thresholdout:
    """Answers with the team's own score, if it can. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "thresholdout"
    needs_baseline = False
    needs_reported = True
    noisy = True
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        """Read `t`, threshold, and `c`, noise, in u/sqrt(n); `answers`, the most that the holdout gives."""
        parameters = check_parameters(given, {"t": 4.0, "c": 1.0, "answers": 1000})
        check_positive("t", parameters["t"], high=100)
        check_positive("c", parameters["c"], high=100)
        check_whole("answers", parameters["answers"], low=1, high=100_000)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        step = unit / math.sqrt(n)
        return {
            "best": None,
            "used": 0,
            "threshold": parameters["t"] * step,
            "sd": parameters["c"] * step,
        }

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        if query.reported is None:
            raise ValueError("reported: Thresholdout needs the team's own validation score")
        if state["used"] >= parameters["answers"]:
            return dict(state), Answer(
                value=state["best"], outcome=Outcome.CAP_USED, accepted=False
            )
        noise = state["sd"] * rng.standard_normal(2)
        overfits = abs(query.score - query.reported) > state["threshold"] + noise[0]
        value = float(query.score + noise[1]) if overfits else float(query.reported)
        accepted = state["best"] is None or value > state["best"]
        after = {
            **state,
            "best": value if accepted else state["best"],
            "used": state["used"] + bool(overfits),
        }
        return after, Answer(value=value, outcome=Outcome.SCORED, accepted=accepted)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["best"], other=kept["best"])
        used = kept["used"] + absorbed["used"]
        return {**(absorbed if is_better else kept), "used": used}, is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        """Show none: a reference reports nothing, and its exact score would be an answer without noise."""
        return None

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return 0.0

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        """Bound the error: threshold and its noise, for a report that comes back (2k normal draws)."""
        step = unit / math.sqrt(n)
        noise = parameters["c"] * math.sqrt(2 * math.log(4 * k / beta))
        return float(step * (parameters["t"] + noise))

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return (k + min(k, answers)) / (2 c^2): a noisy comparison a query, and the noisy answers."""
        return float((k + min(k, parameters["answers"])) / (2 * parameters["c"] ** 2))
