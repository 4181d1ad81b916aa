"""A small league on made-up labels: the players' logic at full length, without training."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.demo import season
from lab.demo.cast.ground import Ground
from lab.demo.cast.sybil import Disguise
from lab.demo.desk import Predictions
from lab.demo.rehearsal import memory
from lab.demo.rehearsal.memory import MemoryRound
from lab.demo.season import Cast

N_ITEMS = 3_000
N_QUERY = 1_000
N_CONTESTED = 600
BASELINE_ACCURACY = 0.7
STRONG_ACCURACY = 0.85


class League:
    """Labels of a panel, the query items among them, and files of any wanted accuracy."""

    def __init__(self, *, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.labels = self.rng.integers(0, 2, N_ITEMS, dtype=np.uint8)
        self.query = np.sort(self.rng.permutation(N_ITEMS)[:N_QUERY])
        self.fresh = np.setdiff1d(np.arange(N_ITEMS), self.query)
        self.baseline = self.file(accuracy=BASELINE_ACCURACY)

    def file(self, *, accuracy: float) -> Predictions:
        """Right on exactly this share of the query items and of the others, at random places."""
        wrong = np.ones(N_ITEMS, dtype=np.uint8)
        for items in (self.query, self.fresh):
            wrong[self.rng.permutation(items)[: round(accuracy * len(items))]] = 0
        return self.labels ^ wrong

    def ground(self, *, accuracy: float) -> Ground:
        """A model of this accuracy, with a coin flip on the items that it calls contested."""
        sure = (accuracy - 0.5 * N_CONTESTED / N_ITEMS) / (1 - N_CONTESTED / N_ITEMS)
        contested = np.sort(self.rng.permutation(N_ITEMS)[:N_CONTESTED]).astype(np.int64)
        baseline = self.file(accuracy=sure)
        baseline[contested] = self.rng.integers(0, 2, N_CONTESTED, dtype=np.uint8)
        chances = np.where(baseline[contested] == 1, 0.51, 0.49)
        return Ground(baseline=baseline, contested=contested, chances=chances)

    def round(self, *, mechanism: str) -> MemoryRound:
        return memory.open_round(
            mechanism=mechanism,
            query=self.query,
            labels=self.labels[self.query],
            baseline=self.baseline,
        )

    def accuracy(self, *, predictions: Predictions, items: NDArray[np.int64]) -> float:
        return float((predictions[items] == self.labels[items]).mean())

    def cast(self) -> Cast:
        return Cast(
            references={name: self.file(accuracy=0.7) for name in season.REFERENCES},
            honest={
                name: [self.file(accuracy=0.72 + 0.04 * step) for step in range(5)]
                for name in season.HONEST
            },
            shopper=[self.file(accuracy=0.75 + 0.0001 * step) for step in range(60)],
            booster=self.ground(accuracy=STRONG_ACCURACY),
            climber=self.ground(accuracy=STRONG_ACCURACY),
            swapper=self.ground(accuracy=STRONG_ACCURACY),
            sybil=Disguise(ground=self.ground(accuracy=STRONG_ACCURACY), weak=self.baseline),
        )


@pytest.fixture
def league() -> League:
    return League(seed=20260301)


@pytest.fixture
def open_league() -> Callable[[int], League]:
    return lambda seed: League(seed=seed)
