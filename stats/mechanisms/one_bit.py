"""One bit: whether a submission beats the team's best so far, and never a value.

The bit alone is no defense: with margin 0 it is as leaky as exact scores for a hill climber (.096 in 400
queries at n = 4,000). The margin c*u/sqrt(n) and the cap b on the yes answers are what protects. See
docs/method.md, "Noise, digits and one bit".
"""

import math
from typing import Any

import numpy as np
from scipy.special import logsumexp

from stats.mechanisms.contract import (
    Answer,
    Outcome,
    Parameters,
    Query,
    State,
    check_parameters,
    check_whole,
    ln_choose,
)


class OneBit:
    """Answers whether the own best was beaten. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "one_bit"
    needs_baseline = True
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        """Read `c`, the margin in multiples of u/sqrt(n), 0 allowed; and `b`, the most yes answers."""
        parameters = check_parameters(given, {"c": 1.0, "b": 10})
        margin = parameters["c"]
        is_number = isinstance(margin, int | float) and not isinstance(margin, bool)
        if not is_number or not 0 <= margin <= 100:
            raise ValueError("c must be a number from 0 to 100")
        check_whole("b", parameters["b"], low=1, high=100_000)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        if baseline is None or not math.isfinite(baseline):
            raise ValueError("baseline: one bit compares with a frozen baseline's score at first")
        margin = parameters["c"] * unit / math.sqrt(n)
        # Nothing reads the item any more; it stays, so that stored states are still those of a replay.
        return {"incumbent": float(baseline), "accepted": 0, "margin": margin, "item": unit / n}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        if state["accepted"] >= parameters["b"]:
            return dict(state), Answer(value=None, outcome=Outcome.CAP_USED, accepted=False)
        if not query.beats(state["incumbent"] + state["margin"]):
            return dict(state), Answer(value=None, outcome=Outcome.NO_IMPROVEMENT, accepted=False)
        after = {**state, "incumbent": float(query.score), "accepted": state["accepted"] + 1}
        return after, Answer(value=None, outcome=Outcome.IMPROVED, accepted=True)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        # No value is ever released: what is known is which team has beaten the baseline.
        is_better = kept["accepted"] == 0 < absorbed["accepted"]
        accepted = kept["accepted"] + absorbed["accepted"]
        return {**(absorbed if is_better else kept), "accepted": accepted}, is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        return None

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return 0.0

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return ln sum_{i<=b} C(k,i): which queries were answered yes."""
        yes = np.arange(min(parameters["b"], k) + 1, dtype=np.float64)
        return float(logsumexp(ln_choose(k, yes)))
