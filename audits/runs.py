"""One audit run: collect, check, compose verdicts, store findings. A function of snapshot and seed.

Every random number comes from the run's stored entropy, the name of what draws it and the team, so each
p-value can be computed again. All teams share the repeated draws of the accusation: who else played changes a
team's figures there by no more than Monte Carlo error, and what played is frozen when the round closes.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from django.db import transaction

from audits import reports
from audits.checks import (
    accusation,
    deflation,
    discordance,
    elsewhere,
    gate,
    integrity,
    ledger,
    ranking,
    scores,
)
from audits.checks.result import Result
from audits.collect import ACTOR, Collected, Entrant, collect
from audits.models import AuditRun, Finding, Report
from stats import accusation as judge
from stats import verdict as verdicts
from stats.team_tests import FAMILY_WISE_ERROR, TeamTests
from stats.verdict import Evidence, ShiftGate, Verdict
from vault import journal, rounds
from vault.models import Round

logger = logging.getLogger(__name__)

VERDICT = "verdict"
VERSION = "1"

Clock = Callable[[], dt.datetime]


def run(*, round: Round, clock: Clock) -> AuditRun:
    """Audit a round and store what was found, once.

    A run that a crash left behind is marked as failed. The seed is a constant of the round from its planning
    on: nobody gets other random numbers by stopping an audit and starting it again.
    """
    earlier = AuditRun.objects.filter(round=round).order_by("pk")
    done = earlier.filter(status=AuditRun.Status.DONE).last()
    if done is not None:
        return done
    earlier.filter(status=AuditRun.Status.RUNNING).update(
        status=AuditRun.Status.FAILED, error="interrupted", finished_at=clock()
    )
    started = AuditRun.objects.create(
        round=round,
        status=AuditRun.Status.RUNNING,
        snapshot={},
        seed_entropy=rounds.audit_seed(round=round),
        started_at=clock(),
    )
    try:
        collected = collect(round=round, now=clock())
        _store(started, round=round, collected=collected, clock=clock)
    except Exception as error:
        # The kind of error only: its message could hold a label.
        AuditRun.objects.filter(pk=started.pk).update(
            status=AuditRun.Status.FAILED, error=type(error).__name__, finished_at=clock()
        )
        raise
    return started


def generator_of(entropy: str) -> Callable[..., np.random.Generator]:
    def generator(*purpose: object) -> np.random.Generator:
        text = ":".join(map(str, (entropy, *purpose)))
        return np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest(), 16))

    return generator


def _store(
    audit: AuditRun, *, round: Round, collected: Collected, clock: Callable[[], dt.datetime]
) -> None:
    generator = generator_of(audit.seed_entropy)
    observed_gate = gate.gate_of(collected, generator(gate.NAME))
    gate_says = gate.state_of(observed_gate)
    tests = accusation.run(collected, generator(accusation.NAME))
    results = [
        *integrity.check(collected),
        *ledger.check(
            collected,
            account=rounds.account(round=round),
            nats=rounds.holdout_nats(round=round),
        ),
        *gate.check(observed_gate),
        *accusation.check(tests, delta0=collected.delta0),
        *discordance.check(collected),
        *deflation.check(collected, generator),
        *elsewhere.check(collected),
        *ranking.check(collected, generator),
        *scores.check(collected),
        *_verdicts(collected, tests, gate_says),
    ]
    finals, now = _finals(collected), clock()
    with transaction.atomic():
        Finding.objects.bulk_create(_finding(audit, result, finals) for result in results)
        audit.snapshot = _snapshot(round, collected)
        audit.shift_gate = gate_says.value
        audit.status = AuditRun.Status.DONE
        audit.finished_at = now
        audit.save(update_fields=["snapshot", "shift_gate", "status", "finished_at"])
        html = reports.render(audit=audit)
        Report.objects.create(
            run=audit, html=html, sha256=hashlib.sha256(html.encode()).hexdigest(), created_at=now
        )
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="audit",
            actor=ACTOR,
            payload={"round": round.number, "run": audit.pk, "seed": audit.seed_entropy},
            now=now,
        )


def _verdicts(
    collected: Collected, tests: dict[int, TeamTests], gate_says: ShiftGate
) -> list[Result]:
    triaged = judge.triage(tests=tests)
    invalid = {"verdict": Verdict.INVALID.value, "published_verdict": Verdict.INVALID.value}
    results = [
        Result(check=VERDICT, team_id=team.team_id, evidence=invalid) for team in collected.damaged
    ]
    for entrant in collected.entrants:
        team_id, found = entrant.history.team_id, tests.get(entrant.history.team_id)
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
        return Result(check=VERDICT, team_id=entrant.history.team_id, evidence=said)
    best = _exact_scores(entrant, found.best, n_fresh=n_fresh)
    shown = found.shown(delta0=evidence.delta0)
    test = shown.test
    return Result(
        check=VERDICT,
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
        first.setdefault(
            team.team_id, Result(check=VERDICT, team_id=team.team_id, evidence=evidence)
        )
    return list(first.values())


def _finals(collected: Collected) -> dict[int, Any]:
    finals = {
        entrant.history.team_id: entrant.history.submissions[entrant.final].id
        for entrant in collected.audited
        if entrant.final is not None
    }
    for team, submission in zip(
        collected.reference_teams, collected.reference_history, strict=True
    ):
        finals.setdefault(team.team_id, submission.id)
    return finals


def _finding(audit: AuditRun, result: Result, finals: dict[int, Any]) -> Finding:
    return Finding(
        run=audit,
        team_id=result.team_id,
        submission_id=None if result.team_id is None else finals.get(result.team_id),
        check_name=result.check,
        estimate=result.estimate,
        low=result.low,
        high=result.high,
        p_value=result.p_value,
        minimum_detectable_effect=result.minimum_detectable_effect,
        verdict=result.evidence.get("verdict", ""),
        evidence=result.evidence,
    )


def _snapshot(round: Round, collected: Collected) -> dict[str, Any]:
    return {
        "version": VERSION,
        "metric": collected.metric,
        "delta0": collected.delta0,
        "n_query": collected.n,
        "n_fresh": collected.m,
        "query_holdout": str(round.query_holdout_id),
        "fresh_holdouts": [str(each.pk) for each in round.fresh_holdouts.order_by("pk")],
        "references": [str(each.id) for each in collected.reference_history],
        "submissions": {
            entrant.history.name: [str(each.id) for each in entrant.history.submissions]
            for entrant in collected.entrants
        },
        "published_finals": [str(each.id) for each in collected.published_finals],
        "n_teams": collected.n_teams,
        "alpha": FAMILY_WISE_ERROR,
        "triage_alpha": judge.TRIAGE_ALPHA,
    }
