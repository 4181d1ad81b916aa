"""Finding what a request names. What somebody may not see is not found: its existence is not told."""

import uuid
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from vault import panel as panels
from vault.api.problems import ProblemError
from vault.models import Admission, Benchmark, Final, Panel, Round, Submission, Team
from vault.statuses import NEVER_OPENED, RoundStatus

# Of a round: as many digits as a count in the database surely has.
MAX_NUMBER = 99_999_999


def own_team(request: Request) -> Team:
    assert isinstance(request.user, Team)  # the view's permission demands a token
    return request.user


def visible_benchmarks(request: Request) -> QuerySet[Benchmark]:
    return benchmarks_of(request.user if isinstance(request.user, Team) else None)


def benchmarks_of(team: Team | None) -> QuerySet[Benchmark]:
    """Find those that a team, or a stranger, may see."""
    visible = Q(visibility=Benchmark.Visibility.PUBLIC)
    if team is not None and team.is_reference:
        visible = Q()
    elif team is not None:
        admissions = Admission.objects.filter(round__benchmark=OuterRef("pk"), team=team)
        visible |= Q(Exists(admissions))
    return Benchmark.objects.filter(visible).order_by("slug")


def visible_benchmark(request: Request, slug: str) -> Benchmark:
    return get_object_or_404(visible_benchmarks(request), slug=slug)


def every_round(benchmark: Benchmark) -> QuerySet[Round]:
    """Find planned ones too: teams want to know when to come, and cancelled ones: that they need not."""
    rounds = Round.objects.filter(benchmark=benchmark).order_by("number")
    found = rounds.select_related("benchmark", "query_holdout", "panel")
    return found.prefetch_related(
        "query_holdout__versions", "transcripts", "notices", "unrankings", "merges__absorbed"
    )


def listed_rounds(benchmark: Benchmark) -> QuerySet[Round]:
    """Find them with each other at hand: each is linked to the one before it."""
    return every_round(benchmark).prefetch_related("benchmark__rounds__query_holdout")


def asked_round(request: Request, benchmark: Benchmark) -> Round:
    """Find the round of `?round=N`, else the latest that has opened."""
    opened = every_round(benchmark).exclude(status__in=NEVER_OPENED)
    return _first(request, benchmark, [_numbered(request, opened).reverse()])


def budget_round(request: Request, benchmark: Benchmark) -> Round:
    """Find the round of `?round=N`, else the open one, else the next that the team is admitted to.

    Without any of them the latest that has opened or, before one has, the first that is planned: whether the
    team is admitted there is for the budget to say.
    """
    rounds = every_round(benchmark).exclude(status=RoundStatus.CANCELLED)
    planned = rounds.filter(status=RoundStatus.PLANNED)
    choices = [_numbered(request, rounds)]
    if "round" not in request.query_params:
        choices = [
            rounds.filter(status=RoundStatus.OPEN),
            planned.filter(admissions__team=own_team(request)),
            rounds.exclude(status__in=NEVER_OPENED).reverse()[:1],
            planned,
        ]
    return _first(request, benchmark, choices)


def _first(request: Request, benchmark: Benchmark, choices: Iterable[QuerySet[Round]]) -> Round:
    """Find the first of all choices; 404 says why, if the round that is asked for never opened."""
    for each in choices:
        if (found := each.first()) is not None:
            return found
    unopened = every_round(benchmark).filter(status__in=NEVER_OPENED)
    round = _numbered(request, unopened).last()
    if round is None:
        raise Http404
    if round.status == RoundStatus.CANCELLED:
        why = f"round {round.number} was cancelled before it opened ({round.cancelled_reason})"
    else:
        why = f"round {round.number} has not opened"
    raise ProblemError("not_found", f"there is nothing here: {why}")


def asked_panel(request: Request, benchmark: Benchmark) -> Panel:
    """Find the panel of the round of `?round=N`, else of the one open or opening next, else the latest.

    A panel that grows while a round is open does not change what the round's files must answer.
    """
    rounds = every_round(benchmark)
    if "round" in request.query_params:
        return get_object_or_404(_numbered(request, rounds)).panel
    round = rounds.filter(status__in=(RoundStatus.OPEN, RoundStatus.PLANNED)).first()
    panel = panels.latest(benchmark=benchmark) if round is None else round.panel
    if panel is None:
        raise Http404
    return panel


def _numbered(request: Request, rounds: QuerySet[Round]) -> QuerySet[Round]:
    number = request.query_params.get("round")
    if number is None:
        return rounds
    return rounds.filter(number=number) if is_number(number) else rounds.none()


def is_number(text: str) -> bool:
    """Tell whether a text is a count that the database can hold, too."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_NUMBER))


def submissions_of(team: Team) -> QuerySet[Submission]:
    """Find a team's submissions, with all that is shown of them."""
    return (
        Submission.objects.filter(team=team)
        .select_related("team", "round__benchmark")
        .prefetch_related("releases")
        .annotate(is_final=Exists(Final.objects.filter(submission=OuterRef("pk"))))
    )


def own_submission(request: Request, submission_id: uuid.UUID) -> Submission:
    return get_object_or_404(submissions_of(own_team(request)), pk=submission_id)
