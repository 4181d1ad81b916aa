"""The board as JSON, or as CSV with `?format=csv` or `Accept: text/csv`."""

import csv
import io
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault import leaderboard
from vault.api import finding, shown
from vault.api.permissions import Public

COLUMNS = ("rank", "team", "released", "attempts", "is_reference", "fresh", "verdict")


class LeaderboardDetail(APIView):
    permission_classes = [Public]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """JSON is the one renderer; CSV is written by hand, so `Accept: text/csv` must not fail."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = finding.visible_benchmark(request, slug)
        round = finding.asked_round(request, benchmark)
        board = shown.board(round, leaderboard.board(round=round))
        if _wants_csv(request):
            return HttpResponse(_csv(board["rows"]), content_type="text/csv")
        return Response(board)


def _wants_csv(request: Request) -> bool:
    return (
        request.query_params.get("format") == "csv"
        or request.headers.get("Accept", "").split(",")[0].strip() == "text/csv"
    )


def _csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
