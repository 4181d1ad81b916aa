from lab.management.commands.rehearse_demo import row, summary
from lab.memory_audit import RoundAudit, TeamAudit, Verdict
from lab.season import SYBILS, TEAMS
from lab.study import ATTACKERS, GUARDED, OPEN, SYBIL, SeedResult
from stats.inflation import Gate


def audit_of(*, inflation: float, confirmed: tuple[str, ...] = ()) -> RoundAudit:
    def team(name: str) -> TeamAudit:
        verdict: Verdict = "CONFIRMED" if name in confirmed else "NO_EVIDENCE"
        return TeamAudit(
            attempts=1,
            released=None,
            fresh=0.7,
            inflation=inflation,
            interval=(inflation - 0.01, inflation + 0.01),
            p_value=1.0,
            verdict=verdict,
        )

    return RoundAudit(
        gate=Gate(difference=0.0, z=0.0, p_value=1.0, fired=False),
        teams={name: team(name) for name in (*TEAMS, *SYBILS)},
    )


def result_of(*, broken: list[str]) -> SeedResult:
    audits = {
        OPEN: audit_of(inflation=0.05, confirmed=ATTACKERS),
        GUARDED: audit_of(inflation=0.001),
        SYBIL: audit_of(inflation=0.02, confirmed=(SYBILS[0],)),
    }
    return SeedResult(seed=3, audits=audits, gains={}, broken=broken)


def test_row_shows_one_seed() -> None:
    assert row(result=result_of(broken=[])) == (
        "| 3 | booster, climber, evader | 0.0500 | 0.0010 | 0.0200 | nobody | 1 | nothing |"
    )


def test_summary_counts_the_seeds_that_held() -> None:
    text = summary(results=[result_of(broken=[]), result_of(broken=["a promise"])])

    assert "in 1 of 2 seeds" in text
    assert "0.0500 open, 0.0010 guarded" in text
