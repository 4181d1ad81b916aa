"""A benchmark as a page: what it asks, by which rules it is scored, and how to hand in."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from stats.metrics import METRICS
from vault import constraints, opening, own_address, sentences
from vault.api import benchmarks, selectors
from vault.api.representations.benchmarks import BENCHMARK
from vault.api.representations.entrance import API
from vault.api.representations.rounds import ROUND
from vault.files.prediction_forms import FORMS
from vault.models import Benchmark
from vault.pages.answers import Page, answer
from vault.pages.boards import ends_in, resolution
from vault.statuses import NEVER_OPENED, RoundStatus


class BenchmarkPage(Page):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        detail = benchmarks.detail(benchmark)
        metrics = [benchmark.primary_metric, *benchmark.secondary_metrics]
        context = {
            "benchmark": detail,
            "metric": METRICS[benchmark.primary_metric],
            "others": [METRICS[name].label for name in benchmark.secondary_metrics],
            "has_threshold": benchmark.task in FORMS[benchmark.prediction_form].by_threshold,
            "has_clip": "log_loss" in metrics,
            "columns": _columns(benchmark),
            "costs": [
                {"true": name, "costs": row}
                for name, row in zip(benchmark.classes, detail["cost_matrix"] or (), strict=False)
            ],
            "limits": [
                {"meaning": constraints.CONSTRAINTS[name].meaning, "limit": limit}
                for name, limit in detail["constraints"].items()
            ],
            "noise": [
                {"true": name, "share": f"{100 * (1 - row[code]):.3g}"}
                for code, (name, row) in enumerate(
                    zip(benchmark.classes, detail["label_noise"] or (), strict=False)
                )
            ],
            "rounds": [
                {
                    **round,
                    "has_board": round["status"] not in NEVER_OPENED,
                    "has_audit": round["status"] == RoundStatus.PUBLISHED,
                    "resolution": resolution(round["resolution"]),
                    "window": sentences.length(seconds=round["budget"]["window_seconds"]),
                }
                for round in reversed(detail["rounds"])
            ],
            "has_board": any(each["status"] not in NEVER_OPENED for each in detail["rounds"]),
            "at": "benchmark",
        }
        return answer(request, template="vault/pages/benchmark.html", context=context)


class SubmitPage(Page):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        benchmark = selectors.visible_benchmark(request, slug)
        rounds = selectors.every_round(benchmark)
        round = rounds.filter(status=RoundStatus.OPEN).first()
        now, site = timezone.now(), own_address.absolute(request=request._request, path="")
        context: dict[str, Any] = {
            "benchmark": BENCHMARK.show(benchmark),
            "columns": _columns(benchmark),
            "round": None if round is None else ROUND.show(round),
            "ends_in": "" if round is None else ends_in(round, now=now),
            "waits": "" if round is None else opening.waits_for_teams(round=round, now=now),
            "has_ended": round is not None and now >= round.closes_at,
            "site": site,
            "here": f"{site}{API}".rstrip("/"),
            "has_board": rounds.exclude(status__in=NEVER_OPENED).exists(),
            "at": "submit",
        }
        if round is not None:
            context["window"] = sentences.length(seconds=round.window_seconds)
        return answer(request, template="vault/pages/submit.html", context=context)


def _columns(benchmark: Benchmark) -> list[str]:
    """Name the columns of a file."""
    form = FORMS[benchmark.prediction_form]
    return ["id", *form.columns(task=benchmark.task, classes=benchmark.classes)]
