"""The accusation: SADD for every team of a round, own-first (5a) and organiser references (5b), under Holm.

5a compares a team's final with its own first file of the round, handed in before anything was released
to it; 5b with all frozen organiser references. An odd first file or a clean second account evades 5a
and not 5b. Holm at .005 over the teams for each of the two keeps the family-wise error of a round at
.01; every rejection is checked again by real shuffles of the items before it counts.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stats import inflation
from stats.inflation import Sadd
from stats.menu import Menu, menu
from stats.multiplicity import benjamini_hochberg, holm

OWN_FIRST = "own_first"
ORGANISER = "organiser"
ALPHA = 0.005
TRIAGE_ALPHA = 0.10
N_SHUFFLES = 20_000

Team = TypeVar("Team", bound=Hashable)
Generators = Callable[..., np.random.Generator]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """
    Scores of submissions, oriented: higher is better.

    Parameters
    ----------
    query, fresh : arrays of shape (n, submissions) and (m, submissions)
        Per-item scores, or influence values on the pooled items.
    query_exact, fresh_exact : arrays of shape (submissions,)
        The metric itself on each holdout.
    """

    query: NDArray[Any]
    fresh: NDArray[Any]
    query_exact: NDArray[np.float64]
    fresh_exact: NDArray[np.float64]

    @property
    def k(self) -> int:
        """Submissions."""
        return int(self.query.shape[1])

    @property
    def first(self) -> "Columns":
        """The earliest submission alone."""
        return Columns(
            query=self.query[:, :1],
            fresh=self.fresh[:, :1],
            query_exact=self.query_exact[:1],
            fresh_exact=self.fresh_exact[:1],
        )


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """
    One team, or one cluster of accounts.

    Parameters
    ----------
    columns : Columns
        Everything it submitted, in time order.
    final : int in [0, k)
    started_blind : bool
        Whether its first file came before anything was released to it.
    """

    columns: Columns
    final: int
    started_blind: bool = True


@dataclass(frozen=True, kw_only=True)
class Tested:
    """
    One team against one kind of reference.

    Parameters
    ----------
    sadd : Sadd
    adjusted : float
        The p-value, Holm-adjusted over the teams.
    shuffled : Sadd or None
        The real shuffle of a team that the Gaussian form would accuse; None where that was not needed.
    """

    sadd: Sadd
    adjusted: float
    shuffled: Sadd | None

    def accuses(self, *, delta0: float) -> bool:
        """Holm rejects, the inflation exceeds luck by more than delta0, and a real shuffle agrees."""
        return (
            self.adjusted <= ALPHA
            and self.sadd.excess_low > delta0
            and self.shuffled is not None
            and self.shuffled.p_value <= ALPHA
            and self.shuffled.excess_low > delta0
        )


@dataclass(frozen=True, kw_only=True)
class TeamTests:
    """
    Both tests of a team; at least one could run.

    Parameters
    ----------
    own_first, organiser : Tested or None
        5a and 5b.
    """

    own_first: Tested | None
    organiser: Tested | None

    @property
    def shown(self) -> Sadd:
        """What is reported as the team's inflation: own-first where it can run."""
        tested = self.own_first or self.organiser
        assert tested is not None
        return tested.sadd

    @property
    def p_value(self) -> float:
        """Two tests, so twice the smaller p-value; with one test the other's level stays unused."""
        values = [each.sadd.p_value for each in (self.own_first, self.organiser) if each]
        return min(1.0, 2 * min(values))

    def accuses(self, *, delta0: float) -> bool:
        """Whether either test accuses."""
        return any(each.accuses(delta0=delta0) for each in (self.own_first, self.organiser) if each)


