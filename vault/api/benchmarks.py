"""What anyone may know of a benchmark: its rules, rounds, commitments and panel."""

import pyarrow as pa
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from vault import panel as panels
from vault.api import negotiation, pages, selectors, tables
from vault.api.publicly import PublicView
from vault.api.representations.benchmarks import BENCHMARK, DETAIL, HOLDOUT, PANEL
from vault.api.representations.rounds import ROUND
from vault.models import Holdout


class BenchmarkList(PublicView):
    def get(self, request: Request) -> Response:
        visible = selectors.visible_benchmarks(request)
        return pages.page(request, visible, BENCHMARK.show, ordering="slug")


class BenchmarkDetail(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        benchmark = selectors.visible_benchmark(request, slug)
        latest = panels.latest(benchmark=benchmark)
        holdouts = Holdout.objects.filter(benchmark=benchmark).order_by(
            "sealed_at", "status", "commitment"
        )
        return Response(
            DETAIL.show(
                benchmark,
                panel=None if latest is None else PANEL.show(latest),
                holdouts=[HOLDOUT.show(each) for each in holdouts],
                rounds=[ROUND.show(each) for each in selectors.every_round(benchmark)],
            )
        )


class RoundList(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        rounds = selectors.every_round(selectors.visible_benchmark(request, slug))
        return pages.page(request, rounds, ROUND.show, ordering="number")


class PanelTemplate(PublicView):
    """The panel to be filled in: the ids that every submission must answer, in panel order."""

    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        panel = selectors.asked_panel(request, selectors.visible_benchmark(request, slug))
        form = negotiation.wanted(request, tables.FORMS)
        etag = f'"{panel.sha256}-{form}"'
        response: HttpResponse | None = negotiation.unchanged(request, etag=etag)
        if response is None:
            if form == "csv":
                content = tables.as_csv(pa.table({"id": panels.ids(panel)}))
            else:
                content = panels.file_bytes(panel=panel)
            response = HttpResponse(content, content_type=tables.FORMS[form])
        response["ETag"] = etag
        response["Cache-Control"] = "no-cache"
        response["Panel-Version"] = str(panel.version)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response
