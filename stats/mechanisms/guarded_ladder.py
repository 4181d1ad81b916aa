"""The guarded Ladder (docs/method.md, "Ladders"): only real steps up are answered, and only a few of them.

A submission is accepted if it beats the incumbent R by more than max(z * paired standard error, floor).
The floor c*u/sqrt(n) does not shrink when a query changes few predictions, which is how the
parameter-free Ladder of Blum and Hardt (2015) is climbed. After b acceptances the value stays.

R is the incumbent's raw score (the frozen baseline's at first), not the rounded value on display. The
paired standard error is that of the difference from the incumbent's predictions, so the raw difference
is what it judges; against the rounded value every acceptance would hand an attacker up to one grid step
of free threshold, and a team could be "improved" by a submission worse than its incumbent. The count of
transcripts is the same either way: raw steps exceed one grid step, so each acceptance lifts the value on
display by at least one level, and k queries have at most sum_{i<=b} C(k,i) C(G,i) transcripts. For honest
teams a true gain over two grid steps leaves one whole step, a full standard error of an unpaired score
and several of a paired one, between the expected score and the threshold.
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
    check_whole,
    is_above,
    ladder_nats,
    level_of,
    unchanged,
)


class GuardedLadder:
    """Answers real steps up, a few of them. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "guarded_ladder"
    needs_baseline = True
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        parameters = check_parameters(given, {"z": 2.0, "c": 1.0, "b": 5})
        check_positive("z", parameters["z"], high=100)
        check_positive("c", parameters["c"], high=100)
        check_whole("b", parameters["b"], low=1, high=1000)
        return parameters

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        if baseline is None or not math.isfinite(baseline):
            raise ValueError("baseline: the guarded Ladder starts from a frozen baseline's score")
        step = self.resolution(n=n, unit=unit, parameters=parameters)
        return {"incumbent": float(baseline), "level": None, "accepted": 0, "step": step}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        if state["accepted"] >= parameters["b"]:
            return unchanged(state, Outcome.CAP_USED)
        step = state["step"]
        threshold = state["incumbent"] + max(parameters["z"] * query.paired_se, step)
        if query.score <= threshold + TIE * step:
            return unchanged(state, Outcome.NO_IMPROVEMENT)
        level = level_of(score=query.score, grid=step)
        after = {
            "incumbent": float(query.score),
            "level": level,
            "accepted": state["accepted"] + 1,
            "step": step,
        }
        return after, Answer(value=level * step, outcome=Outcome.IMPROVED, accepted=True)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        is_better = is_above(one=absorbed["level"], other=kept["level"])
        accepted = kept["accepted"] + absorbed["accepted"]
        return {**(absorbed if is_better else kept), "accepted": accepted}, is_better

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        step = self.resolution(n=n, unit=unit, parameters=parameters)
        return level_of(score=baseline, grid=step) * step

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        return float(parameters["c"] * unit / math.sqrt(n))

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        return self.resolution(n=n, unit=unit, parameters=parameters)

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Return ln sum_{i<=b} C(k,i) C(G,i): which queries were accepted, and at which rising levels."""
        levels = math.ceil(unit / self.resolution(n=n, unit=unit, parameters=parameters) - TIE)
        return ladder_nats(k=k, levels=levels, most=parameters["b"])
