"""Audits in the admin: runs with their findings and reports, publications, and the acts on a round.

The acts only wake the audit worker, which alone can open fresh labels and decides what is to be done.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import kombu.exceptions
import redis.exceptions
from celery import current_app
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from audits import judged, sentences, standing
from audits.checks import accusation, registry
from audits.document_admin import document_link
from audits.models import AuditRun, Finding, Publication, RepeatedAudit
from vault import journal
from vault.admin import publishing
from vault.admin.acts import Act, Done
from vault.admin.pages import (
    NOTHING,
    ReadOnlyPage,
    Table,
    figure,
    folded,
    link,
    moment,
    pretty,
)
from vault.admin.round_acts import VAULT_ACTS
from vault.admin.rounds import RoundAdmin
from vault.admin.site import site
from vault.errors import VaultError
from vault.models import Round, RoundNotice
from vault.statuses import RoundStatus

VERDICTS = Prefetch(
    "findings", queryset=Finding.objects.filter(check_name=judged.VERDICT), to_attr="judged"
)


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
                    _headline(each),
                    each.get_shift_gate_display() or NOTHING,
                    moment(each.started_at),
                    document_link(getattr(each, "report", None)),
                )
                for each in audits
            ],
            empty="Not audited.",
        )
        return [*super().tables(obj), audited, *_repeats(obj)]


@admin.display(description="headline")
def _headline(run: Any) -> str:
    """Sum up what a run found, of which `VERDICTS` were fetched; one that failed acquits nobody."""
    if run.status == AuditRun.Status.FAILED:
        return _failure(run)
    return judged.headline(findings=run.judged) if run.judged else NOTHING


def _failure(run: AuditRun) -> str:
    return f"failed ({run.error}): it says nothing of any team"


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
        return _failure(run)
    if repeat is None or repeat.differences is None:
        return NOTHING
    found = [f"{each['team']} ({', '.join(each['after'])})" for each in repeat.differences]
    return "; ".join(found) or "nothing"


@admin.register(AuditRun, site=site)
class AuditRunAdmin(ReadOnlyPage):
    list_display = ("__str__", "status", "headline", "shift_gate", "started_at")
    list_filter = ("round__benchmark", "status")
    list_select_related = ("round__benchmark",)
    ordering = ("-started_at",)
    fields = (
        *(("round", "report_link"), "headline", ("status", "shift_gate")),
        *(("started_at", "finished_at"), "error", "seed_entropy", "inputs"),
    )
    readonly_fields = ("report_link", "headline", "inputs")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditRun]:
        found: QuerySet[AuditRun] = super().get_queryset(request)
        return found.prefetch_related(VERDICTS)

    headline = staticmethod(_headline)

    @admin.display(description="report")
    def report_link(self, obj: AuditRun) -> Any:
        return document_link(getattr(obj, "report", None))

    @admin.display(description="snapshot of inputs")
    def inputs(self, obj: AuditRun) -> Any:
        return folded(obj.snapshot)

    def tables(self, obj: AuditRun) -> list[Table]:
        found = obj.findings.select_related("team", "run__round__benchmark")
        findings = found.order_by("check_name", "team__name")
        others = [each for each in findings if not each.verdict]
        names = sorted({each.check_name for each in findings})
        return [
            _findings("Verdicts", [each for each in findings if each.verdict]),
            _findings("What they rest on", [each for each in others if _has_figure(each)]),
            _without_figure([each for each in others if not _has_figure(each)]),
            # Nobody who reads a run has read the modules that name the checks.
            Table(
                heading="What the checks are",
                header=("Check", "What it says"),
                rows=[(name, registry.meaning(name=name) or NOTHING) for name in names],
            ),
        ]


def _findings(heading: str, findings: list[Finding]) -> Table:
    return Table(
        heading=heading,
        header=("Check", "On", "Estimate", "Interval", "Luck", "p", "Smallest found", "Verdict"),
        rows=[
            (
                link(each, each.check_name),
                link(each.team) if each.team else "the board",
                _estimate(each),
                _interval(each),
                _figure(each.luck),
                _p_value(each),
                _figure(each.minimum_detectable_effect),
                _verdict(each),
            )
            for each in findings
        ],
    )


def _has_figure(finding: Finding) -> bool:
    names = ("estimate", "low", "p_value", "minimum_detectable_effect", "luck")
    return any(getattr(finding, name) is not None for name in names)


def _without_figure(findings: list[Finding]) -> Table:
    """List each check in one row: what it says stands in its findings, and a row of dashes says nothing."""
    by_check: defaultdict[str, list[tuple[Any]]] = defaultdict(list)
    for each in findings:
        by_check[each.check_name].append((link(each, str(each.team or "the board")),))
    return Table(
        heading="In words and tables",
        header=("Check", "On"),
        rows=[(name, format_html_join(", ", "{}", linked)) for name, linked in by_check.items()],
    )


_figure = partial(figure, digits=4)


@admin.display(description="estimate", ordering="estimate")
def _estimate(finding: Finding) -> str:
    """Write it in the metric's own units; effects are positive in any metric."""
    if not registry.estimates_a_score(name=finding.check_name):
        return _figure(finding.estimate)
    metric = finding.run.round.benchmark.primary_metric
    return _figure(judged.own(finding.estimate, metric=metric))


