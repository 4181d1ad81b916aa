"""The entrance: what this service is, which benchmarks are open, and where everything else stands.

`/` is for people and `/api/v1/` for programs; each says the same in the other form, too, if asked for it.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from stats.metrics import METRICS
from vault import opening, own_address
from vault.api import negotiation, selectors
from vault.api.openapi.serving import SCRIPTLESS_POLICY
from vault.api.publicly import PublicView
from vault.api.representations.entrance import (
    API,
    ENTRANCE,
    FORMS,
    LINKS,
    MAX_SHOWN,
    OPEN_BENCHMARK,
    address,
)
from vault.models import Benchmark, Round
from vault.statuses import NEVER_OPENED, RoundStatus


class _Entrance(PublicView):
    content_negotiation_class = negotiation.ViewChooses
    offered: Mapping[str, str]

    def get(self, request: Request) -> HttpResponseBase:
        form = negotiation.wanted(request, self.offered)
        now = timezone.now()
        running = Round.objects.filter(
            status=RoundStatus.OPEN, opens_at__lte=now, closes_at__gt=now
        )
        # Those with a round that takes submissions stand before the others.
        listed = list(
            selectors.visible_benchmarks(request)
            .annotate(is_open=Exists(running.filter(benchmark=OuterRef("pk"))))
            .prefetch_related(Prefetch("rounds", Round.objects.order_by("number")))
            .order_by("-is_open", "slug")[:MAX_SHOWN]
        )
        response: HttpResponseBase
        if form == "html":
            response = _page(request, listed)
        else:
            told = [OPEN_BENCHMARK.show(_telling(each)) for each in listed if each.is_open]
            response = Response(ENTRANCE.show(None, open_benchmarks=told))
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


class EntranceForPeople(_Entrance):
    offered = dict(reversed(FORMS.items()))


class EntranceForPrograms(_Entrance):
    offered = FORMS


def _telling(benchmark: Benchmark) -> Round | None:
    """Choose the open round, else the one that opens next, else the latest; a cancelled one after all."""
    rounds = list(benchmark.rounds.all())
    for status in (RoundStatus.OPEN, RoundStatus.PLANNED):
        for round in rounds:
            if round.status == status:
                return round
    held = [round for round in rounds if round.status != RoundStatus.CANCELLED]
    return next(reversed(held or rounds), None)


def _page(request: Request, listed: list[Any]) -> HttpResponse:
    """Write the page; of each benchmark it is known whether a round takes submissions, as `is_open`."""
    now = timezone.now()
    rows = [
        {
            "benchmark": each,
            "metric": METRICS[each.primary_metric],
            "round": (telling := _telling(each)),
            # Of one that was opened before its time.
            "waits": telling and opening.waits_for_teams(round=telling, now=now),
            "is_open": each.is_open,
            "has_board": any(round.status not in NEVER_OPENED for round in each.rounds.all()),
            # The latest round whose audit is out.
            "audited": max(
                (r.number for r in each.rounds.all() if r.status == RoundStatus.PUBLISHED),
                default=None,
            ),
            "address": address(each.slug),
        }
        for each in listed
    ]
    context = {
        "rows": rows,
        "is_cut": len(rows) == MAX_SHOWN,
        "links": LINKS,
        "here": own_address.absolute(request=request._request, path=API).rstrip("/"),
        # Of what can be called now: the others take no file.
        "example": next((each.slug for each in listed if each.is_open), None),
    }
    page = render_to_string("vault/entrance.html", context)
    return HttpResponse(page, headers={"Content-Security-Policy": SCRIPTLESS_POLICY})
