"""What a team has left: queries, accepted improvements and nats."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stats import ledger
from stats.metrics import METRICS
from vault import budget, leaderboard
from vault.api import finding, shown
from vault.api.permissions import MayRead
from vault.models import Round


class BudgetDetail(APIView):
    permission_classes = [MayRead]

    def get(self, request: Request, slug: str) -> Response:
        benchmark = finding.visible_benchmark(request, slug)
        round = finding.asked_round(request, benchmark)
        remaining = budget.remaining(
            round=round, team=finding.own_team(request), now=timezone.now()
        )
        error = _proven_error(round, k=remaining.total_limit, nats=remaining.nats_reserved)
        return Response(shown.budget(remaining, round=round, proven_error=error))


def _proven_error(round: Round, *, k: int, nats: float) -> float | None:
    """For one team that sees no board. None: nothing is guaranteed.

    The proof is for means of items, and a bound as wide as the metric's range says nothing.
    """
    if METRICS[round.benchmark.primary_metric].value is not None:
        return None
    unit = budget.unit_of(benchmark=round.benchmark)
    bound = ledger.guaranteed_error(
        nats=nats,
        k=k,
        n=round.query_holdout.n_items,
        unit=unit,
        grid=leaderboard.resolution(round=round),
    )
    return bound if bound < unit else None
