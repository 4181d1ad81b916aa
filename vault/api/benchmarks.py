"""What anyone may know of a benchmark: its rules, rounds, commitments and panel."""

import uuid
from operator import attrgetter
from typing import Any

import pyarrow as pa
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from vault import conveyor
from vault import panel as panels
from vault.api import negotiation, pages, selectors, tables
from vault.api.publicly import PublicView
from vault.api.representations.benchmarks import BENCHMARK, DETAIL, HOLDOUT, PANEL, STOCK
from vault.api.representations.draws import DRAW
from vault.api.representations.rounds import ROUND
from vault.files import content_files
from vault.models import Benchmark, DisclosedFile, Draw, Holdout
from vault.statuses import HoldoutStatus


class BenchmarkList(PublicView):
    def get(self, request: Request) -> Response:
        visible = selectors.visible_benchmarks(request)
        return pages.page(request, visible, BENCHMARK.show, ordering="slug")


def detail(benchmark: Benchmark) -> dict[str, Any]:
    """Show a benchmark with its panel, holdouts, draws, rounds and stock."""
    latest = panels.latest(benchmark=benchmark)
    holdouts = (
        Holdout.objects.filter(benchmark=benchmark)
        .select_related("benchmark", "disclosed_file", "disclosure_request")
        .prefetch_related("versions")
    )
    return DETAIL.show(
        benchmark,
        panel=None if latest is None else PANEL.show(latest),
        holdouts=[
            HOLDOUT.show(each)
            for each in sorted(holdouts, key=attrgetter("sealed_at", "status", "commitment"))
        ],
        stock=STOCK.show(conveyor.stock(benchmark=benchmark)),
        draws=[
            DRAW.show(each)
            for each in Draw.objects.filter(benchmark=benchmark)
            .select_related("benchmark", "disclosed__draw__benchmark")
            .order_by("batch")
        ],
        rounds=[ROUND.show(each) for each in selectors.listed_rounds(benchmark)],
    )


class BenchmarkDetail(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        return Response(detail(selectors.visible_benchmark(request, slug)))


class RoundList(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        rounds = selectors.listed_rounds(selectors.visible_benchmark(request, slug))
        return pages.page(request, rounds, ROUND.show, ordering="number")


class PanelTemplate(PublicView):
    """The panel to be filled in: the ids that every submission must answer, in panel order."""

    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        panel = selectors.asked_panel(request, selectors.visible_benchmark(request, slug))
        form = negotiation.wanted(request, tables.FORMS)
        etag = f'"{panel.sha256}-{form}"'

        def template() -> HttpResponse:
            if form == "csv":
                content = tables.as_csv(pa.table({"id": panels.ids(panel)}))
            else:
                content = panels.file_bytes(panel=panel)
            return HttpResponse(content, content_type=tables.FORMS[form])

        vary = ("Accept", "Authorization")
        response = negotiation.answer_once(request, etag=etag, make=template, vary=vary)
        response["Panel-Version"] = str(panel.version)
        return response


class DisclosedLabels(PublicView):
    """The labels of a holdout that is DISCLOSED, with what its commitment was computed of. Of no other."""

    def get(self, request: Request, slug: str, holdout_id: uuid.UUID) -> HttpResponseBase:
        file = get_object_or_404(
            DisclosedFile,
            holdout=holdout_id,
            holdout__benchmark=selectors.visible_benchmark(request, slug),
            holdout__status=HoldoutStatus.DISCLOSED,
        )
        return negotiation.answer_once(
            request,
            etag=f'"{file.sha256}"',
            make=lambda: HttpResponse(
                content_files.load(file_key=file.file_key), content_type=negotiation.JSON
            ),
            vary=("Accept", "Authorization"),
        )
