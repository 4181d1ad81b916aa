"""A round in memory, with the vault's release code and rules: for studies and tests, no servers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.demo.desk import DeskError, Predictions, Ticket
from lab.demo.weather.series import Labels
from stats.mechanisms import MECHANISMS, Answer, Mechanism, Parameters, Query

UNIT = 1.0  # the range of one item's accuracy


@dataclass(kw_only=True)
class MemoryRound:
    """One benchmark's round: the query labels, the mechanism and the frozen baseline."""

    mechanism: Mechanism
    parameters: Parameters
    query: NDArray[np.int64]  # positions in the panel
    labels: Labels  # of the query items, in that order
    baseline: Predictions
    desks: dict[str, "MemoryDesk"] = field(default_factory=dict)

    def desk(self, *, team: str) -> "MemoryDesk":
        """Open the team's account."""
        self.desks[team] = MemoryDesk(round=self)
        return self.desks[team]

    def hits(self, *, predictions: Predictions) -> NDArray[np.float64]:
        hits: NDArray[np.float64] = (predictions[self.query] == self.labels).astype(np.float64)
        return hits


def open_round(
    *,
    mechanism: str,
    query: NDArray[np.int64],
    labels: Labels,
    baseline: Predictions,
) -> MemoryRound:
    chosen = MECHANISMS[mechanism]
    return MemoryRound(
        mechanism=chosen,
        parameters=chosen.parameters(),
        query=query,
        labels=labels,
        baseline=baseline,
    )


class MemoryDesk:
    """One team: its own state and incumbent, and a memo that makes resubmitting free."""

    def __init__(self, *, round: MemoryRound) -> None:
        self.submissions: list[Predictions] = []
        self.answers: list[Answer] = []
        self.final: int | None = None
        self._round = round
        self._memo: dict[bytes, int] = {}
        self._incumbent = round.hits(predictions=round.baseline)
        self._state = round.mechanism.initial_state(
            baseline=float(self._incumbent.mean()) if round.mechanism.needs_baseline else None,
            n=len(round.query),
            unit=UNIT,
            parameters=round.parameters,
        )

    @property
    def released(self) -> list[float | None]:
        return [answer.value for answer in self.answers]

    def submit(self, *, predictions: Predictions) -> Ticket:
        key = predictions.tobytes()
        if key not in self._memo:
            self._memo[key] = len(self.submissions)
            self.submissions.append(predictions.copy())
            self.answers.append(self._release(hits=self._round.hits(predictions=predictions)))
        return str(self._memo[key])

    def answer(self, *, ticket: Ticket) -> float | None:
        return self.answers[int(ticket)].value

    def submit_many(self, *, batch: Sequence[Predictions]) -> list[float | None]:
        tickets = [self.submit(predictions=predictions) for predictions in batch]
        return [self.answer(ticket=ticket) for ticket in tickets]

    def declare_final(self, *, ticket: Ticket) -> None:
        if int(ticket) >= len(self.submissions):
            raise DeskError(f"no submission {ticket}")
        self.final = int(ticket)

    def _release(self, *, hits: NDArray[np.float64]) -> Answer:
        n = len(hits)
        query = Query(
            score=float(hits.mean()),
            paired_se=float(np.std(hits - self._incumbent, ddof=1) / np.sqrt(n)),
            n=n,
        )
        self._state, answer = self._round.mechanism.respond(
            state=self._state,
            query=query,
            parameters=self._round.parameters,
            rng=np.random.default_rng(len(self.answers)),
        )
        if answer.accepted:
            self._incumbent = hits
        return answer
