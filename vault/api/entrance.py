"""The entrance: what this service is, which benchmarks are open, and where everything else stands.

`/` is for people and `/api/v1/` for programs; each says the same in the other form, too, if asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
from vault.api.openapi.serving import PAGE_POLICY
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
        listed = _benchmarks(request)
        response: HttpResponseBase
        if form == "html":
            response = _page(request, listed)
        else:
            told = [OPEN_BENCHMARK.show(each) for each in listed if each.is_open]
            response = Response(ENTRANCE.show(None, open_benchmarks=told))
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


class EntranceForPeople(_Entrance):
    offered = dict(reversed(FORMS.items()))


class EntranceForPrograms(_Entrance):
    offered = FORMS


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A benchmark and its rounds."""

    benchmark: Benchmark
    rounds: list[Round]
    # A round of it takes submissions.
    is_open: bool

    @property
    def telling(self) -> Round | None:
        """Choose the open round, else the one that opens next, else the latest; a cancelled one after all."""
        for status in (RoundStatus.OPEN, RoundStatus.PLANNED):
            for round in self.rounds:
                if round.status == status:
                    return round
        held = [round for round in self.rounds if round.status != RoundStatus.CANCELLED]
        found = held or self.rounds
        return found[-1] if found else None

    @property
    def address(self) -> str:
        return address(self.benchmark.slug)


def _benchmarks(request: Request) -> list[Shown]:
    """Those with a round that takes submissions before the others, each with its rounds."""
    now = timezone.now()
    running = Round.objects.filter(status=RoundStatus.OPEN, opens_at__lte=now, closes_at__gt=now)
    visible = (
        selectors.visible_benchmarks(request)
        .annotate(is_open=Exists(running.filter(benchmark=OuterRef("pk"))))
        .prefetch_related(Prefetch("rounds", Round.objects.order_by("number")))
        .order_by("-is_open", "slug")[:MAX_SHOWN]
    )
    return [
        Shown(benchmark=each, rounds=list(each.rounds.all()), is_open=each.is_open)
        for each in visible
    ]


def _page(request: Request, listed: list[Shown]) -> HttpResponse:
    now = timezone.now()
    rows = [
        {
            "benchmark": each.benchmark,
            "metric": METRICS[each.benchmark.primary_metric],
            "round": (telling := each.telling),
            # Of one that was opened before its time.
            "waits": telling and opening.waits_for_teams(round=telling, now=now),
            "is_open": each.is_open,
            "has_board": any(round.status not in NEVER_OPENED for round in each.rounds),
            "address": each.address,
        }
        for each in listed
    ]
    context = {
        "rows": rows,
        "is_cut": len(rows) == MAX_SHOWN,
        "links": LINKS,
        "here": own_address.absolute(request=request._request, path=API).rstrip("/"),
        # Of what can be called now: the others take no file.
        "example": next((each.benchmark.slug for each in listed if each.is_open), None),
    }
    page = render_to_string("vault/entrance.html", context)
    return HttpResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})
