"""The entrance: what this service is, which benchmarks are open, and where everything else stands.

`/` is for people and `/api/v1/` for programs; each says the same in the other form, too, if asked for it.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from stats.metrics import METRICS
from vault import opening, own_address
from vault.api import finding, forms, shown
from vault.api.openapi.serving import PAGE_POLICY
from vault.api.publicly import PublicView
from vault.models import Benchmark, Round
from vault.statuses import NEVER_OPENED, RoundStatus

API = "/api/v1/"
# Of one answer; the list of benchmarks has them all, in pages.
MAX_SHOWN = 50
LINKS = {
    "docs": f"{API}docs/",
    "openapi": f"{API}openapi.json",
    "benchmarks": f"{API}benchmarks/",
    "tokens": f"{API}tokens/",
    "webhooks": f"{API}webhooks/",
}
TOKENS = (
    "What is public needs no token. To hand in predictions, ask the organizers of a benchmark to admit your "
    "team: they issue its token, and you send it as `Authorization: Bearer hv_...`."
)


class _Entrance(PublicView):
    content_negotiation_class = forms.ViewChooses
    offered: Mapping[str, str]

    def get(self, request: Request) -> HttpResponseBase:
        form = forms.wanted(request, self.offered)
        open_ones, others = _benchmarks(request)
        response = (
            _page(request, open_ones, others) if form == "html" else Response(_json(open_ones))
        )
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


class EntranceForPeople(_Entrance):
    offered = {"html": "text/html", "json": forms.JSON}


class EntranceForPrograms(_Entrance):
    offered = {"json": forms.JSON, "html": "text/html"}


# A benchmark and its rounds.
Shown = tuple[Benchmark, list[Round]]


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
    pairs: list[Shown] = [(each, rounds[each.pk]) for each in listed]
    n_open = sum(each.is_open for each in listed)
    return pairs[:n_open], pairs[n_open:]


def _telling(rounds: list[Round]) -> Round | None:
    """Choose the open round, else the one that opens next, else the latest; a cancelled one after all."""
    for status in (RoundStatus.OPEN, RoundStatus.PLANNED):
        for round in rounds:
            if round.status == status:
                return round
    held = [round for round in rounds if round.status != RoundStatus.CANCELLED]
    found = held or rounds
    return found[-1] if found else None


def _json(open_ones: list[Shown]) -> dict[str, Any]:
    return {
        "service": "Holdout Vault",
        "version": "1",
        "links": LINKS,
        "tokens": TOKENS,
        "open_benchmarks": [
            {
                "slug": benchmark.slug,
                "title": benchmark.title,
                "round": round.number,
                "closes_at": shown.time(round.closes_at),
                "benchmark": _address(benchmark),
                "leaderboard": f"{_address(benchmark)}leaderboard/",
            }
            for benchmark, rounds in open_ones
            if (round := _telling(rounds)) is not None
        ],
    }


def _page(request: Request, open_ones: list[Shown], others: list[Shown]) -> HttpResponse:
    now = timezone.now()
    rows = [
        {
            "benchmark": benchmark,
            "metric": METRICS[benchmark.primary_metric],
            "round": (telling := _telling(rounds)),
            # Of one that was opened before its time.
            "waits": telling and opening.waits_for_teams(round=telling, now=now),
            "is_open": benchmark.is_open,  # type: ignore[attr-defined]
            "has_board": any(each.status not in NEVER_OPENED for each in rounds),
            "address": _address(benchmark),
        }
        for benchmark, rounds in [*open_ones, *others]
    ]
    context = {
        "rows": rows,
        "is_cut": len(rows) == MAX_SHOWN,
        "links": LINKS,
        "here": own_address.absolute(request=request._request, path=API).rstrip("/"),
        # Of what can be called now: the others take no file.
        "example": next((each.slug for each, _ in open_ones), None),
    }
    response = HttpResponse(render_to_string("vault/entrance.html", context))
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


def _address(benchmark: Benchmark) -> str:
    return f"{LINKS['benchmarks']}{benchmark.slug}/"
