"""The journal: read, and verified on request. No role can write it but through its one function."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.text import Truncator

from vault import journal, signed_heads
from vault.admin.pages import NOTHING, ReadOnlyPage, Table, code, column, link, pretty
from vault.admin.site import site
from vault.errors import JournalError
from vault.models import Benchmark, JournalEntry
from vault.models.journal import INSTALLATION

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

    place = column(
        "entry", lambda obj: f"{obj.benchmark or INSTALLATION} {obj.sequence}", ordering="sequence"
    )
    excerpt = column("content", lambda obj: _begun(obj.payload))
    content = column("content", lambda obj: pretty(json.loads(obj.payload)))

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view(self.verify_view)
        return [path("verify/", wrapped, name="vault_journalentry_verify"), *super().get_urls()]

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        chains = [*Benchmark.objects.order_by("slug"), None]
        rows = [_verified(benchmark) for benchmark in chains]
        header = ("Benchmark", "Entries", "Head", "Signed heads", "Result")
        return self.own_page(
            request,
            "vault/admin/tables.html",
            title="Verify the chains",
            explanation="Every hash was computed again just now. Edits, deletions, insertions and "
            "reorderings break a chain. Truncation and a rewrite show against the signed heads, each of "
            "which must stand in it. Whoever can change this database can remove these too: compare "
            "with heads that others have kept.",
            tables=[Table(heading="Chains", header=header, rows=rows)],
        )


def _begun(payload: str) -> str:
    """Show how the content begins, with spaces, so that a line of it ends between two words."""
    spaced = json.dumps(json.loads(payload), ensure_ascii=False)
    return Truncator(spaced).chars(MAX_EXCERPT + 1)


def _verified(benchmark: Benchmark | None) -> tuple[Any, ...]:
    """Verify the chain of a benchmark, or the installation's."""
    name = INSTALLATION if benchmark is None else link(benchmark)
    try:
        signed = signed_heads.kept(benchmark=benchmark)
        head = journal.verify(benchmark_id=None if benchmark is None else benchmark.pk, kept=signed)
    except JournalError as error:
        at = error.data.get("sequence", NOTHING)
        return (name, at, NOTHING, NOTHING, f"BROKEN: {error.message}")
    return (name, head.sequence, code(head.hash), str(len(signed)), "verified")
