from lab.demo.management.commands.rehearse_demo import row, summary
from lab.demo.rehearsal.audit import RoundAudit, TeamAudit
from lab.demo.rehearsal.study import GUARDED, OPEN, SYBIL, SeedResult
from lab.demo.season import ATTACKERS, SYBILS, TEAMS
from stats.gate import Gate
from stats.team_tests import FINAL
from stats.verdict import Verdict


def audit_of(*, overstatement: float, confirmed: tuple[str, ...] = ()) -> RoundAudit:
    def team(name: str) -> TeamAudit:
        return TeamAudit(
            attempts=1,
            released=None,
            fresh=0.7,
            file=FINAL,
            overstatement=overstatement,
            interval=(overstatement - 0.01, overstatement + 0.01),
            luck=0.01,
            p_adjusted=1.0,
            verdict=Verdict.CONFIRMED if name in confirmed else Verdict.NO_EVIDENCE,
        )

    return RoundAudit(
        gate=Gate(difference=0.0, z=0.0, p_value=1.0, fired=False),
        teams={name: team(name) for name in (*TEAMS, *SYBILS)},
    )


def result_of(*, broken: list[str]) -> SeedResult:
    audits = {
        OPEN: audit_of(overstatement=0.05, confirmed=ATTACKERS),
        GUARDED: audit_of(overstatement=0.001),
        SYBIL: audit_of(overstatement=0.02, confirmed=(SYBILS[0],)),
    }
    return SeedResult(seed=3, audits=audits, gains={}, coalition_gain=0.012, broken=broken)


def test_row_shows_one_seed() -> None:
    assert row(result=result_of(broken=[])) == (
        "| 3 | booster, climber, evader, swapper | +0.0500 | +0.0010 | nobody | 1 of 10 | +0.0200 "
        "| +0.0120 | none |"
    )


def test_summary_counts_the_seeds_that_held() -> None:
    text = summary(results=[result_of(broken=[]), result_of(broken=["a promise"])])

    assert "in 1 of 2 seeds" in text
    assert "+0.0500 open, +0.0010 guarded" in text
    assert "Of 2 coalitions of 10 accounts, 2 accounts were confirmed" in text
    assert "mean overstatement +0.0200, mean gain +0.0120" in text
