"""A holdout in parts, such as slices or windows: which can be scored, and what a file scores there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.collected import Opened
from stats.intervals import Interval
from stats.metrics import Scorer
from stats.quality import slices

Rows = NDArray[np.intp]
# A metric by class says nothing where one of the holdout's classes has hardly an item.
MIN_OF_CLASS = 10
# Of an interval that stands alone.
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Items:
    """Items of one or more holdouts, with what the scorer needs of them: labels never leave the process."""

    scorer: Scorer
    positions: NDArray[np.int64]
    labels: NDArray[Any]
    # Numbers of drawn groups; None: items were drawn one by one.
    groups: Rows | None

    @property
    def n(self) -> int:
        return len(self.positions)

    def score(
        self,
        *,
        answers: NDArray[Any],
        rows: Rows | slice = slice(None),
        confidence_level: float = LEVEL,
    ) -> tuple[float, Interval]:
        """Score a whole file on these rows, so that higher is better, with its interval."""
        given: dict[str, Any] = {
            "labels": self.labels[rows],
            "predictions": answers[self.positions[rows]],
        }
        groups = None if self.groups is None else self.groups[rows]
        if confidence_level == LEVEL:
            # The same as the two below, in half of the time.
            score, found = self.scorer.estimate(**given, groups=groups)
        else:
            score = self.scorer.score(**given)
            found = self.scorer.interval(**given, groups=groups, confidence_level=confidence_level)
        ends = sorted((self.scorer.orient(found.low), self.scorer.orient(found.high)))
        value = self.scorer.orient(score)
        return value, Interval(low=ends[0], high=ends[1])

    def enough(self, rows: Rows) -> bool:
        """Tell whether a score on these rows says something: items, and of a metric by class each class."""
        if len(rows) < slices.MIN_ITEMS:
            return False
        if not self.scorer.of.by_class:
            return True
        among = np.bincount(self.labels)
        there = np.bincount(self.labels[rows], minlength=len(among))
        return bool((there[among > 0] >= MIN_OF_CLASS).all())


def items_of(*, scorer: Scorer, opened: Sequence[Opened]) -> Items:
    """Join holdouts; groups of different holdouts are different ones."""
    numbers, first = [], 0
    for each in opened:
        own = np.arange(each.n)
        if each.groups is not None:
            own = np.unique(each.groups, return_inverse=True)[1]
        numbers.append(own + first)
        first += each.n
    is_grouped = any(each.groups is not None for each in opened)
    return Items(
        scorer=scorer,
        positions=np.concatenate([each.positions for each in opened]),
        labels=np.concatenate([each.labels for each in opened]),
        groups=np.concatenate(numbers) if is_grouped else None,
    )
