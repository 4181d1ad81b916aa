"""Blind: no answer at all before publication. Nothing leaks, and nothing helps the teams."""

from typing import Any

import numpy as np

from stats.mechanisms.contract import Answer, Outcome, Parameters, Query, State, check_parameters


class Blind:
    """Answers nothing. Methods as in `stats.mechanisms.contract.Mechanism`."""

    name = "blind"
    needs_baseline = False
    needs_reported = False
    noisy = False
    raw = False

    def parameters(self, **given: Any) -> Parameters:
        return check_parameters(given, {})

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        return {}

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        return dict(state), Answer(value=None, outcome=Outcome.BLIND, accepted=False)

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        return dict(kept), False

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
        """Return 0: there is one transcript."""
        return 0.0
