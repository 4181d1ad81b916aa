"""Audit runs and their findings."""

from collections import defaultdict
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from audits import judged, sentences
from audits.admin.reports import document_link
from audits.checks import accusation, registry
from audits.models import AuditRun, Finding
from vault.admin.pages import NOTHING, ReadOnlyPage, Table, figure, folded, link, pretty
from vault.admin.site import site

VERDICTS = Prefetch(
    "findings", queryset=Finding.objects.filter(check_name=judged.VERDICT), to_attr="judged"
)


@admin.display(description="headline")
def headline_of(run: Any) -> str:
    """Sum up what a run found, of which `VERDICTS` were fetched; one that failed acquits nobody."""
    if run.status == AuditRun.Status.FAILED:
        return failure(run)
    return judged.headline(findings=run.judged) if run.judged else NOTHING


def failure(run: AuditRun) -> str:
    return f"failed ({run.error}): it says nothing of any team"


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

    headline = staticmethod(headline_of)

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
