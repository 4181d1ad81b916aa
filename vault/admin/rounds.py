"""Rounds: planned here, opened and closed here, teams admitted here.

Audits have acts of their own on a round, so `audits.admin` registers this page and adds them.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join

from vault import holdout_ledger, late_allowances, opening, sentences, transcripts
from vault.admin import outlook, parameters, planning
from vault.admin.acts import Act, ActingPage
from vault.admin.baselines import may_open
from vault.admin.board import board
from vault.admin.board import link as board_link
from vault.admin.budgets import admissions
from vault.admin.corrections_of_rounds import notices
from vault.admin.pages import (
    NOTHING,
    WHAT_NATS_ARE,
    FixedPage,
    Table,
    closes,
    column,
    is_id,
    link,
    listed,
    minute,
    nats,
    number,
    section,
)
from vault.admin.references import order_of, references
from vault.admin.round_acts import VAULT_ACTS
from vault.admin.unrankings import unrankings
from vault.models import Admission, BudgetEntry, Holdout, Round, Submission, Transcript
from vault.planning import preview as round_preview
from vault.planning import prospects
from vault.statuses import COMING, HoldoutStatus, RoundStatus
from vault.wear import ANSWERING, wear_of


class RoundAdmin(FixedPage, ActingPage):
    change_list_template = "vault/admin/rounds.html"
    list_display = (
        *("__str__", "standing", "mechanism", "opens_at", closes, "n_teams", "n_submissions"),
    )
    list_filter = ("benchmark", "status", "mechanism")
    list_select_related = ("benchmark",)
    ordering = ("-opens_at", "-pk")
    acts: Sequence[Act] = VAULT_ACTS
    fieldsets = (
        section(None, "benchmark", "number", "standing", "opening", "panel"),
        section(
            "Labels", "query_holdout", "fresh", "unaudited", "cannot_find", "detectable", "answers"
        ),
        section(
            "Release",
            *("mechanism", "explained", "resolution", "publication", "published_step"),
            *("reserved", "wear", "proven_error"),
        ),
        section(
            "Budget of a team",
            *("total_limit", "window_limit", "window", "concurrent_limit", "max_teams"),
        ),
        section(
            "Times (UTC)",
            ("opens_at", "opened_at"),
            ("closes_at", "stopped_at", "closed_at"),
            ("audited_at", "published_at"),
            ("cancelled_at", "cancelled_reason"),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        # One count each: joined, they would be counted in all combinations.
        return rounds.select_related(
            "benchmark", "query_holdout__benchmark", "panel__benchmark"
        ).annotate(n_teams=_count_of(Admission), n_submissions=_count_of(Submission))

    @admin.display(description="answers that count")
    def answers(self, obj: Round) -> str:
        """Say whether labels were corrected, and whether all is being scored again."""
        corrected = "" if obj.transcript == 1 else ", on corrected labels"
        again = _scored_again(obj)
        made = f"; transcript {again.number} is being made" if again else ""
        return f"transcript {obj.transcript}{corrected}{made}"

    n_teams = number("n_teams", "teams")
    n_submissions = number("n_submissions", "submissions")
    standing = column(
        "status", lambda obj: opening.status(round=obj, now=timezone.now()), ordering="status"
    )
    explained = column("mechanism parameters", lambda obj: parameters.explained(obj) or NOTHING)
    resolution = column("resolution of a score", outlook.resolution)
    published_step = column(
        "published figures", lambda obj: outlook.published(obj, obj.fresh_holdouts.all())
    )
    detectable = column(
        "smallest overstatement found, as planned",
        lambda obj: outlook.detectable(obj, obj.fresh_holdouts.all()),
    )
    window = column("window length", lambda obj: sentences.length(seconds=obj.window_seconds))

    @admin.display(description="nats in the holdout's ledger")
    def reserved(self, obj: Round) -> str:
        total = holdout_ledger.holdout_nats(holdout=obj.query_holdout)
        told = holdout_ledger.told_nats(holdout=obj.query_holdout)
        return (
            f"{nats(total)}, of which {nats(told)} by publications and displayed references "
            f"({WHAT_NATS_ARE})"
        )

    wear = column(
        "wear of the query holdout", lambda obj: f"{wear_of(holdout=obj.query_holdout).line}."
    )

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        if request.method == "GET" and is_id(object_id):
            for each in Round.objects.filter(pk=object_id):
                if again := _scored_again(each):
                    messages.warning(request, _what_is_left(each, again))
                worn = each.status in ANSWERING and wear_of(holdout=each.query_holdout).warning
                if worn:
                    messages.warning(request, worn)
        return super().change_view(request, object_id, *args, **kwargs)

    @admin.display(description="how far off a shown score can be")
    def proven_error(self, obj: Round) -> str:
        return NOTHING if obj.status == RoundStatus.CANCELLED else proven_error(obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        now = timezone.now()
        for round in opening.due(now=now):
            if reason := opening.obstacle(round=round, now=now):
                messages.warning(
                    request, f"The time of {round} has come, and it is not open: {reason}."
                )
        return super().changelist_view(request, extra_context)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return planning.plan_view(self, request)

    @admin.display(description="fresh holdouts")
    def fresh(self, obj: Round) -> Any:
        holdouts = obj.fresh_holdouts.select_related("benchmark")
        links = [(link(each, _name_of_fresh(each)),) for each in holdouts]
        return format_html_join(", ", "{}", links) or NOTHING

    @admin.display(description="opening")
    def opening(self, obj: Round) -> str:
        now = timezone.now()
        if waits := opening.waits_for_teams(round=obj, now=now):
            return f"It was opened before its announced time: {waits}, and not before."
        if obj.status != RoundStatus.PLANNED:
            return NOTHING
        if not may_open(obj):
            return "Its end has passed, so it cannot open any more: cancel it and plan another."
        reason = opening.obstacle(round=obj, now=now)
        order = order_of(obj)
        if not obj.named_references:
            return f"Not by itself: {reason}. {order}"
        references = ", ".join(opening.named(round=obj))
        waits = f" Not yet: {reason}." if reason else ""
        return f"By itself from its time on, with {references}; the first is the baseline.{waits} {order}"

    @admin.display(description="what it cannot find")
    def cannot_find(self, obj: Round) -> str:
        """Say it while something can still be done about it."""
        if obj.status == RoundStatus.CANCELLED:
            return "It was cancelled: nothing is audited."
        if obj.status not in COMING:
            is_audited = obj.status in (RoundStatus.AUDITED, RoundStatus.PUBLISHED)
            stands = "stands" if is_audited else "will stand"
            return f"Nothing can be changed any more: each team's limit {stands} in the audit's report."
        if warnings := prospects.warnings(round=obj):
            return "\n".join(warnings)
        beyond = outlook.out_of_reach(round=obj, fresh_holdouts=obj.fresh_holdouts.all())
        nothing = f"{beyond} Nothing else" if beyond else "Nothing"
        return (
            f"{nothing} is known beforehand that rules a finding out. How small an overstatement can be "
            "found depends on the files, too: the audit's report states it for each team."
        )

    def links(self, obj: Round) -> list[tuple[str, str]]:
        return [
            ("Submissions", listed(Submission, round__id=obj.pk)),
            ("Ledger", listed(BudgetEntry, admission__round__id=obj.pk)),
        ]

    def elsewhere(self, obj: Round) -> list[tuple[str, str]]:
        return planning.next_address(obj)

    def tables(self, obj: Round) -> list[Table]:
        linked = board_link(obj)
        return [
            board(obj),
            *linked,
            *notices(obj),
            *unrankings(obj),
            admissions(obj),
            references(obj),
        ]


def _scored_again(round: Round) -> Transcript | None:
    """Find the transcript that is being made; none of a round that was cancelled."""
    return None if round.status == RoundStatus.CANCELLED else transcripts.waiting(round=round)


def _what_is_left(round: Round, waiting: Transcript) -> str:
    """Say what is being scored again, since when, and how much of it is left."""
    n_left = transcripts.n_left(transcript=waiting)
    left = sentences.counted(n=n_left, noun="file") if n_left else "no file"
    are_left = f"{left} {'is' if n_left <= 1 else 'are'} left"
    return (
        f"{round} is being scored again as transcript {waiting.number}, on version "
        f"{waiting.label_version} of the labels, since {minute(waiting.begun_at)} (the scoring worker begins "
        f"within a minute of that): {are_left}. Until all are done the earlier answers count, and new files "
        "wait."
    )


def _name_of_fresh(holdout: Holdout) -> str:
    """Name a fresh holdout by what it was here: one that took the query holdout's place was fresh then."""
    status = f"({holdout.status})"
    now = "(fresh in this round, now answers queries)"
    return str(holdout).replace(status, now if holdout.status == HoldoutStatus.QUERY else status)


def _count_of(model: type[Model]) -> Coalesce:
    """Count the rows of the model that belong to the round."""
    belonging = model._default_manager.filter(round=OuterRef("pk")).order_by().values("round")
    return Coalesce(Subquery(belonging.annotate(n=Count("pk")).values("n")), 0)


def proven_error(round: Round) -> str:
    """Bound the error if all admitted queries are used and all teams share what they learn.

    It may promise nothing. An audit's report has the narrower bound of the queries that were used.
    """
    seeing = Admission.objects.filter(round=round, is_blind=False)
    k = late_allowances.n_allowed(round=round, accounts=seeing)
    if not k:
        return "no team that sees scores is admitted"
    bound = round_preview.bound(
        account=holdout_ledger.account_to_bound(round=round),
        nats=holdout_ledger.holdout_nats(holdout=round.query_holdout),
        k=k,
    )
    return outlook.proven_together(bound, queries="admitted")
