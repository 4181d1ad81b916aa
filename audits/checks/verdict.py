"""The verdict on each team: what the judge makes of the tests, of the gate and of the files' integrity.

References are judged by nobody; their scores stand beside the teams'.
"""

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
    invalid = {"verdict": Verdict.INVALID.value, "published_verdict": Verdict.INVALID.value}
    results = [
        Result(check=NAME, team_id=team.team_id, evidence=invalid) for team in collected.damaged
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
    said = {
        "verdict": verdicts.verdict(evidence).value,
        "published_verdict": verdicts.published(evidence).value,
        **entrant.history.on_the_board,
        **_exact_scores(entrant, entrant.final, n_fresh=n_fresh),
        "delta0": evidence.delta0,
        "k": entrant.k,
    }
    if found is None:
        return Result(check=NAME, team_id=entrant.history.team_id, evidence=said)
    best = _exact_scores(entrant, found.best, n_fresh=n_fresh)
    shown = found.shown(delta0=evidence.delta0)
    test = shown.test
    return Result(
        check=NAME,
        team_id=entrant.history.team_id,
        estimate=test.overstatement,
        low=test.low,
        high=test.high,
        p_value=test.adjusted,
        minimum_detectable_effect=shown.minimum_detectable_effect,
        evidence={
            **said,
            "best_query": best["query"],
            "best_fresh": best["fresh"],
            "test": shown.kind,
            "file": shown.which,
            "submission": str(entrant.history.submissions[test.file].id),
            "is_ranked_file": test.file == entrant.final,
            "reference_excess": test.reference_excess,
            "luck": test.luck,
            "excess_low": test.excess_low,
            "p_adjusted": test.adjusted,
            "p_is_screened": test.is_screened,
        },
    )


def _exact_scores(entrant: Entrant, file: int | None, *, n_fresh: int) -> dict[str, float | None]:
    if file is None:
        return {"query": None, "fresh": None}
    columns = entrant.columns
    return {
        "query": float(columns.query_exact[file]),
        "fresh": float(columns.fresh_exact[file]) if n_fresh else None,
    }


def _reference_scores(collected: Collected) -> list[Result]:
    """References are judged by nobody; their scores stand beside the teams'.

    A reference team with several frozen files stands for the first of them.
    """
    columns = collected.references
    first: dict[int, Result] = {}
    for position, team in enumerate(collected.reference_teams):
        evidence = {
            "verdict": "",
            **team.on_the_board,
            "query": float(columns.query_exact[position]),
            "fresh": float(columns.fresh_exact[position]) if collected.m else None,
        }
        first.setdefault(team.team_id, Result(check=NAME, team_id=team.team_id, evidence=evidence))
    return list(first.values())


CHECK = Check(name=NAME, check=check)
