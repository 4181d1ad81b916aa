"""A league: what every team of a round handed in, and the verdicts of the judge that audits use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.leagues.players import Menu
from lab.leagues.pool import Right
from stats import gate
from stats.accusation import Contestant, accuse, triage
from stats.draw import Draw, draw
from stats.scored_files import Files
from stats.split_scores import Mean, SplitScore
from stats.team_tests import TeamTests
from stats.verdict import Evidence, ShiftGate, Verdict, verdict

# Overstatement of no interest, as a share of the metric's unit.
DELTA0 = 0.005
TIE = 1e-9
# First files that came before anybody had an answer: they count for the gate, beside the references.
N_EARLY = 3


@dataclass(frozen=True, kw_only=True)
class League:
    """
    One round.

    Parameters
    ----------
    contestants : list of Contestant
    references : Files
    drawn : Draw
    score : SplitScore
    has_gate : bool
        Whether references and first files are compared between the holdouts.
    unit : float
        Range of one item's value.
    n_teams : int, optional
        Teams that Holm counts, if more than play.
    n_frozen : int, optional
        References that are the organizer's own, the first ones, where others were published about the query
        holdout: then no team's first file is untold.
    """

    contestants: list[Contestant]
    references: Files
    drawn: Draw
    score: SplitScore
    has_gate: bool = False
    unit: float = 1.0
    n_teams: int = 0
    n_frozen: int | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """
    One league's outcome.

    Parameters
    ----------
    gate : ShiftGate
    verdicts : list of Verdict
        Of each contestant.
    tests : dict from contestant to TeamTests
    """

    gate: ShiftGate
    verdicts: list[Verdict]
    tests: dict[int, TeamTests] = field(default_factory=dict)

    @property
    def confirmed(self) -> int:
        """Teams that are CONFIRMED."""
        return sum(each == Verdict.CONFIRMED for each in self.verdicts)


def judge(*, league: League, rng: np.random.Generator) -> Judged:
    """Give each team the verdict that an audit would give."""
    delta0 = DELTA0 * league.unit
    tests = accuse(
        draw=league.drawn,
        score=league.score,
        contestants=dict(enumerate(league.contestants)),
        references=league.references if league.references.k else None,
        n_teams=max(league.n_teams, len(league.contestants)),
        tie=TIE * league.unit,
        rng=rng,
    )
    shift_gate = ShiftGate.NOT_TESTED
    if league.has_gate:
        found = gate.gate(items=untuned(league), draw=league.drawn, rng=rng)
        shift_gate = ShiftGate.FIRED if found.fired else ShiftGate.QUIET
    triaged = triage(tests=tests)
    verdicts = []
    for team in range(len(league.contestants)):
        own = tests.get(team)
        evidence = Evidence(
            was_tested=own is not None,
            accused=own is not None and own.accuses(delta0=delta0),
            triaged=team in triaged,
            gate=shift_gate,
            interval_low=None if own is None else own.shown(delta0=delta0).test.low,
            exceeds_luck=own is not None and own.shown(delta0=delta0).test.exceeds_luck,
            delta0=delta0,
        )
        verdicts.append(verdict(evidence))
    return Judged(gate=shift_gate, verdicts=verdicts, tests=tests)


def untuned(league: League) -> NDArray[Any]:
    """Return items of the references and of the first files that came before anybody had an answer."""
    if league.n_frozen is not None:
        return league.references.items[:, : league.n_frozen]
    firsts = [each.files.items[:, :1] for each in league.contestants[:N_EARLY]]
    return np.hstack([league.references.items, *firsts])


def files(right: Right, *, n: int) -> Files:
    """Turn right-or-wrong answers, (n+m, k), into files as the judge takes them."""
    return Files(
        data=right,
        items=right,
        query_exact=right[:n].mean(axis=0, dtype=np.float64),
        fresh_exact=right[n:].mean(axis=0, dtype=np.float64),
        n=n,
    )


def of_answers(
    *,
    menus: Sequence[Menu],
    references: Right,
    n: int,
    has_gate: bool = False,
    n_teams: int = 0,
    n_frozen: int | None = None,
    drawn: Draw | None = None,
) -> League:
    """Make a league whose metric is accuracy."""
    n_items = len(references)
    return League(
        contestants=[Contestant(files=files(menu.right, n=n), final=menu.final) for menu in menus],
        references=files(references, n=n),
        drawn=drawn or draw(n=n, m=n_items - n),
        score=Mean(is_exact=True, n_items=n_items),
        has_gate=has_gate,
        n_teams=n_teams,
        n_frozen=n_frozen,
    )
