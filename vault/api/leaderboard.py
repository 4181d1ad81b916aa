"""The board as JSON or CSV: released scores, and after publication the published results."""

import csv
import io
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from vault import leaderboard
from vault.api import finding, forms, shown
from vault.api.publicly import PublicView
from vault.api.shown.boards import ROW
from vault.files import spreadsheet_cells

OFFERED = {"json": forms.JSON, "csv": forms.CSV}


class LeaderboardDetail(PublicView):
    content_negotiation_class = forms.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = finding.visible_benchmark(request, slug)
        round = finding.asked_round(request, benchmark)
        form = forms.wanted(request, OFFERED)
        board = shown.board(round, leaderboard.board(round=round))
        response: HttpResponseBase = Response(board)
        if form == "csv":
            response = HttpResponse(_csv(board["rows"]), content_type=forms.CSV)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


def _csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(ROW.fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    return spreadsheet_cells.as_text(value) if isinstance(value, str) else value
