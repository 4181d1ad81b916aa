"""What a team has left: queries, accepted improvements and nats."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stats import ledger
from vault import budget, budget_left
from vault.api import limits, selectors
from vault.api.permissions import MayRead
from vault.api.representations.budgets import BUDGET


class BudgetDetail(APIView):
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
            account=budget.account_of(round=round),
            nats=budget.team_nats(round=round, team=team),
            k=remaining.total_limit,
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