def accuse(
    *,
    contestants: Mapping[Team, Contestant],
    references: Columns | None,
    delta0: float,
    is_mean: bool,
    generator: Generators,
) -> dict[Team, TeamTests]:
    """
    Test every team of a round.

    Parameters
    ----------
    contestants : mapping from team to Contestant
    references : Columns or None
        The frozen organiser references; without them only 5a runs.
    delta0 : float, >= 0
        Inflation that is of no interest, in the metric's units.
    is_mean : bool
        Whether the metric is the mean of its items; else D comes from the exact scores.
    generator : function
        From what a random number is for, and the team, to its Generator: so no team's figures depend on
        the others'.

    Returns
    -------
    dict from team to TeamTests
        The teams that could be tested: with references all, else those that started blind and whose
        final is not their first submission.

    Raises
    ------
    ValueError
        As `stats.menu.menu` and `stats.inflation.sadd`, or if `delta0` is negative or not a number.

    Notes
    -----
    Assumes: query and fresh items are one random draw. Cost: two `sadd` a team, and two `sadd_shuffle` of
    20,000 draws for each team that would be accused. Source: STATISTICS C3 and G.
    """
    if not delta0 >= 0:
        raise ValueError("delta0 must be at least 0")
    families = {
        OWN_FIRST: {
            team: each.columns.first
            for team, each in contestants.items()
            if each.started_blind and each.final != 0
        },
        ORGANISER: {} if references is None else dict.fromkeys(contestants, references),
    }
    tested = {
        kind: _family(
            kind=kind,
            cases={
                team: _case(contestants[team], reference, is_mean)
                for team, reference in against.items()
            },
            n_tests=len(contestants),
            delta0=delta0,
            generator=generator,
        )
        for kind, against in families.items()
    }
    own, organiser = tested[OWN_FIRST], tested[ORGANISER]
    return {
        team: TeamTests(own_first=own.get(team), organiser=organiser.get(team))
        for team in contestants
        if team in own or team in organiser
    }


def triage(*, tests: Mapping[Team, TeamTests]) -> set[Team]:
    """
    Teams that Benjamini-Hochberg at .10 would have a researcher look at.

    Parameters
    ----------
    tests : mapping from team to TeamTests

    Returns
    -------
    set of teams

    Notes
    -----
    On min(1, 2 min(p5a, p5b)). No accusation, and never published. Cost: O(t log t). Source: STATISTICS G.
    """
    teams = list(tests)
    adjusted = benjamini_hochberg(p_values=[tests[team].p_value for team in teams])
    return {team for team, p in zip(teams, adjusted, strict=True) if p <= TRIAGE_ALPHA}


@dataclass(frozen=True, kw_only=True)
class _Case:
    menu: Menu
    final: int
    observed: float | None


def _case(contestant: Contestant, reference: Columns, is_mean: bool) -> _Case:
    own, final = contestant.columns, contestant.final
    stacked = menu(
        query_scores=own.query,
        fresh_scores=own.fresh,
        query_references=reference.query,
        fresh_references=reference.fresh,
    )
    if is_mean:
        return _Case(menu=stacked, final=final, observed=None)
    weights = stacked.weights[:, final]
    on_query = own.query_exact[final] - reference.query_exact @ weights
    on_fresh = own.fresh_exact[final] - reference.fresh_exact @ weights
    return _Case(menu=stacked, final=final, observed=float(on_query - on_fresh))


def _family(
    *,
    kind: str,
    cases: Mapping[Team, _Case],
    n_tests: int,
    delta0: float,
    generator: Generators,
) -> dict[Team, Tested]:
    """One test of every team it can run for, with Holm over these teams."""
    first = {
        team: inflation.sadd(
            menu=case.menu,
            final=case.final,
            rng=generator(kind, team),
            n_tests=n_tests,
            alpha=ALPHA,
            observed=case.observed,
        )
        for team, case in cases.items()
    }
    p_values = [each.p_value for each in first.values()]
    adjusted = dict(zip(first, holm(p_values=p_values).tolist(), strict=True))
    suspects = {
        team for team, each in first.items() if adjusted[team] <= ALPHA and each.excess_low > delta0
    }
    return {
        team: Tested(
            sadd=each,
            adjusted=adjusted[team],
            shuffled=_shuffled(cases[team], generator(f"{kind}-shuffle", team), n_tests)
            if team in suspects
            else None,
        )
        for team, each in first.items()
    }


def _shuffled(case: _Case, rng: np.random.Generator, n_tests: int) -> Sadd:
    return inflation.sadd_shuffle(
        menu=case.menu,
        final=case.final,
        rng=rng,
        n_draws=N_SHUFFLES,
        n_tests=n_tests,
        alpha=ALPHA,
        observed=case.observed,
    )
