"""The verdict on each team: what the judge makes of tests, gate and integrity; references have none."""

from audits.checks import gate
from audits.checks.check import Check, Context
from audits.collected import Collected, Entrant
from audits.judged import VERDICT as NAME
from audits.models import Finding
from stats import accusation as judge
from stats import verdict as verdicts
from stats.scored_files import Files
from stats.team_tests import Shown
from stats.verdict import Evidence, Verdict


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding a team, whether it could be tested or not, and one a reference team."""
    triaged, gate_says = judge.triage(tests=context.tests), gate.state_of(context.gate)
    invalid = Verdict.INVALID.value
    findings = [
        Finding(team_id=team.team_id, verdict=invalid, published_verdict=invalid)
        for team in collected.damaged
    ]
    for entrant in collected.entrants:
        team, found = entrant.history, context.tests.get(entrant.history.team_id)
        shown = None if found is None else found.shown(delta0=collected.delta0)
        evidence = Evidence(
            was_tested=found is not None,
            accused=found is not None and found.accuses(delta0=collected.delta0),
            triaged=team.team_id in triaged,
            gate=gate_says,
            interval_low=None if shown is None else shown.test.low,
            exceeds_luck=shown is not None and shown.test.exceeds_luck,
            delta0=collected.delta0,
        )
        query, fresh = _exact_scores(entrant.columns, entrant.final, n_fresh=collected.m)
        finding = Finding(
            team_id=team.team_id,
            verdict=verdicts.verdict(evidence).value,
            published_verdict=verdicts.published(evidence).value,
            attempts=team.attempts,
            n_files=entrant.k,
            released=team.released,
            query=query,
            fresh=fresh,
            evidence={"delta0": collected.delta0},
        )
        if found is not None and shown is not None:
            best = _exact_scores(entrant.columns, found.best, n_fresh=collected.m)
            finding.best_query, finding.best_fresh = best
            _add_test(finding, entrant, shown)
        findings.append(finding)
    return findings + _reference_scores(collected)


def _add_test(finding: Finding, entrant: Entrant, shown: Shown) -> None:
    """Write down the test that people read, and of which file it is."""
    test = shown.test
    finding.estimate, finding.low, finding.high = test.overstatement, test.low, test.high
    finding.p_value, finding.is_screened = test.adjusted, test.is_screened
    finding.minimum_detectable_effect = shown.minimum_detectable_effect
    finding.file_named, finding.test = shown.which, shown.kind
    finding.named_submission_id = entrant.history.submissions[test.file].id
    finding.is_ranked_file = test.file == entrant.final
    finding.reference_excess, finding.luck = test.reference_excess, test.luck
    finding.evidence["excess_low"] = test.excess_low


def _exact_scores(
    columns: Files, file: int | None, *, n_fresh: int
) -> tuple[float | None, float | None]:
    """On query and on fresh labels."""
    if file is None:
        return None, None
    return float(columns.query_exact[file]), float(columns.fresh_exact[file]) if n_fresh else None


def _reference_scores(collected: Collected) -> list[Finding]:
    """Give the scores of each reference team; of one with several frozen files those of the first."""
    first: dict[int, Finding] = {}
    for position, team in enumerate(collected.reference_teams):
        query, fresh = _exact_scores(collected.references, position, n_fresh=collected.m)
        finding = Finding(
            team_id=team.team_id,
            is_reference=team.is_reference,
            attempts=team.attempts,
            released=team.released,
            query=query,
            fresh=fresh,
        )
        first.setdefault(team.team_id, finding)
    return list(first.values())


CHECK = Check(name=NAME, meaning="What the audit says of each team.", check=check)
