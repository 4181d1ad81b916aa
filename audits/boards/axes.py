"""An axis of a figure: where a value lies on it, and its ticks."""

import math
from dataclasses import dataclass

from audits.sentences import number

TICKS = 5


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Values from `low` to `high`, drawn from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Round values from end to end, with their text."""
        least = (self.high - self.low) / TICKS
        power = math.floor(math.log10(least))
        step = next(each for each in (1, 2, 5, 10) if each * 10.0**power >= least) * 10.0**power
        # The last bit of a logarithm must not cost a digit.
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [place * step for place in range(first, last + 1)]
        return [(value, number(value, decimals=decimals)) for value in values]
