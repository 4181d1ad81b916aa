"""Published audits: the documents that `audits.rounds` wrote when it published a round."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from audits import standing
from audits.description import AUDIT, SUMMARY
from audits.models import Publication
from vault.api import pages, selectors
from vault.api.publicly import PublicView


class AuditList(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        benchmark = selectors.visible_benchmark(request, slug)
        found = Publication.objects.filter(benchmark=benchmark).select_related("round", "benchmark")
        return pages.page(request, found, SUMMARY.show, ordering="id")


class AuditDetail(PublicView):
    def get(self, request: Request, audit_id: int) -> Response:
        # In one step: how long a 404 takes tells nobody that there is a private one.
        visible = Publication.objects.filter(benchmark__in=selectors.visible_benchmarks(request))
        published = visible.select_related("round", "benchmark")
        found = get_object_or_404(published, pk=audit_id)
        return Response(AUDIT.show(found, document=standing.shown(publication=found)))
