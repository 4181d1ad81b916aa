"""Figures of a column as people compare them: all with the same digits, and none that does not decide."""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

# Below the range of one item's value, where nothing else says which digits decide.
DIGITS = 4
NONE = "–"
# A float that was rounded is this near to its text, in units of the last digit.
DUST = 1e-6


def decimals(values: Iterable[float | None], *, unit: float, step: float | None = None) -> int:
    """Count the digits that a column needs; at most four where the unit is 1, or two of its grid's step."""
    most = max(0, DIGITS - math.ceil(math.log10(unit) - DUST))
    if step:
        most = max(most, 1 - math.floor(math.log10(step) + DUST))
    known = [value for value in values if value is not None]
    enough = (
        n for n in range(most) if all(abs(round(each, n) - each) < DUST / 10**n for each in known)
    )
    return next(enough, most)


def written(value: float | None, *, decimals: int) -> str:
    """Write a figure without the zero before its point, as the audit's sentences do: .767, -.012, 41.4."""
    if value is None:
        return NONE
    # By its digits: .77625 is a little less in binary. Zero added keeps a minus away from it.
    digits = Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
    text = f"{digits:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def interval(low: float | None, high: float | None, *, decimals: int) -> str:
    if low is None or high is None:
        return ""
    return f"[{written(low, decimals=decimals)}, {written(high, decimals=decimals)}]"


def moved(change: int | None) -> str:
    """Say by how many places a team rose or fell."""
    if change is None:
        return ""
    if change == 0:
        return "="
    return f"▲ {change}" if change > 0 else f"▼ {-change}"
