"""Submissions, what was released of them, and their exact scores: a page for researchers, never for teams."""

from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.http import HttpRequest

from stats.metrics import METRICS
from vault import leaderboard, transcripts
from vault.admin.change_lists import RoundFilter
from vault.admin.pages import (
    NOTHING,
    ReadOnlyPage,
    Table,
    code,
    column,
    figure,
    link,
    moment,
    score,
    section,
)
from vault.admin.site import site
from vault.models import BudgetEntry, Final, RawScore, Release, Submission
from vault.references import scores as reference_scores
from vault.statuses import NEVER_OPENED

# References of a round that has not opened have none: their order would tell more than their rounded scores.
OWN_VALUE = Case(
    When(team__is_reference=True, round__status__in=NEVER_OPENED, then=None),
    When(outcome_now__in=Release.OWN_VALUE, then="value_now"),
)


class SubmissionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Nobody edits it; it has the words for columns whose names are a program's."""

    class Meta:
        model = Submission
        fields = ()
        labels = {
            "id": "ID",
            "sequence": "Number among the team's files",
            "sha256": "SHA-256 of the predictions",
            "ci_run_url": "CI run",
            "validation_score": "The team's own validation score",
            "latency_p95_ms": "Latency, 95th percentile, in ms (the team's word)",
            "cost_per_1000": "Cost of 1,000 predictions (the team's word)",
            "claimed_at": "First taken by a worker at",
            "leased_until": "A worker holds it until",
            "fence": "Times that a worker took it",
            "n_exceptions": "Attempts that an error ended",
            "n_faults": "Attempts that storage, database or keys spoiled",
            "retry_at": "Next attempt not before",
        }


@admin.register(Submission, site=site)
class SubmissionAdmin(ReadOnlyPage):
    form = SubmissionForm
    list_display = (
        *("short_id", "team", "number", "status"),
        *("released", "outcome", "submitted_at", "round"),
    )
    list_filter = ("round__benchmark", "status", "team__is_reference", ("round", RoundFilter))
    search_fields = ("id", "team__name", "sha256", "commit", "model_name")
    ordering = ("-submitted_at", "-pk")
    fieldsets = (
        section(None, "id", "team", "round", "sequence", "status", "panel", "sha256"),
        section("Answer", "released", "on_display", "outcome", "released_at", "final"),
        section(
            "Provenance",
            *("model_name", "commit", "ci_run_url", "idempotency_key"),
            *("validation_score", "latency_p95_ms", "cost_per_1000"),
        ),
        section(
            "Work",
            *("submitted_at", "is_late", "finished_at", "claimed_at", "leased_until", "fence"),
            *("n_exceptions", "n_faults", "retry_at", "error_code"),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        found: QuerySet[Submission] = super().get_queryset(request)
        answer = Release.objects.filter(
            submission=OuterRef("pk"), transcript=OuterRef("round__transcript")
        )
        return (
            found.select_related(
                *("team", "round__benchmark", "round__query_holdout", "panel__benchmark")
            )
            .prefetch_related("releases")
            .annotate(
                outcome_now=Subquery(answer.values("outcome")),
                value_now=Subquery(answer.values("value")),
            )
        )

    # The last part: ids made at one time begin alike.
    short_id = column("submission", lambda obj: code(str(obj.pk)[-12:]), ordering="pk")
    number = column("no.", attrgetter("sequence"), ordering="sequence")
    released = column("released", lambda obj: _score(obj, "released"), ordering=OWN_VALUE)
    on_display = column("on display", lambda obj: _score(obj, "value"))
    released_at = column("released at", lambda obj: moment(_of_release(obj, "released_at")))

    @admin.display(description="outcome", ordering="outcome_now")
    def outcome(self, obj: Submission) -> str:
        answer = obj.release
        return NOTHING if answer is None else str(answer.get_outcome_display())

    @admin.display(description="final of its team")
    def final(self, obj: Submission) -> str:
        found = Final.objects.filter(submission=obj).first()
        if found is None:
            return "no"
        return (
            "yes, declared by the team" if found.is_declared else "yes, as the team declared none"
        )

    def tables(self, obj: Submission) -> list[Table]:
        entries = BudgetEntry.objects.filter(submission=obj).order_by("at", "pk")
        return [
            Table(
                heading="Budget ledger",
                header=("Entry", "Reason", "At"),
                rows=[(each.kind, each.reason or NOTHING, moment(each.at)) for each in entries],
                empty="Nothing was charged.",
            ),
            _raw_scores(obj),
            *_superseded(obj),
        ]


def _of_release(submission: Submission, name: str) -> Any:
    return getattr(submission.release, name, None)


def _score(submission: Submission, name: str) -> str:
    """Write this score of the release as on the round's board."""
    round, team = submission.round, submission.team
    told = reference_scores.told(value=_of_release(submission, name), round=round, team=team)
    is_coarse = reference_scores.is_coarse(round=round, team=team)
    step = None if is_coarse else leaderboard.resolution(round=round)
    return score(leaderboard.shown(value=told, benchmark=round.benchmark), step=step)


def _superseded(submission: Submission) -> list[Table]:
    """List the answers on labels that were corrected since, where there are any."""
    answers = transcripts.superseded(submission=submission)
    round, team = submission.round, submission.team

    def told(value: float | None) -> str:
        return figure(reference_scores.told(value=value, round=round, team=team))

    rows = [
        (each.transcript, told(each.released), told(each.value), each.get_outcome_display())
        for each in answers
    ]
    header = ("Transcript", "Released", "On display", "Outcome")
    heading = "Answers that corrected labels have superseded"
    return [Table(heading=heading, header=header, rows=rows)] if rows else []


def _raw_scores(submission: Submission) -> Table:
    """List every metric with its interval, which covers the sampling of that holdout's items alone.

    Rounded scores stand without: an interval's ends would tell what the rounding hides.
    """
    round, team = submission.round, submission.team
    is_coarse = reference_scores.is_coarse(round=round, team=team)
    heading = (
        "Scores on query labels, rounded until the round opens: exact ones would tell single labels"
        if is_coarse
        else "Exact scores on query labels, with 95 % intervals (for researchers: no team may see them)"
    )
    scores = RawScore.objects.filter(submission=submission).select_related("holdout__benchmark")
    rows = []
    for each in scores.order_by("holdout", "pk"):
        told = reference_scores.told(value=each.value, round=round, team=team, metric=each.metric)
        ends = () if is_coarse else (figure(each.low), figure(each.high))
        name = METRICS[each.metric].label if each.metric in METRICS else each.metric
        versions = (each.label_version, each.scorer_version)
        rows.append((name, link(each.holdout), figure(told), *ends, *versions))
    return Table(
        heading=heading,
        header=(
            "Metric",
            "Holdout",
            "Score",
            *(() if is_coarse else ("Low", "High")),
            "Labels",
            "Scorer",
        ),
        rows=rows,
        empty="Nothing was scored yet.",
    )
