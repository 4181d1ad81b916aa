"""One audit run: collect, check, compose verdicts, store findings. A function of snapshot and seed.

Every random number comes from the run's stored entropy, the name of what draws it and the team, so each
p-value can be computed again. All teams share the repeated draws of the accusation: who else played changes a
team's figures there by no more than Monte Carlo error, and what played is frozen when the round closes.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
from django.db import transaction

from audits.checks import accusation, gate, registry
from audits.checks.check import Context
from audits.collect import ACTOR, collect
from audits.collected import Collected
from audits.models import AuditRun, Finding, Report
from audits.report.documents import documents
from stats import accusation as judge
from stats.team_tests import FAMILY_WISE_ERROR
from vault import journal, rounds
from vault.models import Round, RoundNotice

# Raised when a finding changes for equal labels and files.
VERSION = "1"
# What the figures were computed and drawn with.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "matplotlib")
INTERRUPTED = "interrupted"

Clock = Callable[[], dt.datetime]


def run(*, round: Round, clock: Clock) -> AuditRun:
    """Audit a round and store what was found, once.

    A run that a crash left behind is marked as failed. The seed is a constant of the round from its planning
    on: nobody gets other random numbers by stopping an audit and starting it again.
    """
    done = AuditRun.last_done(round)
    if done is not None:
        return done
    return _made(round, notice=None, clock=clock)


def repeat(*, round: Round, notice: RoundNotice, clock: Clock) -> AuditRun:
    """Audit a round once more, beside the runs that were made, by the same seed."""
    return _made(round, notice=notice, clock=clock)


def _made(round: Round, *, notice: RoundNotice | None, clock: Clock) -> AuditRun:
    """Make a run; whoever calls this is the only one at the round's audits."""
    AuditRun.objects.filter(round=round, status=AuditRun.Status.RUNNING).update(
        status=AuditRun.Status.FAILED, error=INTERRUPTED, finished_at=clock()
    )
    started = AuditRun.objects.create(
        round=round,
        notice=notice,
        status=AuditRun.Status.RUNNING,
        snapshot={},
        seed_entropy=rounds.audit_seed(round=round),
        started_at=clock(),
    )
    try:
        collected = collect(round=round, now=clock(), repeats=notice is not None)
        _store(started, round=round, collected=collected, clock=clock)
    except Exception as error:
        # Whatever it was, the run must not stand as RUNNING. The kind of error only: its message could hold
        # a label.
        AuditRun.objects.filter(pk=started.pk).update(
            status=AuditRun.Status.FAILED, error=type(error).__name__, finished_at=clock()
        )
        raise
    return started


def generator_of(entropy: str) -> Callable[..., np.random.Generator]:
    """Make a generator for each purpose."""

    def generator(*purpose: object) -> np.random.Generator:
        text = ":".join(map(str, (entropy, *purpose)))
        return np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest(), 16))

    return generator


def _store(audit: AuditRun, *, round: Round, collected: Collected, clock: Clock) -> None:
    generator = generator_of(audit.seed_entropy)
    worn = rounds.wear(round=round)
    context = Context(
        generator=generator,
        account=rounds.account(round=round),
        nats=rounds.holdout_nats(round=round),
        earlier=partial(_earlier, round),
        wear=worn.line,
        nats_by_source={
            "told": worn.told,
            "answered": worn.answered,
            "reserved": worn.reserved,
            "planned": worn.planned,
        },
        gate=gate.gate_of(collected, generator(gate.NAME)),
        tests=accusation.run(collected, generator(accusation.NAME)),
    )
    findings = _findings(audit, collected, context)
    now = clock()
    with transaction.atomic():
        Finding.objects.bulk_create(findings)
        audit.snapshot = _snapshot(round, collected)
        audit.shift_gate = gate.state_of(context.gate).value
        audit.status = AuditRun.Status.DONE
        audit.finished_at = now
        audit.save(update_fields=["snapshot", "shift_gate", "status", "finished_at"])
        report = documents(audit=audit)
        Report.objects.create(
            run=audit,
            html=report.html,
            facts=report.json,
            markdown=report.markdown,
            sha256=hashlib.sha256(report.html.encode()).hexdigest(),
            created_at=now,
        )
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="audit",
            actor=ACTOR,
            payload={"round": round.number, "run": audit.pk, "seed": audit.seed_entropy}
            | ({} if audit.notice is None else {"repeats": True, "reason": audit.notice.reason}),
            now=now,
        )


def _earlier(round: Round, name: str) -> list[Finding]:
    rounds_before = Round.objects.filter(benchmark=round.benchmark_id, number__lt=round.number)
    runs = [AuditRun.last_done(each) for each in rounds_before]
    found = Finding.objects.filter(
        run__in=[each for each in runs if each is not None], check_name=name, team__isnull=False
    )
    return list(found.order_by("run__round__number", "team_id"))


def _findings(audit: AuditRun, collected: Collected, context: Context) -> list[Finding]:
    """Make all checks; a finding on a team is beside its final, of several references the first."""
    finals = {
        entrant.history.team_id: entrant.chosen.id
        for entrant in collected.entrants
        if entrant.chosen is not None
    }
    for team, submission in collected.frozen:
        finals.setdefault(team.team_id, submission.id)
    findings = []
    for each in registry.CHECKS:
        for finding in each.check(collected, context):
            finding.run, finding.check_name = audit, each.name
            if finding.team_id is not None:
                finding.submission_id = finals.get(finding.team_id)
            findings.append(finding)
    return findings


def _snapshot(round: Round, collected: Collected) -> dict[str, Any]:
    return {
        "version": VERSION,
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "labels": collected.label_versions,
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
