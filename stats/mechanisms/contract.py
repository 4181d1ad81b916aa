"""What every release mechanism is: a pure function of (state, query, rng).

Scores are oriented: higher is better, losses come negated. A state is JSON, so that it can be stored,
compared and replayed; a mechanism never changes the state that it is given. What a team may learn of
its score is in `Answer.value` and `Answer.outcome`, and nowhere else: `accepted` only repeats what these
two say.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from stats.ties import tolerance

State = dict[str, Any]
Parameters = dict[str, Any]

# Two scores that are equal on paper may differ as floats; a billionth of one grid step counts as equal. The
# smallest honest difference, one item of n, is 1/sqrt(n) of a step: far larger for any n below 1e16.
TIE = 1e-9


class Outcome(StrEnum):
    """What a team is told happened to its query; `blind` is an admission without answers."""

    SCORED = "scored"
    IMPROVED = "improved"
    NO_IMPROVEMENT = "no_improvement"
    CAP_USED = "cap_used"
    BLIND = "blind"


@dataclass(frozen=True, kw_only=True)
class Query:
    """
    One evaluation of a submission on the query holdout.

    Parameters
    ----------
    score : float
        Oriented score, finite, in the metric's units.
    paired_se : float, >= 0
        Standard error of the mean per-item difference from the incumbent, s / sqrt(n) with ddof 1, or by
        groups where they were drawn whole (`stats.paired.paired_se`); the incumbent is the frozen baseline
        until the team has one. 0 where nothing is compared.
    n : int, >= 1
        Number of items.
    reported : float, optional
        The team's own validation score, oriented, in the metric's units: what Thresholdout compares with.
    unit : float, > 0
        The range u of one item's value, in the metric's units; what two scores are equal by.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    score: float
    paired_se: float
    n: int
    reported: float | None = None
    unit: float = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.score):
            raise ValueError("score must be finite")
        if not (math.isfinite(self.paired_se) and self.paired_se >= 0):
            raise ValueError("paired_se must be finite and not negative")
        if self.n < 1:
            raise ValueError("n must be at least 1")
        if self.reported is not None and not math.isfinite(self.reported):
            raise ValueError("reported must be finite")
        if not 0 < self.unit < math.inf:
            raise ValueError("unit must be positive and finite")

    def beats(self, other: float) -> bool:
        """Tell whether the score is better than another by more than rounding errors."""
        return self.score > other + tolerance(unit=self.unit, values=(self.score, other))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What one query brings.

    Parameters
    ----------
    value : float or None
        Oriented value that is released. A Ladder repeats the value on display; None: nothing yet.
    outcome : Outcome
    accepted : bool
        Whether the submission becomes the incumbent: the best so far, by what was released.
    """

    value: float | None
    outcome: Outcome
    accepted: bool


class Mechanism(Protocol):
    """
    A release mechanism.

    In every method `n` is the number of items of the query holdout, `unit` the range u of one item's
    value (1 for accuracy) and `parameters` what `parameters()` returned. Steps, margins and noise are
    multiples of u/sqrt(n) by this number of items, also where whole groups were drawn: there u/sqrt(n) is
    less than the standard error that a score may have, which is up to u/sqrt(effective number)/2.

    Attributes
    ----------
    name : str
    needs_baseline : bool
        Whether a round needs a frozen baseline to start from.
    needs_reported : bool
        Whether every query must bring the team's own validation score.
    noisy : bool
        Whether answers carry noise. Then they may exceed the score, the transcripts are not countable, and
        `nats` is a bound on mutual information, of a metric that is a mean of items.
    raw : bool
        Whether answers are scores to the last digit. Then `nats` counts the transcripts only of a metric
        that counts items: one exact log loss of well chosen probabilities can spell out every label.
    """

    name: str
    needs_baseline: bool
    needs_reported: bool
    noisy: bool
    raw: bool

    def parameters(self, **given: Any) -> Parameters:
        """Complete `given` with the defaults; ValueError names what is unknown or out of range."""
        ...

    def initial_state(
        self, *, baseline: float | None, n: int, unit: float, parameters: Parameters
    ) -> State:
        """Return the state before the first query; `baseline` is the frozen baseline's oriented score."""
        ...

    def respond(
        self, *, state: State, query: Query, parameters: Parameters, rng: np.random.Generator
    ) -> tuple[State, Answer]:
        """Answer one query; equal arguments bring equal answers."""
        ...

    def join(self, *, kept: State, absorbed: State) -> tuple[State, bool]:
        """
        Join the states of two accounts that become one.

        What was used up adds up, beyond a cap, too. The better by what was released stays, of two equal
        ones, or where releases do not tell, the kept one's; True: it is the absorbed one's.
        """
        ...

    def display_baseline(
        self, *, baseline: float, n: int, unit: float, parameters: Parameters
    ) -> float | None:
        """Return what may be shown of a frozen organizer reference (oriented)."""
        ...

    def resolution(self, *, n: int, unit: float, parameters: Parameters) -> float:
        """Return the smallest difference between two released values; 0 where there is none."""
        ...

    def distortion(
        self, *, k: int, n: int, unit: float, parameters: Parameters, beta: float
    ) -> float:
        """Bound how far k released values are from raw scores; of noise, with probability 1 - beta."""
        ...

    def nats(self, *, k: int, n: int, unit: float, parameters: Parameters) -> float:
        """Bound what k queries of one team can reveal: ln of the number of transcripts.

        Of a noisy mechanism, a bound on the mutual information of answers and labels of independent
        items; groups that were drawn whole tell more, which `stats.ledger.Account` reckons with. Formulas:
        docs/method.md, "The ledger of nats" and "Privacy bounds".
        """
        ...


