"""The verdict on each team: what the judge makes of the tests, of the gate and of the files' integrity.

References are judged by nobody; their scores stand beside the teams'.
"""

from dataclasses import replace

from audits.checks import gate
from audits.checks.check import Check, Context, Result
from audits.collect import Collected, Entrant
from audits.judged import VERDICT as NAME
from stats import accusation as judge
from stats import verdict as verdicts
from stats.team_tests import TeamTests
from stats.verdict import Evidence, Verdict


def check(collected: Collected, context: Context) -> list[Result]:
    """One finding a team, whether it could be tested or not, and one a reference team."""
    triaged, gate_says = judge.triage(tests=context.tests), gate.state_of(context.gate)
    invalid = Verdict.INVALID.value
    results = [
        Result(check=NAME, team_id=team.team_id, verdict=invalid, published_verdict=invalid)
        for team in collected.damaged
    ]
    for entrant in collected.entrants:
        team_id = entrant.history.team_id
        found = context.tests.get(team_id)
        shown = None if found is None else found.shown(delta0=collected.delta0)
        evidence = Evidence(
            was_tested=found is not None,
            accused=found is not None and found.accuses(delta0=collected.delta0),
            triaged=team_id in triaged,
            gate=gate_says,
            interval_low=None if shown is None else shown.test.low,
            exceeds_luck=shown is not None and shown.test.exceeds_luck,
            delta0=collected.delta0,
        )
        results.append(_verdict_of(entrant, found, evidence, n_fresh=collected.m))
    return results + _reference_scores(collected)


def _verdict_of(
    entrant: Entrant, found: TeamTests | None, evidence: Evidence, *, n_fresh: int
) -> Result:
    team = entrant.history
    query, fresh = _exact_scores(entrant, entrant.final, n_fresh=n_fresh)
    untested = Result(
        check=NAME,
        team_id=team.team_id,
        verdict=verdicts.verdict(evidence).value,
        published_verdict=verdicts.published(evidence).value,
        attempts=team.attempts,
        n_files=entrant.k,
        released=team.released,
        query=query,
        fresh=fresh,
        evidence={"delta0": evidence.delta0},
    )
    if found is None:
        return untested
    best_query, best_fresh = _exact_scores(entrant, found.best, n_fresh=n_fresh)
    shown = found.shown(delta0=evidence.delta0)
    test = shown.test
    return replace(
        untested,
        estimate=test.overstatement,
        low=test.low,
        high=test.high,
        p_value=test.adjusted,
        minimum_detectable_effect=shown.minimum_detectable_effect,
        best_query=best_query,
        best_fresh=best_fresh,
        file_named=shown.which,
        named_submission_id=team.submissions[test.file].id,
        is_ranked_file=test.file == entrant.final,
        test=shown.kind,
        reference_excess=test.reference_excess,
        luck=test.luck,
        is_screened=test.is_screened,
        evidence={**untested.evidence, "excess_low": test.excess_low},
    )


def _exact_scores(
    entrant: Entrant, file: int | None, *, n_fresh: int
) -> tuple[float | None, float | None]:
    """On query and on fresh labels."""
    if file is None:
        return None, None
    columns = entrant.columns
    fresh = float(columns.fresh_exact[file]) if n_fresh else None
    return float(columns.query_exact[file]), fresh


def _reference_scores(collected: Collected) -> list[Result]:
    """Of a reference team with several frozen files those of the first."""
    columns = collected.references
    first: dict[int, Result] = {}
    for position, team in enumerate(collected.reference_teams):
        result = Result(
            check=NAME,
            team_id=team.team_id,
            is_reference=team.is_reference,
            attempts=team.attempts,
            released=team.released,
            query=float(columns.query_exact[position]),
            fresh=float(columns.fresh_exact[position]) if collected.m else None,
        )
        first.setdefault(team.team_id, result)
    return list(first.values())


CHECK = Check(name=NAME, meaning="What the audit says of each team.", check=check)
