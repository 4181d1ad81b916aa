"""Finding what a request names. What somebody may not see is not found: its existence is not told."""

import uuid

from django.http import Http404
from rest_framework.request import Request

from vault.models import Admission, Benchmark, Round, Submission, Team
from vault.statuses import RoundStatus


def team_of(request: Request) -> Team | None:
    return request.user if isinstance(request.user, Team) else None


def own_team(request: Request) -> Team:
    team = team_of(request)
    assert team is not None  # the view's permission demands a token
    return team


def visible_benchmark(request: Request, slug: str) -> Benchmark:
    benchmark = Benchmark.objects.filter(slug=slug).first()
    if benchmark is None or not _may_see(request, benchmark):
        raise Http404
    return benchmark


def visible_benchmarks(request: Request) -> list[Benchmark]:
    every = Benchmark.objects.order_by("slug")
    return [benchmark for benchmark in every if _may_see(request, benchmark)]


def _may_see(request: Request, benchmark: Benchmark) -> bool:
    if benchmark.visibility == Benchmark.Visibility.PUBLIC:
        return True
    team = team_of(request)
    if team is None:
        return False
    admitted = Admission.objects.filter(round__benchmark=benchmark, team=team)
    return team.is_reference or admitted.exists()


def started_rounds(benchmark: Benchmark) -> list[Round]:
    return list(
        Round.objects.filter(benchmark=benchmark)
        .select_related("benchmark", "query_holdout", "panel")
        .order_by("number")
    )


def asked_round(request: Request, benchmark: Benchmark) -> Round:
    """The round of `?round=N`, else the latest that has opened."""
    rounds = [each for each in started_rounds(benchmark) if each.status != RoundStatus.PLANNED]
    wanted = request.query_params.get("round")
    if wanted is not None:
        rounds = [each for each in rounds if str(each.number) == wanted]
    if not rounds:
        raise Http404
    return rounds[-1]


def own_submission(request: Request, submission_id: uuid.UUID) -> Submission:
    submission = (
        Submission.objects.filter(pk=submission_id, team=own_team(request))
        .select_related("release", "round")
        .first()
    )
    if submission is None:
        raise Http404
    return submission
