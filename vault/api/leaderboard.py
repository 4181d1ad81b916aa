"""The board as JSON or CSV: released scores, and after publication the published results."""

import csv
import io

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from vault import leaderboard
from vault.api import negotiation, representations, selectors
from vault.api.publicly import PublicView
from vault.api.representations.boards import ROW
from vault.files import spreadsheet_cells

OFFERED = {"json": negotiation.JSON, "csv": negotiation.CSV}


class LeaderboardDetail(PublicView):
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        round = selectors.asked_round(request, benchmark)
        form = negotiation.wanted(request, OFFERED)
        board = representations.board(round, leaderboard.board(round=round))
        response: HttpResponseBase = Response(board)
        if form == "csv":
            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, list(ROW.fields), lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {
                    name: spreadsheet_cells.as_text(value) if isinstance(value, str) else value
                    for name, value in row.items()
                }
                for row in board["rows"]
            )
            response = HttpResponse(buffer.getvalue(), content_type=negotiation.CSV)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response
