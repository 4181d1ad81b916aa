"""The audit of a round in memory, by the judge that audits use, for studies of the demo's cast."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.demo.desk import Predictions
from lab.demo.rehearsal.memory import MemoryDesk, MemoryRound
from lab.demo.weather.series import Labels
from stats import gate
from stats.accusation import Contestant, accuse, triage
from stats.draw import draw
from stats.gate import Gate
from stats.metrics import Scorer
from stats.scored_files import Files
from stats.split_scores import split_score
from stats.team_tests import TeamTests
from stats.verdict import Evidence, ShiftGate, Verdict, verdict

DELTA0 = 0.005
# Accuracies this close are equal; so they are on the board.
TIE = 1e-9


@dataclass(frozen=True, kw_only=True)
class TeamAudit:
    """
    What is said of a team.

    Parameters
    ----------
    attempts : int
    released, fresh : float or None, float
        Of the final: what the board showed of it, and its score on fresh items.
    file : str
        The file that the verdict speaks of: its final, or the best-scored of all that it handed in.
    overstatement : float
        Of that file: how much of its lead over the references fresh items do not show.
    interval : pair of floats
        95 % interval of it.
    luck : float
        What a team without inflation misses in 19 of 20 draws at most.
    p_adjusted : float
        Holm-adjusted over the round.
    verdict : Verdict
    """

    attempts: int
    released: float | None
    fresh: float
    file: str
    overstatement: float
    interval: tuple[float, float]
    luck: float
    p_adjusted: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class RoundAudit:
    gate: Gate
    teams: dict[str, TeamAudit]

    @property
    def confirmed(self) -> list[str]:
        return [name for name, team in self.teams.items() if team.verdict == Verdict.CONFIRMED]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The organizer's view of one draw: positions in the panel and the labels of all items."""

    labels: Labels
    query: NDArray[np.int64]
    fresh: NDArray[np.int64]

    def columns(self, *, files: list[Predictions]) -> Files:
        """Return per-item correctness, query items first, items x files."""
        positions = np.concatenate([self.query, self.fresh])
        right = (np.array(files)[:, positions] == self.labels[positions]).T
        n = len(self.query)
        return Files(
            data=right,
            items=right,
            query_exact=right[:n].mean(axis=0),
            fresh_exact=right[n:].mean(axis=0),
            n=n,
        )


def audit(
    *,
    round_: MemoryRound,
    panel: Panel,
    references: Mapping[str, Predictions],
    rng: np.random.Generator,
) -> RoundAudit:
    """Judge the round; every first file counts for the gate: nobody was told anything before the play."""
    desks = round_.desks
    frozen = panel.columns(files=list(references.values()))
    contestants = {
        name: Contestant(files=panel.columns(files=desk.submissions), final=_final(desk))
        for name, desk in desks.items()
    }
    drawn = draw(n=len(panel.query), m=len(panel.fresh))
    labels = panel.labels[np.concatenate([panel.query, panel.fresh])]
    tests = accuse(
        draw=drawn,
        score=split_score(scorer=Scorer(metric="accuracy", n_classes=2), labels=labels),
        contestants=contestants,
        references=frozen,
        n_teams=len(contestants),
        tie=TIE,
        rng=rng,
    )
    triaged = triage(tests=tests)
    firsts = [each.files.items[:, :1] for each in contestants.values()]
    found = gate.gate(items=np.hstack([frozen.items, *firsts]), draw=drawn, rng=rng)
    teams = {
        name: _team_audit(
            desk,
            contestant=contestants[name],
            tests=tests[name],
            triaged=name in triaged,
            gate=found,
        )
        for name, desk in desks.items()
    }
    return RoundAudit(gate=found, teams=teams)


def _final(desk: MemoryDesk) -> int:
    if desk.final is None:
        raise ValueError("every team of the cast declares a final")
    return desk.final


def _team_audit(
    desk: MemoryDesk, *, contestant: Contestant, tests: TeamTests, triaged: bool, gate: Gate
) -> TeamAudit:
    shown, final = tests.shown(delta0=DELTA0), _final(desk)
    evidence = Evidence(
        was_tested=True,
        accused=tests.accuses(delta0=DELTA0),
        triaged=triaged,
        gate=ShiftGate.FIRED if gate.fired else ShiftGate.QUIET,
        interval_low=shown.test.low,
        exceeds_luck=shown.test.exceeds_luck,
        delta0=DELTA0,
    )
    return TeamAudit(
        attempts=len(desk.submissions),
        released=desk.released[final],
        fresh=float(contestant.files.fresh_exact[final]),
        file=shown.which,
        overstatement=shown.test.overstatement,
        interval=(shown.test.low, shown.test.high),
        luck=shown.test.luck,
        p_adjusted=shown.test.adjusted,
        verdict=verdict(evidence),
    )
