"""A team's budget, and the board: released scores, and after publication the published results."""

import csv
import io
import json
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stats import ledger
from vault import (
    budget,
    budget_left,
    holdout_ledger,
    late_allowances,
    leaderboard,
    merged_teams,
)
from vault.api import limits, negotiation, representations, selectors
from vault.api.permissions import MayRead
from vault.api.publicly import PublicView
from vault.api.representations.boards import ROW
from vault.api.representations.budgets import BUDGET
from vault.files import spreadsheet_cells

BOARD_FORMS = {"json": negotiation.JSON, "csv": negotiation.CSV}


class BudgetDetail(APIView):
    """What a team has left: queries, accepted improvements and nats."""

    permission_classes = [MayRead]

    def get(self, request: Request, slug: str) -> Response:
        benchmark = selectors.visible_benchmark(request, slug)
        team = selectors.own_team(request)
        budget.check_may_have_one(team=team)
        round = selectors.budget_round(request, benchmark)
        now = timezone.now()
        remaining = budget.remaining(round=round, team=team, now=now)
        # For this team alone: its own answers, and what the holdout told everybody.
        error = ledger.proven_error(
            account=holdout_ledger.account_to_bound(round=round),
            nats=holdout_ledger.team_nats(round=round, team=team),
            k=late_allowances.n_allowed(
                round=round, accounts=merged_teams.accounts(round=round, team=team)
            ),
        )
        summary = budget_left.summary(
            left=remaining,
            status=round.status,
            opens_at=round.opens_at,
            closes_at=round.closes_at,
            now=now,
        )
        response = Response(
            BUDGET.show(
                remaining,
                round=round.number,
                opens_at=round.opens_at,
                proven_error=error,
                summary=summary,
            ),
            headers={"Cache-Control": "no-store"},
        )
        limits.set_fields(response, limits.of_budget(remaining, now=now))
        return response


class LeaderboardDetail(PublicView):
    """The board as JSON or CSV."""

    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        round = selectors.asked_round(request, benchmark)
        form = negotiation.wanted(request, BOARD_FORMS)
        board = representations.board(round, leaderboard.board(round=round))
        response: HttpResponseBase = Response(board)
        if form == "csv":
            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, list(ROW.fields), lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {name: _cell(value) for name, value in row.items()} for row in board["rows"]
            )
            response = HttpResponse(buffer.getvalue(), content_type=negotiation.CSV)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


def _cell(value: Any) -> Any:
    """Write a member of a row into one cell: a list as JSON, and nothing of an empty one."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return spreadsheet_cells.as_text(value) if isinstance(value, str) else value
