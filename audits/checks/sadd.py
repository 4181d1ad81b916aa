"""Check 5, the accusation: SADD by pooled shuffle, own-first (5a) and organiser references (5b).

The statistics are `stats.accusation`; here a round's history becomes its contestants, and what was found
becomes findings.
"""

from typing import Any

from audits.checks.result import Result
from audits.collect import Collected
from stats import accusation
from stats.accusation import ORGANISER, OWN_FIRST, Contestant, Generators, TeamTests, Tested

NAME = "sadd"


def run(collected: Collected, generator: Generators) -> dict[int, TeamTests]:
    """Tests by team id, for the teams that can be tested at all."""
    if not collected.can_decide:
        return {}
    return accusation.accuse(
        contestants={
            entrant.history.team_id: Contestant(
                columns=entrant.columns,
                final=entrant.final,
                started_blind=entrant.started_blind,
            )
            for entrant in collected.entrants
            if entrant.final is not None
        },
        references=collected.references if collected.references.k else None,
        delta0=collected.delta0,
        is_mean=collected.is_mean,
        generator=generator,
    )


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
