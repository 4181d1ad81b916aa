"""Reports, each as a page, as JSON and as Markdown; and publications, as they were written."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audits import standing
from audits.models import Publication, Report
from audits.report.page import style_source
from vault.admin.pages import NOTHING, ReadOnlyPage, code, column, folded, link
from vault.admin.site import site


def document_link(report: Report | None) -> str | SafeString:
    if report is None:
        return NOTHING
    address = reverse("admin:audits_report_document", args=[report.pk])
    return format_html('<a href="{}">Read the report</a>', address)


def _ways_back(report: Report) -> SafeString:
    """Lead away from a document, which fills a page of its own; its hash is of what was written alone."""
    others = [("?form=markdown", "Markdown")] if report.markdown else []
    others += [("?form=json", "JSON")] if report.facts else []
    return format_html(
        '<nav><p>{}, {}, <a href="{}">admin</a>. This line is not part of the document: '
        '<a href="{}">as it was written</a>{}.</p></nav>',
        link(report.run.round),
        link(report.run),
        reverse("admin:index"),
        "?as_written=1",
        format_html_join("", ', <a href="{}">{}</a>', others),
    )


def _policy(html: str) -> str:
    """Let a document show the style and the figures that are in it, and nothing else."""
    return (
        f"default-src 'none'; style-src {style_source(html=html)}; img-src data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


@admin.register(Report, site=site)
class ReportAdmin(ReadOnlyPage):
    list_display = ("__str__", "created_at", "hash_start")
    list_filter = ("run__round__benchmark",)
    ordering = ("-created_at",)
    fields = ("run", "open_link", "sha256", "created_at")
    readonly_fields = ("open_link",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        found: QuerySet[Report] = super().get_queryset(request)
        return found.select_related("run__round__benchmark").defer("html", "facts", "markdown")

    hash_start = column("hash", lambda obj: code(obj.sha256, length=16))
    open_link = column("document", document_link)

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view(self.document_view)
        document = path("<int:pk>/document/", wrapped, name="audits_report_document")
        return [document, *super().get_urls()]

    def document_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        report = get_object_or_404(Report.objects.select_related("run__round__benchmark"), pk=pk)
        # Of a report from before, the page alone is there.
        forms = {"json": report.facts, "markdown": report.markdown}
        form = request.GET.get("form", "")
        if forms.get(form):
            kind = "application/json" if form == "json" else "text/markdown; charset=utf-8"
            return HttpResponse(forms[form], content_type=kind)
        html = report.html
        if "as_written" not in request.GET:
            html = html.replace("<main>", f"<main>\n{_ways_back(report)}", 1)
        return HttpResponse(html, headers={"Content-Security-Policy": _policy(report.html)})


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
