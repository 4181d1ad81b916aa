import numpy as np
import pytest

from lab import memory_audit, season
from lab.memory import MemoryRound
from lab.memory_audit import Panel, RoundAudit
from tests.lab.conftest import League

ATTACKERS = [season.BOOSTER, season.CLIMBER, season.EVADER]


def played(league: League, *, mechanism: str) -> MemoryRound:
    round_ = league.round(mechanism=mechanism)
    desks = {team: round_.desk(team=team) for team in season.TEAMS}
    season.play(cast=league.cast(), desks=desks, seed=7, order="interleaved")
    return round_


def audited(league: League, round_: MemoryRound) -> RoundAudit:
    """The made-up files are equally right on query and fresh items, so no gate fires by chance."""
    return memory_audit.audit(
        round_=round_,
        panel=Panel(labels=league.labels, query=league.query, fresh=league.fresh),
        references={name: league.file(accuracy=0.7) for name in season.REFERENCES},
        rng=np.random.default_rng(1),
    )


def test_exact_board_convicts_the_attackers_alone(league: League) -> None:
    """Honest files have no inflation at all here; an attacker's is over 5 standard errors."""
    result = audited(league, played(league, mechanism="exact"))

    assert result.confirmed == ATTACKERS
    # The evader handed in one file, so only the references can be compared with.
    assert result.teams[season.EVADER].attempts == 1
    for name in ATTACKERS:
        team = result.teams[name]
        assert team.interval[0] > 0
        assert team.p_value < 0.001
        assert team.released is not None
        # Own-first compares with a first file that is about equally right on both holdouts.
        assert team.inflation == pytest.approx(team.released - team.fresh, abs=0.06)


def test_guarded_ladder_leaves_nothing_to_convict(league: League) -> None:
    result = audited(league, played(league, mechanism="guarded_ladder"))

    assert result.confirmed == []
    assert all(np.isfinite([*team.interval, team.p_value]).all() for team in result.teams.values())


def test_nobody_is_convicted_when_the_gate_fires(league: League) -> None:
    round_ = played(league, mechanism="exact")
    easier = league.file(accuracy=0.7)
    easier[league.query] = league.labels[league.query]
    references = dict.fromkeys(season.REFERENCES, easier)

    result = memory_audit.audit(
        round_=round_,
        panel=Panel(labels=league.labels, query=league.query, fresh=league.fresh),
        references=references,
        rng=np.random.default_rng(1),
    )

    assert result.gate.fired
    assert result.confirmed == []
