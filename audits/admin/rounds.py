"""Audits of a round: the acts, and which were made.

The acts only wake the audit worker, which alone can open fresh labels and decides what is to be done.
"""

from collections.abc import Callable
from typing import Any

import kombu.exceptions
import redis.exceptions
from celery import current_app
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from audits.admin import account_links
from audits.admin.reports import document_link
from audits.admin.runs import VERDICTS, failure, headline_of
from audits.models import AuditRun, RepeatedAudit
from vault import journal
from vault.admin import publishing
from vault.admin.acts import Act, Done
from vault.admin.pages import NOTHING, Table, link, moment
from vault.admin.round_acts import VAULT_ACTS
from vault.admin.rounds import RoundAdmin
from vault.admin.site import site
from vault.errors import VaultError
from vault.models import Round, RoundNotice
from vault.statuses import RoundStatus


class WorkerUnreachableError(VaultError, code="worker_unreachable"):
    """The broker took no message; nothing was done."""


def _asking(task: str, kind: str, message: str) -> Callable[..., Done]:
    """Worker and person are both in the journal: the one that acts and the one that wanted it.

    The worker's task is called by its name: its code opens labels and draws, and is not carried here.
    """

    def ask(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
        try:
            current_app.send_task(
                task, kwargs={"round_id": round.pk}, retry=False, ignore_result=True
            )
        except (kombu.exceptions.OperationalError, redis.exceptions.RedisError, OSError):
            raise WorkerUnreachableError(
                "The audit worker could not be reached. Nothing was done: try again in a minute."
            ) from None
        journal.append(
            benchmark_id=round.benchmark_id,
            kind=kind,
            actor=request.user.get_username(),
            payload={"round": round.number},
            now=timezone.now(),
        )
        return Done(message=message.format(round))

    return ask


@admin.register(Round, site=site)
class AuditedRoundAdmin(RoundAdmin):
    acts = (
        *VAULT_ACTS,
        Act(
            name="audit",
            label="Audit",
            explanation="When nothing waits for a score, finals lock, and the audit worker opens the fresh "
            "holdouts and compares. Every opening is journaled. Only researchers see the findings.",
            is_open=lambda round: round.status in (RoundStatus.CLOSING, RoundStatus.CLOSED),
            when="while a round is CLOSING or CLOSED",
            run=_asking(
                "audits.tasks.audit_round",
                "audit_requested",
                "The audit worker was asked to audit {}. Reload to see its findings.",
            ),
        ),
        Act(
            name="publish",
            label="Publish",
            explain=publishing.explained,
            is_open=lambda round: round.status == RoundStatus.AUDITED,
            when="while a round is AUDITED",
            for_good="Publish the results for good",
            run=_asking(
                "audits.tasks.publish_round",
                "publication_requested",
                "The audit worker was asked to publish {}. Reload to see the results.",
            ),
        ),
        *account_links.LINK_ACTS,
    )

    def tables(self, obj: Round) -> list[Table]:
        # Each has the attribute that `VERDICTS` names.
        audits: list[Any] = list(obj.audit_runs.prefetch_related(VERDICTS).order_by("-pk"))
        audited = Table(
            heading="Audits",
            header=("Run", "Status", "Headline", "Shift gate", "Started", "Report"),
            rows=[
                (
                    link(each, f"run {each.pk}"),
                    each.status,
                    headline_of(each),
                    each.get_shift_gate_display() or NOTHING,
                    moment(each.started_at),
                    document_link(getattr(each, "report", None)),
                )
                for each in audits
            ],
            empty="Not audited.",
        )
        return [*super().tables(obj), audited, *account_links.tables(obj), *_repeats(obj)]


def _repeats(round: Round) -> list[Table]:
    """List the audits that were asked for again, and what each found otherwise."""
    asked = round.notices.filter(kind=RoundNotice.Kind.AUDIT_REPEATED).order_by("pk")
    told = {each.run.notice_id: each for each in round.repeated_audits.select_related("run")}
    # The last one of each: before it may be runs that were interrupted.
    of_notices = round.audit_runs.filter(notice__isnull=False).order_by("pk")
    runs = {each.notice_id: each for each in of_notices}
    rows = [
        (
            link(runs[each.pk], f"run {runs[each.pk].pk}") if each.pk in runs else "waits",
            moment(each.at),
            each.actor,
            "; ".join(told[each.pk].inputs) or "nothing" if each.pk in told else NOTHING,
            _outcome(runs.get(each.pk), told.get(each.pk)),
            each.reason,
        )
        for each in asked
    ]
    header = ("Run", "Asked at", "By", "Inputs that changed", "Published otherwise", "Reason")
    return [Table(heading="Repeated audits", header=header, rows=rows)] if rows else []


def _outcome(run: AuditRun | None, repeat: RepeatedAudit | None) -> str:
    if run is not None and run.status == AuditRun.Status.FAILED:
        return failure(run)
    if repeat is None or repeat.differences is None:
        return NOTHING
    found = [f"{each['team']} ({', '.join(each['after'])})" for each in repeat.differences]
    return "; ".join(found) or "nothing"
