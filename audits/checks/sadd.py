"""Check 5, the accusation: SADD by pooled shuffle, own-first (5a) and organiser references (5b).

5a compares a team's final with its own first file of the round, handed in before anything was released
to it; 5b with all frozen organiser references. An odd first file or a clean second account evades 5a
and not 5b. Holm at .005 over the teams for each of the two; every rejection is checked again by real
shuffles of the items before it counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.checks.result import Result
from audits.collect import Collected, Columns, Entrant
from stats import inflation
from stats.inflation import Sadd
from stats.menu import Menu, menu
from stats.multiplicity import benjamini_hochberg, holm

NAME = "sadd"
OWN_FIRST = "own_first"
ORGANISER = "organiser"
ALPHA = 0.005
TRIAGE_ALPHA = 0.10
N_SHUFFLES = 20_000

Generators = Callable[..., np.random.Generator]


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One team against one kind of reference."""

    sadd: Sadd
    # Holm-adjusted over the teams.
    adjusted: float
    # The real shuffle of a team that the Gaussian form would accuse; None where that was not needed.
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
    """Both tests of a team; at least one could run."""

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
        return any(each.accuses(delta0=delta0) for each in (self.own_first, self.organiser) if each)


def run(collected: Collected, generator: Generators) -> dict[int, TeamTests]:
    """Tests by team id, for the teams that can be tested at all."""
    if not collected.can_decide:
        return {}
    own = _family(collected, generator, kind=OWN_FIRST, reference_of=_own_first)
    organiser = _family(collected, generator, kind=ORGANISER, reference_of=_organiser)
    return {
        team_id: TeamTests(own_first=own.get(team_id), organiser=organiser.get(team_id))
        for team_id in own.keys() | organiser.keys()
    }


def triage(tests: dict[int, TeamTests]) -> set[int]:
    """Teams that Benjamini-Hochberg at .10 would have a researcher look at."""
    teams = sorted(tests)
    adjusted = benjamini_hochberg(p_values=[tests[team].p_value for team in teams])
    return {team for team, p in zip(teams, adjusted, strict=True) if p <= TRIAGE_ALPHA}


def check(tests: dict[int, TeamTests]) -> list[Result]:
    return [
        Result(
            check=NAME,
            team_id=team_id,
            estimate=each.shown.inflation,
            low=each.shown.low,
            high=each.shown.high,
            p_value=each.p_value,
            minimum_detectable_effect=each.shown.minimum_detectable_effect,
            evidence={
                OWN_FIRST: _evidence(each.own_first),
                ORGANISER: _evidence(each.organiser),
            },
        )
        for team_id, each in sorted(tests.items())
    ]


def _own_first(entrant: Entrant, collected: Collected) -> Columns | None:
    if entrant.k < 2 or entrant.final == 0 or not entrant.started_blind:
        return None
    own = entrant.columns
    return Columns(
        query=own.query[:, :1],
        fresh=own.fresh[:, :1],
        query_exact=own.query_exact[:1],
        fresh_exact=own.fresh_exact[:1],
    )


def _organiser(entrant: Entrant, collected: Collected) -> Columns | None:
    return collected.references if collected.references.query.shape[1] else None


@dataclass(frozen=True, kw_only=True)
class _Case:
    menu: Menu
    final: int
    observed: float | None
    first: Sadd


def _family(
    collected: Collected,
    generator: Generators,
    *,
    kind: str,
    reference_of: Callable[[Entrant, Collected], Columns | None],
) -> dict[int, Tested]:
    """One test of every team it can run for, with Holm over these teams."""
    n_tests = len(collected.audited)
    cases: dict[int, _Case] = {}
    for entrant in collected.audited:
        reference = reference_of(entrant, collected)
        if reference is not None:
            rng = generator(kind, entrant.history.team_id)
            cases[entrant.history.team_id] = _case(entrant, reference, collected, rng, n_tests)
    p_values = [case.first.p_value for case in cases.values()]
    adjusted = dict(zip(cases, holm(p_values=p_values).tolist(), strict=True))
    return {
        team_id: Tested(
            sadd=case.first,
            adjusted=adjusted[team_id],
            shuffled=_shuffled(case, generator(f"{kind}-shuffle", team_id), n_tests)
            if adjusted[team_id] <= ALPHA and case.first.excess_low > collected.delta0
            else None,
        )
        for team_id, case in cases.items()
    }


def _case(
    entrant: Entrant,
    reference: Columns,
    collected: Collected,
    rng: np.random.Generator,
    n_tests: int,
) -> _Case:
    own, final = entrant.columns, entrant.final
    assert final is not None  # only teams with a final are audited
    stacked = menu(
        query_scores=own.query,
        fresh_scores=own.fresh,
        query_references=reference.query,
        fresh_references=reference.fresh,
    )
    observed = None
    if not collected.is_mean:
        weights = stacked.weights[:, final]
        on_query = own.query_exact[final] - reference.query_exact @ weights
        on_fresh = own.fresh_exact[final] - reference.fresh_exact @ weights
        observed = float(on_query - on_fresh)
    first = inflation.sadd(
        menu=stacked, final=final, rng=rng, n_tests=n_tests, alpha=ALPHA, observed=observed
    )
    return _Case(menu=stacked, final=final, observed=observed, first=first)


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


def _evidence(tested: Tested | None) -> dict[str, Any] | None:
    if tested is None:
        return None
    found = tested.sadd
    return {
        "inflation": found.inflation,
        "interval": [found.low, found.high],
        "p_value": found.p_value,
        "p_value_holm": tested.adjusted,
        "p_value_shuffle": None if tested.shuffled is None else tested.shuffled.p_value,
        "luck": found.luck,
        "excess_low": found.excess_low,
        "minimum_detectable_effect": found.minimum_detectable_effect,
        "n_draws": found.n_draws,
        "k": found.k,
    }
