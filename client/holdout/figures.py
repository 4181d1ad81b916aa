"""Numbers as people read them: with the digits that a grid decides, or six; machines get them all."""

import math
from decimal import Decimal

SIGNIFICANT = 6
# A power of ten that misses its logarithm by dust is that power.
HAIR = 1e-9
# Of amounts of information.
MIN_SHOWN, WHOLE_FROM = 0.01, 100


def figure(value: float, *, step: float | None = None) -> str:
    """Down to one digit below the grid's; without a grid to six significant digits, never as 4.8e-05."""
    if step:
        decimals = max(0, 1 - math.floor(math.log10(step) + HAIR))
        # Adding zero turns -0.0 into 0.0.
        return f"{round(value, decimals) + 0.0:.{decimals}f}"
    return format(Decimal(f"{value + 0.0:.{SIGNIFICANT}g}"), "f")


def information(nats: float) -> str:
    """Write an amount in nats: whole from a hundred on, below that three digits, and no tail of zeros."""
    if 0 < nats < MIN_SHOWN:
        return f"less than {MIN_SHOWN}"
    return f"{nats:,.0f}" if nats >= WHOLE_FROM else format(Decimal(f"{nats + 0.0:.3g}"), "f")


def optional(value: float | None, *, step: float | None = None) -> str | None:
    return None if value is None else figure(value, step=step)


def with_interval(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    step: float | None = None,
) -> str | None:
    """Write the figure with its interval in the same cell."""
    shown = optional(value, step=step)
    if shown is None or low is None or high is None:
        return shown
    return f"{shown} [{figure(low, step=step)}, {figure(high, step=step)}]"


def grid(step: float) -> str:
    """Say how far its lines are apart: four digits, so that a line can be told from its neighbour."""
    return format(Decimal(f"{step:.4g}"), "f")


def apart(one: float, other: float) -> tuple[str, str]:
    """Write both with as few digits as keep them apart."""
    texts = figure(one), figure(other)
    return texts if texts[0] != texts[1] else (str(one), str(other))