def check_parameters(given: Parameters, allowed: Parameters) -> Parameters:
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ValueError(f"unknown parameter: {', '.join(unknown)}")
    return {**allowed, **given}


def check_whole(name: str, value: Any, *, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}")


def check_positive(name: str, value: Any, *, high: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= high:
        raise ValueError(f"{name} must be a positive number up to {high:g}")


def ln_choose(n: int, k: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result


def ladder_nats(*, k: int, levels: int, most: int) -> float:
    """
    Bound what a Ladder's answers can reveal.

    Parameters
    ----------
    k : int
        Queries.
    levels : int
        Values G that the display can have.
    most : int
        Acceptances at most.

    Returns
    -------
    float
        ln sum_{i<=most} C(k,i) C(G,i): which queries rose, and to which of G rising levels; in nats.

    Raises
    ------
    ValueError
        If an argument is negative.

    Notes
    -----
    Cost: O(most). Source: docs/method.md, "The ledger of nats".
    """
    if not min(k, levels, most) >= 0:
        raise ValueError("k, levels and most must be at least 0")
    steps = np.arange(min(most, k, levels) + 1, dtype=np.float64)
    return float(logsumexp(ln_choose(k, steps) + ln_choose(levels, steps)))


def unchanged(state: State, outcome: Outcome) -> tuple[State, Answer]:
    """Show the old value again, as a Ladder does where nothing is accepted."""
    value = None if state["level"] is None else state["level"] * state["step"]
    return dict(state), Answer(value=value, outcome=outcome, accepted=False)


def is_above(*, one: float | None, other: float | None) -> bool:
    """
    Tell whether a released value, or a level of the display, is above another.

    Parameters
    ----------
    one, other : float or None
        Oriented, of one mechanism; None, nothing is shown yet, is below all.

    Returns
    -------
    bool
        False for equal ones.

    Notes
    -----
    Source: `docs/method.md`, "Ladders". Cost: O(1).
    """
    return one is not None and (other is None or one > other)


def level_of(*, score: float, grid: float) -> int:
    """
    Return the number of the highest grid line not above a score.

    Parameters
    ----------
    score : float
        Oriented, in the metric's units.
    grid : float, > 0
        Distance of two lines.

    Returns
    -------
    int
        A score that misses a line by a billionth of one step has reached it: floats tie where numbers do.

    Raises
    ------
    ValueError
        If the score is not finite or the grid is not positive.

    Notes
    -----
    Cost: O(1). Source: docs/method.md, "Ladders".
    """
    if not (math.isfinite(score) and 0 < grid < math.inf):
        raise ValueError("score: a finite one is needed, and a grid of positive steps")
    return math.floor(score / grid + TIE)
