"""What a benchmark declares that a model has to keep to beside its score.

Nothing of it ranks or decides: an audit says of each final whether it holds, fails or cannot be judged.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BINARY = "binary"


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """One measure that a limit can be declared for."""

    label: str
    meaning: str
    # None: as the primary metric's direction is.
    is_at_least: bool | None
    low: float = -math.inf
    high: float = math.inf
    # As its team says; nobody measured it.
    is_self_reported: bool = False
    tasks: tuple[str, ...] = ()


CONSTRAINTS = {
    "score": Constraint(
        label="New labels", meaning="the primary metric on new labels", is_at_least=None
    ),
    "later_score": Constraint(
        label="Later period", meaning="the primary metric in a later period", is_at_least=None
    ),
    "worst_slice_score": Constraint(
        label="Worst slice",
        meaning="the primary metric of every slice of new labels",
        is_at_least=None,
    ),
    "recall": Constraint(
        label="Recall",
        meaning="the share of items of class 1 that are decided to be, at least",
        is_at_least=True,
        low=0.0,
        high=1.0,
        tasks=(BINARY,),
    ),
    "latency_p95_ms": Constraint(
        label="p95 latency, ms",
        meaning="milliseconds of the slowest twentieth of answers, self-reported, at most",
        is_at_least=False,
        low=0.0,
        is_self_reported=True,
    ),
    "cost_per_1000": Constraint(
        label="Cost of 1,000",
        meaning="cost of a thousand answers, self-reported, at most",
        is_at_least=False,
        low=0.0,
        is_self_reported=True,
    ),
}


def problem(declared: Any, *, task: str) -> str:
    """Say what is wrong with declared constraints; nothing where they can be judged."""
    if not isinstance(declared, Mapping):
        return 'A JSON object of limits by measure, such as {"recall": 0.95}.'
    for name, limit in declared.items():
        if name not in CONSTRAINTS:
            return f"{name!r} is none of {', '.join(CONSTRAINTS)}."
        known = CONSTRAINTS[name]
        if known.tasks and task not in known.tasks:
            return f"{name} needs a task that is {' or '.join(known.tasks)}."
        is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
        # An integer of JSON may be larger than any float.
        is_finite = is_number and abs(limit) <= sys.float_info.max
        if not is_finite or not known.low <= limit <= known.high:
            return f"The limit of {name} must be a number{_range(known)}."
    return ""


def _range(known: Constraint) -> str:
    if math.isfinite(known.high):
        return f" from {known.low:g} to {known.high:g}"
    return f" of at least {known.low:g}" if math.isfinite(known.low) else ""