@admin.display(description="p", ordering="p_value")
def _p_value(finding: Finding) -> str:
    """Write it as in the report: of a team's test none above .05."""
    if finding.p_value is None:
        return NOTHING
    if finding.check_name in (judged.VERDICT, accusation.NAME):
        return sentences.exact_p(finding.p_value, is_screened=finding.is_screened)
    return sentences.two_digits(finding.p_value)


@admin.display(description="verdict", ordering="verdict")
def _verdict(finding: Finding) -> str:
    """With the file that it names, if that is not the final."""
    if judged.names_best_scored(finding=finding):
        return f"{finding.verdict}: best-scored file"
    return finding.verdict or NOTHING


@admin.display(description="interval", ordering="low")
def _interval(finding: Finding) -> str:
    if finding.low is None and finding.high is None:
        return NOTHING
    return f"{_figure(finding.low)} to {_figure(finding.high)}"


@admin.register(Finding, site=site)
class FindingAdmin(ReadOnlyPage):
    list_display = ("check_name", "team", "shown_verdict", "shown_estimate", "interval", "p", "run")
    list_filter = ("check_name", "verdict", "run__round__benchmark")
    search_fields = ("team__name", "check_name")
    list_select_related = ("team", "run__round__benchmark")
    ordering = ("-run", "-check_name", "team__name")
    fields = (
        *("run", "check_name", "team", "file", ("shown_verdict", "published")),
        *("shown_estimate", "interval", "p", "detectable", "shown_evidence"),
    )
    readonly_fields = (
        *("file", "shown_verdict", "published", "shown_estimate", "interval", "p"),
        *("detectable", "shown_evidence"),
    )

    shown_verdict = staticmethod(_verdict)
    shown_estimate = staticmethod(_estimate)
    interval = staticmethod(_interval)
    p = staticmethod(_p_value)

    @admin.display(description="file")
    def file(self, obj: Finding) -> Any:
        """Take the one that a verdict names; of everything else the team's final."""
        named = obj.named_submission
        if named is None:
            return link(obj.submission, "the final") if obj.submission else NOTHING
        is_best = judged.names_best_scored(finding=obj)
        return link(named, f"{'best-scored file' if is_best else 'final'}, no. {named.sequence:,}")

    @admin.display(description="published verdict")
    def published(self, obj: Finding) -> str:
        return judged.told(finding=obj) or NOTHING

    @admin.display(
        description="smallest overstatement found with 80 %", ordering="minimum_detectable_effect"
    )
    def detectable(self, obj: Finding) -> str:
        return _figure(obj.minimum_detectable_effect)

    @admin.display(description="evidence")
    def shown_evidence(self, obj: Finding) -> Any:
        return pretty(judged.in_units(finding=obj))


@admin.register(Publication, site=site)
class PublicationAdmin(ReadOnlyPage):
    list_display = ("round", "benchmark", "published_at")
    list_filter = ("benchmark",)
    list_select_related = ("round__benchmark", "benchmark")
    ordering = ("-published_at",)
    fields = ("round", "benchmark", "published_at", "shown_document")
    readonly_fields = ("shown_document",)

    @admin.display(description="document")
    def shown_document(self, obj: Publication) -> Any:
        return folded(standing.shown(publication=obj))
