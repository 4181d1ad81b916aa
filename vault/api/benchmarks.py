"""What anyone may know of a benchmark: its rules, rounds and commitments."""

from rest_framework.request import Request
from rest_framework.response import Response

from vault import panel as panels
from vault.api import pages, selectors
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
