"""Repeating an audit: a run beside the earlier ones, by the same seed, and what of it is new.

Equal labels and equal code give equal findings. What was published stays: a repeat of a published round says
beside it which rounded figures and verdicts would be others now.
"""

import json
from typing import Any

from django.db import transaction

from audits import publication, runs
from audits.models import AuditRun, Publication, RepeatedAudit
from audits.runs import Clock
from vault import journal, locks, repeated_audits, rounds
from vault.models import Round, RoundNotice
from vault.statuses import HoldoutStatus, PublicationKind

ACTOR = "worker-audit"
# Of a team's or a reference's row: what a repeat may find otherwise.
COMPARED = (
    *(
        "verdict",
        "file_named",
        "fresh",
        "fresh_interval",
        "overstatement",
        "overstatement_interval",
    ),
    *("luck", "p_adjusted", "minimum_detectable_effect", "query", "scores"),
)


def due() -> list[int]:
    """List the requests that no run has answered; one that failed is asked for again."""
    asked = RoundNotice.objects.filter(kind=RoundNotice.Kind.AUDIT_REPEATED)
    ended = AuditRun.objects.filter(notice__isnull=False).exclude(error=runs.INTERRUPTED)
    failed = ended.filter(status=AuditRun.Status.FAILED).values("notice")
    told = RepeatedAudit.objects.values("run__notice")
    waiting = asked.exclude(pk__in=failed).exclude(pk__in=told)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def make(*, notice_id: int, clock: Clock) -> bool:
    """Answer a request once; False while it waits for a round, or another worker is at it."""
    notice = RoundNotice.objects.select_related("round__benchmark", "round__query_holdout").get(
        pk=notice_id
    )
    round = notice.round
    with locks.one_audit(round_id=round.pk) as is_alone:
        if not is_alone or repeated_audits.waits_for(round=round, now=clock()) is not None:
            return False
        round.refresh_from_db(fields=["status"])
        done = notice.audit_runs.filter(status=AuditRun.Status.DONE).first()
        run = done or runs.repeat(round=round, notice=notice, clock=clock)
        if repeated_audits.waits_for(round=round, now=clock()) is not None:
            return False  # planned while it ran: what was found is told later
        _tell(run, notice=notice, clock=clock)
    return True


@transaction.atomic
def _tell(run: AuditRun, *, notice: RoundNotice, clock: Clock) -> None:
    """Write down once what is another than in the audit before it; of a published round for everybody."""
    if RepeatedAudit.objects.filter(run=run).exists():
        return
    round, now = notice.round, clock()
    published = Publication.objects.filter(round=round).first()
    earlier = AuditRun.objects.filter(round=round, status=AuditRun.Status.DONE, pk__lt=run.pk)
    if published is not None:
        earlier = earlier.filter(finished_at__lte=published.published_at)
    differences = None
    if published is not None:
        shown = json.loads(json.dumps(publication.document(round=round, audit=run)))
        differences = differing(before=published.document, after=shown)
        if differences:
            _charge(round, shown=shown, run=run, clock=clock)
    RepeatedAudit.objects.create(
        run=run,
        round=round,
        reason=notice.reason,
        made_at=now,
        inputs=changed_inputs(before=earlier.order_by("-pk").first(), after=run),
        differences=differences,
    )


def changed_inputs(*, before: AuditRun | None, after: AuditRun) -> list[str]:
    """Say which inputs are others than before: labels and code."""
    if before is None:
        return []
    old, new = before.snapshot, after.snapshot
    said = []
    for holdout, version in new["labels"].items():
        # Runs from before labels had versions do not say which they read: it was the first.
        then = old.get("labels", {}).get(holdout, 1)
        if then != version:
            said.append(f"labels of holdout {holdout[:8]}: version {then} then, {version} now")
    if old["version"] != new["version"]:
        said.append(f"code of the audit: version {old['version']} then, {new['version']} now")
    return said


def differing(*, before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """List, by team, what two documents say otherwise; of a team that only one has, all of it."""
    rows: list[dict[str, Any]] = []
    old, new = ({row["team"]: row for row in _rows(each)} for each in (before, after))
    for team in sorted({*old, *new}):
        then, now = old.get(team, {}), new.get(team, {})
        names = [name for name in COMPARED if then.get(name) != now.get(name)]
        if names:
            rows.append(
                {
                    "team": team,
                    "before": {name: then.get(name) for name in names},
                    "after": {name: now.get(name) for name in names},
                }
            )
    return rows


def _rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [*document["references"], *document["teams"]]


def _charge(round: Round, *, shown: dict[str, Any], run: AuditRun, clock: Clock) -> None:
    """Enter other figures into the ledgers of the holdouts that they tell of, as a publication's."""
    if round.publication == PublicationKind.FULL:
        return  # they were told exactly, and have retired
    nats, now = publication.nats(round=round, shown=shown), clock()
    for holdout in publication.deciding(round=round):
        if holdout.status in (HoldoutStatus.RETIRED, HoldoutStatus.DISCLOSED):
            continue
        rounds.count_publication(
            round=round, holdout=holdout, nats=nats, now=now, what=f"repeat {run.pk}"
        )
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="fresh_figures_published",
            actor=ACTOR,
            payload={"holdout": str(holdout.pk), "nats": nats, "run": run.pk},
            now=now,
        )
