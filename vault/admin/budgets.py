"""The accounts of teams in rounds, and the ledger that they are counted from. Nobody edits either."""

from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest
from django.utils import timezone

from vault import budget, budget_left, merged_teams, sentences
from vault.admin.change_lists import RoundFilter
from vault.admin.pages import (
    NOTHING,
    WHAT_NATS_ARE,
    ReadOnlyPage,
    Table,
    column,
    link,
    moment,
    nats,
    number,
    table,
)
from vault.admin.site import site
from vault.models import Admission, BudgetEntry, Round, TeamMerge
from vault.statuses import COMING


def counted(admissions: QuerySet[Admission]) -> QuerySet[Any]:
    """Annotate accounts with how many of their queries are `used` and `left`; late ones are apart.

    Those of a team that was merged into another count there, and none is left here.
    """
    kind = BudgetEntry.Kind
    in_time = Q(entries__submission__is_late=False)
    reserved = Count("entries", filter=in_time & Q(entries__kind=kind.RESERVE))
    refunded = Count("entries", filter=in_time & Q(entries__kind=kind.REFUND))
    merges = TeamMerge.objects.filter(rounds=OuterRef("round"))
    absorbed = TeamMerge.objects.filter(
        kept=OuterRef(OuterRef("team")), rounds=OuterRef(OuterRef("round"))
    )
    others = BudgetEntry.objects.filter(
        admission__round=OuterRef("round"),
        admission__team__in=absorbed.values("absorbed"),
        submission__is_late=False,
    ).order_by()
    value = Case(*_worth(kind), default=Value(0))
    theirs = others.values("admission__round").annotate(n=Sum(value)).values("n")
    used = reserved - refunded + Coalesce(Subquery(theirs), Value(0))
    return admissions.annotate(
        used=used,
        left=Greatest(F("k") - used, Value(0)),
        is_absorbed=Exists(merges.filter(absorbed=OuterRef("team"))),
    )


def _worth(kind: type[BudgetEntry.Kind]) -> list[When]:
    return [When(kind=kind.RESERVE, then=Value(1)), When(kind=kind.REFUND, then=Value(-1))]


@admin.register(Admission, site=site)
class AdmissionAdmin(ReadOnlyPage):
    list_display = ("team", "round", "left", "queries", "used", "is_blind", "admitted_at", "nats")
    fields = ("round", "team", "summary", "queries", "is_blind", "admitted_at", "nats_meant")
    list_filter = ("round__benchmark", "is_blind", ("round", RoundFilter))
    search_fields = ("team__name",)
    list_select_related = ("team", "round__benchmark")
    ordering = ("-admitted_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Admission]:
        return counted(super().get_queryset(request))

    @admin.display(description="what is left")
    def summary(self, obj: Admission) -> str:
        """Say it as the team itself is shown it."""
        now = timezone.now()
        return budget_left.summary(
            left=budget.remaining(round=obj.round, team=obj.team, now=now),
            status=obj.round.status,
            opens_at=obj.round.opens_at,
            closes_at=obj.round.closes_at,
            now=now,
        )

    queries = number("k", "queries")
    used = number("used", "used")

    @admin.display(description="queries left", ordering="left")
    def left(self, obj: Any) -> str:
        if obj.is_absorbed:
            return "none, merged"
        is_over = obj.round.status not in COMING
        return "none, the round is over" if is_over else f"{obj.left:,}"

    nats = column("nats", lambda obj: nats(obj.reserved_nats), ordering="reserved_nats")
    nats_meant = column("nats reserved", lambda obj: f"{nats(obj.reserved_nats)} ({WHAT_NATS_ARE})")

    def tables(self, obj: Admission) -> list[Table]:
        ledger = table(
            "Ledger",
            obj.entries.select_related("submission").order_by("-at", "-pk"),
            {
                "Entry": lambda each: each.kind,
                "Submission": lambda each: link(each.submission),
                "Reason": lambda each: each.reason or NOTHING,
                "At": lambda each: moment(each.at),
            },
            empty="No query was made.",
        )
        return [_remaining(obj), ledger]


def left_of(admission: Any) -> str:
    """Say how many queries of a counted account are left; of a round that is over, how many were used."""
    if admission.is_absorbed:
        return (
            f"none: merged into {merged_teams.into(admission.team)}; {admission.used:,} were used"
        )
    if admission.round.status in COMING:
        return f"{admission.left:,} of {admission.k:,}"
    return f"none: the round is over; {admission.used:,} of {admission.k:,} were used"


def admissions(round: Round) -> Table:
    """List the accounts of a round, on its page."""
    admitted = counted(round.admissions.select_related("team", "round"))
    return table(
        "Admitted teams",
        sorted(admitted, key=lambda each: each.team.name),
        {
            "Team": lambda each: link(each.team),
            "Account": lambda each: link(each, "account"),
            "Queries left": left_of,
            "Blind": lambda each: "blind" if each.is_blind else NOTHING,
            "Nats reserved": lambda each: nats(each.reserved_nats),
        },
        empty="No team is admitted.",
    )


def _remaining(admission: Admission) -> Table:
    left = budget.remaining(round=admission.round, team=admission.team, now=timezone.now())
    window = sentences.length(seconds=left.window_seconds)
    counts = [
        ("queries in the round", left.total_used, left.total_limit),
        (f"queries in {window}", left.window_used, left.window_limit),
        ("waiting for a score", left.concurrent_used, left.concurrent_limit),
    ]
    if left.late is not None:
        counts.append(("late queries", left.late.used, left.late.limit))
    if left.accepted_limit is not None:
        counts.append(("accepted improvements", left.accepted_used or 0, left.accepted_limit))
    rows = [
        *((of, f"{used:,}", f"{limit:,}") for of, used, limit in counts),
        ("nats that answers revealed to the team", nats(left.nats_used), nats(left.nats_reserved)),
        ("nats that were revealed to everybody", nats(left.nats_told), NOTHING),
    ]
    return Table(heading="What is used", header=("Of", "Used", "Limit"), rows=rows)


@admin.register(BudgetEntry, site=site)
class BudgetEntryAdmin(ReadOnlyPage):
    list_display = ("kind", "team", "round", "submission", "reason", "at")
    list_filter = ("kind", "admission__round__benchmark", ("admission__round", RoundFilter))
    search_fields = ("admission__team__name", "submission__id")
    list_select_related = ("admission__team", "admission__round__benchmark", "submission")
    ordering = ("-at", "-pk")
    date_hierarchy = "at"

    team = column("team", attrgetter("admission.team.name"), ordering="admission__team__name")
    round = column("round", attrgetter("admission.round"), ordering="admission__round")
