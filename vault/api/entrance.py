"""The entrance: what this service is, which benchmarks are open, and where everything else stands.

`/` is for people and `/api/v1/` for programs; each says the same in the other form, too, if asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from stats.metrics import METRICS
from vault import opening, own_address
from vault.api import finding, forms
from vault.api.openapi.serving import PAGE_POLICY
from vault.api.publicly import PublicView
from vault.api.shown.entrance import (
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
    content_negotiation_class = forms.ViewChooses
    offered: Mapping[str, str]

    def get(self, request: Request) -> HttpResponseBase:
        form = forms.wanted(request, self.offered)
        open_ones, others = _benchmarks(request)
        response: HttpResponseBase
        if form == "html":
            response = _page(request, open_ones, others)
        else:
            told = [OPEN_BENCHMARK.show(each) for each in open_ones if each.telling is not None]
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


def _benchmarks(request: Request) -> tuple[list[Shown], list[Shown]]:
    """Those with a round that takes submissions, and the others, each with its rounds."""
    now = timezone.now()
    running = Round.objects.filter(status=RoundStatus.OPEN, opens_at__lte=now, closes_at__gt=now)
    visible = (
        finding.visible_benchmarks(request)
        .annotate(is_open=Exists(running.filter(benchmark=OuterRef("pk"))))
        .order_by("-is_open", "slug")[:MAX_SHOWN]
    )
    listed = list(visible)
    rounds: dict[int, list[Round]] = {each.pk: [] for each in listed}
    for round in Round.objects.filter(benchmark__in=listed).order_by("number"):
        rounds[round.benchmark_id].append(round)
    all_shown = [Shown(benchmark=each, rounds=rounds[each.pk]) for each in listed]
    n_open = sum(each.is_open for each in listed)
    return all_shown[:n_open], all_shown[n_open:]


def _page(request: Request, open_ones: list[Shown], others: list[Shown]) -> HttpResponse:
    now = timezone.now()
    rows = [
        {
            "benchmark": each.benchmark,
            "metric": METRICS[each.benchmark.primary_metric],
            "round": (telling := each.telling),
            # Of one that was opened before its time.
            "waits": telling and opening.waits_for_teams(round=telling, now=now),
            "is_open": each.benchmark.is_open,  # type: ignore[attr-defined]
            "has_board": any(round.status not in NEVER_OPENED for round in each.rounds),
            "address": each.address,
        }
        for each in [*open_ones, *others]
    ]
    context = {
        "rows": rows,
        "is_cut": len(rows) == MAX_SHOWN,
        "links": LINKS,
        "here": own_address.absolute(request=request._request, path=API).rstrip("/"),
        # Of what can be called now: the others take no file.
        "example": next((each.benchmark.slug for each in open_ones), None),
    }
    response = HttpResponse(render_to_string("vault/entrance.html", context))
    response["Content-Security-Policy"] = PAGE_POLICY
    return response
