"""The audit of a round in memory, by the statistics that audits use, for studies of the demo's cast."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.desk import Predictions
from lab.memory import MemoryDesk, MemoryRound
from lab.weather.series import Labels
from stats import inflation
from stats.accusation import Columns, Contestant, TeamTests, accuse
from stats.inflation import Gate

DELTA0 = 0.005

Verdict = Literal["CONFIRMED", "NO_EVIDENCE"]


@dataclass(frozen=True, kw_only=True)
class TeamAudit:
    attempts: int
    released: float | None
    fresh: float
    inflation: float
    interval: tuple[float, float]
    p_value: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class RoundAudit:
    gate: Gate
    teams: dict[str, TeamAudit]

    @property
    def confirmed(self) -> list[str]:
        return [name for name, team in self.teams.items() if team.verdict == "CONFIRMED"]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The organizer's view of one draw: positions in the panel and the labels of all items."""

    labels: Labels
    query: NDArray[np.int64]
    fresh: NDArray[np.int64]

    def columns(self, *, files: list[Predictions]) -> Columns:
        """Per-item correctness on query and fresh items, items x files."""
        right = np.array(files) == self.labels
        query, fresh = right[:, self.query].T, right[:, self.fresh].T
        return Columns(
            query=query,
            fresh=fresh,
            query_exact=query.mean(axis=0),
            fresh_exact=fresh.mean(axis=0),
        )


def audit(
    *,
    round_: MemoryRound,
    panel: Panel,
    references: Mapping[str, Predictions],
    rng: np.random.Generator,
) -> RoundAudit:
    """Here every team's first file counts for the gate: nobody was told anything before the play."""
    desks = round_.desks
    frozen = list(references.values())
    untuned = panel.columns(files=frozen + [desk.submissions[0] for desk in desks.values()])
    gate = inflation.gate(
        query_items=untuned.query.mean(axis=1), fresh_items=untuned.fresh.mean(axis=1)
    )
    contestants = {
        name: Contestant(columns=panel.columns(files=desk.submissions), final=_final(desk))
        for name, desk in desks.items()
    }
    tests = accuse(
        contestants=contestants,
        references=panel.columns(files=frozen),
        delta0=DELTA0,
        is_mean=True,
        generator=_generators(rng),
    )
    teams = {
        name: _team_audit(desk=desk, contestant=contestants[name], tests=tests[name], gate=gate)
        for name, desk in desks.items()
    }
    return RoundAudit(gate=gate, teams=teams)


def _final(desk: MemoryDesk) -> int:
    if desk.final is None:
        raise ValueError("every team of the cast declares a final")
    return desk.final


def _team_audit(
    *, desk: MemoryDesk, contestant: Contestant, tests: TeamTests, gate: Gate
) -> TeamAudit:
    accused = tests.accuses(delta0=DELTA0) and not gate.fired
    return TeamAudit(
        attempts=len(desk.submissions),
        released=desk.released[contestant.final],
        fresh=float(contestant.columns.fresh_exact[contestant.final]),
        inflation=tests.shown.inflation,
        interval=(tests.shown.low, tests.shown.high),
        p_value=tests.p_value,
        verdict="CONFIRMED" if accused else "NO_EVIDENCE",
    )


def _generators(rng: np.random.Generator) -> Callable[..., np.random.Generator]:
    entropy = int(rng.integers(2**63))

    def generator(kind: str, team: str) -> np.random.Generator:
        return np.random.default_rng([entropy, *f"{kind} {team}".encode()])

    return generator
