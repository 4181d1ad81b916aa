"""The journal: read, and verified on request. No role can write it but through its one function."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from vault import journal
from vault.admin.pages import NOTHING, ReadOnlyPage, Table, code, link, pretty
from vault.admin.site import site
from vault.errors import JournalError
from vault.models import Benchmark, JournalEntry

MAX_EXCERPT = 100


@admin.register(JournalEntry, site=site)
class JournalEntryAdmin(ReadOnlyPage):
    change_list_template = "vault/admin/journal.html"
    list_display = ("place", "at", "kind", "actor", "excerpt")
    list_filter = ("benchmark", "kind")
    search_fields = ("kind", "actor", "payload")
    list_select_related = ("benchmark",)
    ordering = ("-at", "-sequence")
    date_hierarchy = "at"
    fields = ("benchmark", "sequence", "at", "kind", "actor", "content", "previous_hash", "hash")
    readonly_fields = ("content",)

    @admin.display(description="entry", ordering="sequence")
    def place(self, obj: JournalEntry) -> str:
        return f"{obj.benchmark} {obj.sequence}"

    @admin.display(description="content")
    def excerpt(self, obj: JournalEntry) -> str:
        text = obj.payload
        return text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…"

    @admin.display(description="content")
    def content(self, obj: JournalEntry) -> Any:
        return pretty(json.loads(obj.payload))

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view(self.verify_view)
        return [path("verify/", wrapped, name="vault_journalentry_verify"), *super().get_urls()]

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        verified = Table(
            heading="Chains",
            header=("Benchmark", "Entries", "Head", "Result"),
            rows=[_verified(benchmark) for benchmark in Benchmark.objects.order_by("slug")],
        )
        return self.own_page(
            request,
            "vault/admin/tables.html",
            title="Verify the chains",
            explanation="Every hash was computed again just now. Edits, deletions, insertions and "
            "reorderings break a chain. Truncation does not: compare the head with one that was kept "
            "elsewhere.",
            tables=[verified],
        )


def _verified(benchmark: Benchmark) -> tuple[Any, ...]:
    try:
        head = journal.verify(benchmark_id=benchmark.pk)
    except JournalError as error:
        broken = f"BROKEN: {error.message}"
        return link(benchmark), error.data.get("sequence", NOTHING), NOTHING, broken
    return link(benchmark), head.sequence, code(head.hash), "verified"
