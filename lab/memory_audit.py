"""The audit's formulas (STATISTICS C3 and G) on a round in memory, for studies of the demo's cast."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.desk import Predictions
from lab.memory import MemoryDesk, MemoryRound
from lab.weather.series import Labels
from stats import inflation
from stats.inflation import Gate, Menu, Sadd
from stats.multiplicity import holm

ALPHA = 0.005  # for 5a and for 5b: together a family-wise error of .01 a round
DELTA0 = 0.005
N_SHUFFLES = 20_000

Verdict = Literal["CONFIRMED", "NO_EVIDENCE"]
Hits = NDArray[np.float64]


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

    def hits(self, *, files: list[Predictions]) -> tuple[Hits, Hits]:
        """Per-item correctness on query and fresh items, items x files."""
        right = np.array(files) == self.labels
        return (
            right[:, self.query].T.astype(np.float64),
            right[:, self.fresh].T.astype(np.float64),
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One test of one team: its menu against its own first file (5a) or the references (5b)."""

    menu: Menu
    final: int
    result: Sadd


def audit(
    *,
    round_: MemoryRound,
    panel: Panel,
    references: Mapping[str, Predictions],
    rng: np.random.Generator,
    n_shuffles: int = N_SHUFFLES,
) -> RoundAudit:
    desks = round_.desks
    frozen = list(references.values())
    first = [desk.submissions[0] for desk in desks.values()]
    query, fresh = panel.hits(files=frozen + first)
    gate = inflation.gate(query_items=query.mean(axis=1), fresh_items=fresh.mean(axis=1))
    against_references, against_first = {}, {}
    for name, desk in desks.items():
        against_references[name] = _compare(desk, panel, frozen, rng, n_tests=len(desks))
        if desk.final != 0:
            own = desk.submissions[:1]
            against_first[name] = _compare(desk, panel, own, rng, n_tests=len(desks))
    confirmed: list[str] = []
    if not gate.fired:
        for tests in (against_first, against_references):
            confirmed += _confirmed(tests, rng, n_shuffles)
    teams = {
        name: _team_audit(
            desk=desk,
            panel=panel,
            own_first=against_first.get(name),
            organizer=against_references[name],
            verdict="CONFIRMED" if name in confirmed else "NO_EVIDENCE",
        )
        for name, desk in desks.items()
    }
    return RoundAudit(gate=gate, teams=teams)


def _final(desk: MemoryDesk) -> int:
    if desk.final is None:
        raise ValueError("every team of the cast declares a final")
    return desk.final


def _compare(
    desk: MemoryDesk,
    panel: Panel,
    references: list[Predictions],
    rng: np.random.Generator,
    *,
    n_tests: int,
) -> Comparison:
    query, fresh = panel.hits(files=desk.submissions)
    query_references, fresh_references = panel.hits(files=references)
    menu = inflation.menu(
        query_scores=query,
        fresh_scores=fresh,
        query_references=query_references,
        fresh_references=fresh_references,
    )
    final = _final(desk)
    result = inflation.sadd(menu=menu, final=final, rng=rng, n_tests=n_tests, alpha=ALPHA)
    return Comparison(menu=menu, final=final, result=result)


def _confirmed(
    tests: Mapping[str, Comparison], rng: np.random.Generator, n_shuffles: int
) -> list[str]:
    """Holm over the teams, and for each rejection a real shuffle that must say the same."""
    p_values = {name: test.result.p_value for name, test in tests.items()}
    rejected = _rejected(p_values, tests)
    for name in rejected:
        shuffled = inflation.sadd_shuffle(
            menu=tests[name].menu, final=tests[name].final, rng=rng, n_draws=n_shuffles
        )
        agrees = shuffled.excess_low > DELTA0
        p_values[name] = max(p_values[name], shuffled.p_value if agrees else 1.0)
    return _rejected(p_values, tests)


def _rejected(p_values: Mapping[str, float], tests: Mapping[str, Comparison]) -> list[str]:
    adjusted = holm(p_values=list(p_values.values()))
    return [
        name
        for name, p_value in zip(p_values, adjusted, strict=True)
        if p_value <= ALPHA and tests[name].result.excess_low > DELTA0
    ]


def _team_audit(
    *,
    desk: MemoryDesk,
    panel: Panel,
    own_first: Comparison | None,
    organizer: Comparison,
    verdict: Verdict,
) -> TeamAudit:
    """The inflation reported is 5a's where it can run; p is the smaller of both, doubled."""
    reported = (own_first or organizer).result
    smallest = min(test.result.p_value for test in (own_first, organizer) if test is not None)
    _, fresh = panel.hits(files=[desk.submissions[organizer.final]])
    return TeamAudit(
        attempts=len(desk.submissions),
        released=desk.released[organizer.final],
        fresh=float(fresh.mean()),
        inflation=reported.inflation,
        interval=(reported.low, reported.high),
        p_value=min(1.0, 2.0 * smallest),
        verdict=verdict,
    )
