"""Where an attack is tried: query labels behind a release mechanism, in memory and without a vault.

An attacker sees what the vault would release to each of its accounts, and nothing else. Its gain is the
query score of its final less the score that the final has on fresh items, in expectation: what it took
from the query labels.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.mechanisms import Answer, Mechanism, Parameters, Query

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Task:
    """
    A two-class task in which the attacker owns a baseline model.

    Parameters
    ----------
    labels : array of shape (n,), 0 or 1
        Query labels.
    baseline : array of shape (n,), 0 or 1
        Predictions of the attacker's model, which is the round's frozen baseline as well.
    contested : array of int
        Positions at which a second model as good as the baseline disagrees with it; elsewhere the attacker
        knows no better than the baseline.
    accuracy : array of shape (n,)
        Probability that the baseline is right, for each item: the same on fresh items.
    """

    labels: Codes
    baseline: Codes
    contested: NDArray[np.intp]
    accuracy: Floats

    @property
    def n(self) -> int:
        return len(self.labels)

    def gain(self, final: Codes) -> float:
        """Return query accuracy less expected fresh accuracy of the attacker's final."""
        expected = np.where(final == self.baseline, self.accuracy, 1 - self.accuracy)
        return float(np.mean(final == self.labels) - expected.mean())

    def votes(self, k: int, rng: np.random.Generator) -> Codes:
        """Draw random answers on the contested items, the baseline's elsewhere; shape (k, n)."""
        votes = np.repeat(self.baseline[None], k, axis=0)
        where = self.where_to_play
        votes[:, where] = rng.integers(2, size=(k, len(where)), dtype=np.uint8)
        return votes

    @property
    def where_to_play(self) -> NDArray[np.intp]:
        """Return the contested items; ValueError if there are none, for attacks that need some."""
        if not len(self.contested):
            raise ValueError("contested: this attack needs contested items")
        return self.contested


def make_task(
    *, n: int, rng: np.random.Generator, base: float = 0.5, contested: float = 1.0
) -> Task:
    """
    Draw a task.

    Parameters
    ----------
    n : int
        Query items.
    rng : numpy Generator
    base : float
        The baseline's accuracy: exact, so that its own luck is no part of a gain.
    contested : float
        Share of the items that are contested, 0 to 1; on these the baseline is right half of the time.

    Raises
    ------
    ValueError
        If base and contested cannot hold together.
    """
    where = rng.permutation(n)
    n_contested = round(contested * n)
    elsewhere = n - n_contested
    n_right = round(base * n) - n_contested // 2
    if not (0 <= n_contested <= n and 0 <= n_right <= elsewhere):
        raise ValueError("base and contested: no baseline is as good as that on the other items")
    right = np.zeros(n, dtype=bool)
    right[where[: n_contested // 2]] = True
    right[where[n_contested : n_contested + n_right]] = True
    accuracy = np.full(n, n_right / elsewhere if elsewhere else 0.5)
    accuracy[where[:n_contested]] = n_contested // 2 / max(n_contested, 1)
    labels = rng.integers(2, size=n, dtype=np.uint8)
    return Task(
        labels=labels,
        baseline=np.where(right, labels, 1 - labels).astype(np.uint8),
        contested=where[:n_contested],
        accuracy=accuracy,
    )


@dataclass(kw_only=True)
class Account:
    """One account: its state of the mechanism, its incumbent, and how often it asked."""

    task: Task
    mechanism: Mechanism
    parameters: Parameters
    rng: np.random.Generator
    asked: int = 0
    state: dict[str, Any] = field(init=False)
    incumbent: NDArray[np.int8] = field(init=False)

    def __post_init__(self) -> None:
        self.incumbent = self._hits(self.task.baseline)
        self.state = self.mechanism.initial_state(
            baseline=float(self.incumbent.mean()) if self.mechanism.needs_baseline else None,
            n=self.task.n,
            unit=1.0,
            parameters=self.parameters,
        )

    def ask(self, predictions: Codes, *, reported: float | None = None) -> Answer:
        """Submit predictions for all items and read the answer."""
        hits = self._hits(predictions)
        n, changes = self.task.n, hits - self.incumbent
        mean = changes.mean()
        # Of differences -1, 0 and 1 the sum of squares is how many there are.
        variance = (np.count_nonzero(changes) - n * mean**2) / (n - 1)
        self.state, answer = self.mechanism.respond(
            state=self.state,
            query=Query(
                score=float(np.count_nonzero(hits) / n),
                paired_se=float(np.sqrt(max(variance, 0.0) / n)),
                n=n,
                reported=float(self.task.accuracy.mean()) if reported is None else reported,
            ),
            parameters=self.parameters,
            rng=self.rng,
        )
        self.asked += 1
        if answer.accepted:
            self.incumbent = hits
        return answer

    def _hits(self, predictions: Codes) -> NDArray[np.int8]:
        hits: NDArray[np.int8] = (predictions == self.task.labels).astype(np.int8)
        return hits


@dataclass(frozen=True, kw_only=True)
class Arena:
    """
    A task behind a mechanism.

    Parameters
    ----------
    task : Task
    mechanism : Mechanism
    parameters : dict
        Complete, as `mechanism.parameters()` returns them.
    rng : numpy Generator
        The mechanism's noise.
    """

    task: Task
    mechanism: Mechanism
    parameters: Parameters
    rng: np.random.Generator

    def account(self) -> Account:
        return Account(
            task=self.task, mechanism=self.mechanism, parameters=self.parameters, rng=self.rng
        )
