import numpy as np
import pytest

from lab.demo import season
from lab.demo.rehearsal import audit
from lab.demo.rehearsal.audit import Panel, RoundAudit
from lab.demo.rehearsal.memory import MemoryRound
from stats.team_tests import BEST_SCORED, FINAL
from stats.verdict import Evidence, Verdict
from tests.lab.demo.conftest import League


def played(league: League, *, mechanism: str) -> MemoryRound:
    round_ = league.round(mechanism=mechanism)
    desks = {team: round_.desk(team=team) for team in season.TEAMS}
    season.play(cast=league.cast(), desks=desks, seed=7, order="interleaved")
    return round_


def audited(league: League, round_: MemoryRound) -> RoundAudit:
    """The made-up files are equally right on query and fresh items, so no gate fires by chance."""
    return audit.audit(
        round_=round_,
        panel=Panel(labels=league.labels, query=league.query, fresh=league.fresh),
        references={name: league.file(accuracy=0.7) for name in season.REFERENCES},
        rng=np.random.default_rng(1),
    )


def test_exact_board_convicts_the_attackers_alone(league: League) -> None:
    """Honest files are right on equal shares here; an attacker's lead is over 5 standard errors."""
    result = audited(league, played(league, mechanism="exact"))

    assert result.confirmed == list(season.ATTACKERS)
    # The evader handed in one file, so only the references can be compared with.
    assert result.teams[season.EVADER].attempts == 1
    for name in season.ATTACKERS:
        team = result.teams[name]
        assert team.interval[0] > 0
        assert team.luck < team.overstatement
        assert team.p_adjusted <= 0.01
    for name in (season.BOOSTER, season.CLIMBER, season.EVADER):
        team = result.teams[name]
        assert team.file == FINAL
        assert team.released is not None
        # The references are about equally right on both holdouts.
        assert team.overstatement == pytest.approx(team.released - team.fresh, abs=0.06)


def test_a_boosted_file_is_found_behind_an_honest_final(league: League) -> None:
    result = audited(league, played(league, mechanism="exact"))

    team = result.teams[season.SWAPPER]
    assert team.released is not None
    # The verdict is of the best-scored file; the final, whose scores these are, shows nothing.
    assert (team.verdict, team.file) == (Verdict.CONFIRMED, BEST_SCORED)
    assert team.overstatement > 0.03
    assert abs(team.released - team.fresh) < 0.02


def test_guarded_ladder_leaves_nothing_to_convict(league: League) -> None:
    result = audited(league, played(league, mechanism="guarded_ladder"))

    assert result.confirmed == []
    for team in result.teams.values():
        assert team.file == FINAL
        assert np.isfinite([*team.interval, team.luck, team.p_adjusted]).all()


def test_the_verdict_is_composed_by_the_judge_alone(
    league: League, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Evidence] = []

    def judge(evidence: Evidence) -> Verdict:
        seen.append(evidence)
        return Verdict.NOT_TESTED

    round_ = played(league, mechanism="exact")
    monkeypatch.setattr(audit, "verdict", judge)

    result = audited(league, round_)

    assert {team.verdict for team in result.teams.values()} == {Verdict.NOT_TESTED}
    assert sum(evidence.accused for evidence in seen) == len(season.ATTACKERS)


def test_nobody_is_convicted_when_the_gate_fires(league: League) -> None:
    round_ = played(league, mechanism="exact")
    easier = league.file(accuracy=0.7)
    easier[league.query] = league.labels[league.query]
    references = dict.fromkeys(season.REFERENCES, easier)

    result = audit.audit(
        round_=round_,
        panel=Panel(labels=league.labels, query=league.query, fresh=league.fresh),
        references=references,
        rng=np.random.default_rng(1),
    )

    assert result.gate.fired
    assert result.confirmed == []
