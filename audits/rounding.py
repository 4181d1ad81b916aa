"""How figures of a fresh holdout are written down for everybody: coarse, or exact.

Coarse: to the nearest line of a grid of u/(2 sqrt m), m the fresh items and u the range of one item's value,
with no more digits than the grid has. That holdout answers the next round, so all that is told of it is
counted, and what is computed for people is computed from the rounded figures.
"""

import math
from dataclasses import dataclass

from audits import sentences
from stats.publication_grid import publication_step
from stats.quality.awaited_labels import worst_case

# A value on the grid must not move by the last bit of a float.
TIE = 1e-9
# Of an exact figure below the unit.
DIGITS = 6
Interval = list[float]


@dataclass(frozen=True, kw_only=True)
class Coarse:
    """Figures on a grid; `low` and `high` bound the metric."""

    step: float
    low: float
    high: float

    @property
    def resolution(self) -> float | None:
        """What stands beside the figures."""
        return float(f"{self.step:.4g}")

    @property
    def slack(self) -> float:
        """How far the difference of two rounded figures may be from that of the exact ones."""
        return self.step + 10.0**-self.decimals

    @property
    def decimals(self) -> int:
        """Down to the second digit of the grid: what is below tells nothing."""
        return max(0, 1 - math.floor(math.log10(self.step) + TIE))

    @property
    def levels(self) -> int:
        """Values that a figure can have."""
        return math.floor((self.high - self.low) / self.step + TIE) + 2

    @property
    def widest(self) -> float:
        """The largest difference of two differences: no effect is larger."""
        return 2 * (self.high - self.low)

    def figure(self, value: float) -> float:
        """Round a score to the nearest line of the grid."""
        return self.effect(self.clipped(self._nearest(value)))

    def clipped(self, value: float) -> float:
        """Keep a score that is compared with figures between the same ends."""
        return min(max(value, self.low), self.high)

    def score_interval(self, *, value: float, low: float, high: float) -> Interval:
        """Put a score's interval round its rounded figure, as wide as before and half a step more."""
        # The figure is off by half a step, and by half a unit of its last digit.
        half_width = max(value - low, high - value) + 10.0**-self.decimals / 2
        start, end = self._around(self.figure(value), half_width)
        return [max(start, self._outward(self.low, -1)), min(end, self._outward(self.high, 1))]

    def worst_case(
        self, *, value: float, n_labelled: int, n_items: int, is_weighted: bool
    ) -> Interval:
        """Bound the score of all items by the rounded figure of the labelled: they tell no more than it."""
        found = worst_case(
            mean=self.clipped(self.figure(value)),
            n_labelled=n_labelled,
            n_items=n_items,
            low=self.low,
            high=self.high,
            is_weighted=is_weighted,
        )
        # The figure is off by half a step, and by half a unit of its last digit.
        slack = self.step / 2 + 10.0**-self.decimals / 2
        start = math.floor((found.low - slack) / self.step) * self.step
        end = math.ceil((found.high + slack) / self.step) * self.step
        return [self._outward(max(start, self.low), -1), self._outward(min(end, self.high), 1)]

    def effect(self, value: float) -> float:
        """Take the difference of figures, which are rounded already."""
        return round(value, self.decimals) + 0.0

    def excess(self, value: float) -> float:
        """Round how much better the references look on query labels, to the nearest line."""
        return self.effect(min(max(self._nearest(value), -self.widest), self.widest))

    def effect_interval(self, *, centre: float, half_width: float) -> Interval:
        """Round a difference of rounded figures."""
        # Two rounded figures are in it: each may be half a step off.
        return self._around(centre, half_width + self.step / 2)

    def upward(self, value: float) -> float:
        """Luck or a detectable effect: nothing smaller than what is shown was promised."""
        lines = math.ceil(min(max(value, 0.0), self.widest) / self.step - TIE)
        return self._outward(lines * self.step, 1)

    def p_value(self, *, value: float | None, is_screened: bool) -> str | None:
        """Keep one digit."""
        return sentences.p_value(value=value, is_screened=is_screened)

    def _nearest(self, value: float) -> float:
        return math.floor(value / self.step + 0.5) * self.step

    def _around(self, centre: float, half_width: float) -> Interval:
        lines = math.ceil(min(half_width, self.widest) / self.step - TIE)
        half = lines * self.step + self.step / 2
        return [self._outward(centre - half, -1), self._outward(centre + half, 1)]

    def _outward(self, value: float, side: int) -> float:
        scale = 10**self.decimals
        cut = math.ceil(value * scale - TIE) if side > 0 else math.floor(value * scale + TIE)
        return float(cut / scale)


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Figures to six digits below the metric's unit: finer than any interval, and no float dust."""

    unit: float

    resolution = None
    slack = 0.0

    @property
    def decimals(self) -> int:
        """For sentences; the figures themselves have more."""
        return sentences.decimals_of(unit=self.unit)

    def figure(self, value: float) -> float:
        """Round a score, or a difference of scores."""
        return written(value, unit=self.unit)

    def clipped(self, value: float) -> float:
        """Return the score itself."""
        return value

    def score_interval(self, *, value: float, low: float, high: float) -> Interval:
        """Give the interval as the metric's own formula has it."""
        return [self.figure(low), self.figure(high)]

    effect = excess = upward = figure

    def effect_interval(self, *, centre: float, half_width: float) -> Interval:
        """Return the judge's interval."""
        return [self.figure(centre - half_width), self.figure(centre + half_width)]

    def p_value(self, *, value: float | None, is_screened: bool) -> str | None:
        """Keep two digits."""
        return None if value is None else sentences.exact_p(value, is_screened=is_screened)


Rounding = Coarse | Exact


def written(value: float, *, unit: float) -> float:
    """Write an exact figure as it is published everywhere: to six digits below the metric's unit."""
    # Where the unit is a cap far above what is scored: below the figure or below 1.
    scale = min(unit, max(1.0, abs(value)))
    decimals = max(0, DIGITS - math.ceil(math.log10(scale) - TIE))
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0


def coarse(*, unit: float, bounds: tuple[float, float], n_fresh: int) -> Coarse:
    """Make the grid of a fresh holdout of n items, over all scores from the lowest to the highest."""
    low, high = bounds
    # R2 has no lower end: what is worse than a constant prediction by as much is shown as that.
    step = publication_step(unit=unit, n_fresh=n_fresh)
    return Coarse(step=step, low=max(low, high - 2 * unit), high=high)
