"""The accounts of teams in rounds, and the ledger that they are counted from. Nobody edits either."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from vault import budget, budget_left, sentences
from vault.admin.change_lists import RoundFilter
from vault.admin.pages import (
    NOTHING,
    WHAT_NATS_ARE,
    ReadOnlyPage,
    Table,
    link,
    moment,
    nats,
    number,
)
from vault.admin.site import site
from vault.models import Admission, BudgetEntry, Round
from vault.statuses import COMING


def counted(admissions: QuerySet[Admission]) -> QuerySet[Any]:
    """Accounts with how many of their queries are `used` and `left`."""
    reserved = Count("entries", filter=Q(entries__kind=BudgetEntry.Kind.RESERVE))
    refunded = Count("entries", filter=Q(entries__kind=BudgetEntry.Kind.REFUND))
    return admissions.annotate(used=reserved - refunded, left=F("k") - (reserved - refunded))


@admin.register(Admission, site=site)
class AdmissionAdmin(ReadOnlyPage):
    list_display = ("team", "round", "left", "queries", "used", "is_blind", "admitted_at", "nats")
    fields = ("round", "team", "summary", "queries", "is_blind", "admitted_at", "nats_meant")
    readonly_fields = ("summary", "queries", "nats_meant")
    list_filter = ("round__benchmark", "is_blind", ("round", RoundFilter))
    search_fields = ("team__name",)
    list_select_related = ("team", "round__benchmark")
    ordering = ("-admitted_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Admission]:
        return counted(super().get_queryset(request))

    @admin.display(description="what is left")
    def summary(self, obj: Admission) -> str:
        """As the team itself is shown it."""
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
        is_over = obj.round.status not in COMING
        return "none, the round is over" if is_over else f"{obj.left:,}"

    @admin.display(description="nats reserved (1 nat is 1.44 bits)", ordering="reserved_nats")
    def nats(self, obj: Admission) -> str:
        return nats(obj.reserved_nats)

    @admin.display(description="nats reserved")
    def nats_meant(self, obj: Admission) -> str:
        return f"{nats(obj.reserved_nats)} ({WHAT_NATS_ARE})"

    def tables(self, obj: Admission) -> list[Table]:
        entries = obj.entries.select_related("submission").order_by("-at", "-pk")
        return [
            _remaining(obj),
            Table(
                heading="Ledger",
                header=("Entry", "Submission", "Reason", "At"),
                rows=[
                    (each.kind, link(each.submission), each.reason or NOTHING, moment(each.at))
                    for each in entries
                ],
                empty="No query was made.",
            ),
        ]


def left_of(admission: Any) -> str:
    """How many queries of a counted account are left; of a round that is over, how many were used."""
    if admission.round.status in COMING:
        return f"{admission.left:,} of {admission.k:,}"
    return f"none: the round is over; {admission.used:,} of {admission.k:,} were used"


def admissions(round: Round) -> Table:
    """List the accounts of a round, on its page."""
    admitted: Iterable[Any] = counted(round.admissions.select_related("team", "round"))
    return Table(
        heading="Admitted teams",
        header=("Team", "Account", "Queries left", "Blind", "Nats reserved"),
        rows=[
            (
                link(each.team),
                link(each, "ledger"),
                left_of(each),
                "blind" if each.is_blind else NOTHING,
                nats(each.reserved_nats),
            )
            for each in sorted(admitted, key=lambda each: each.team.name)
        ],
        empty="No team is admitted.",
    )


def _remaining(admission: Admission) -> Table:
    given = budget.remaining(round=admission.round, team=admission.team, now=timezone.now())
    rows: list[tuple[Any, ...]] = [
        ("queries in the round", *_counts(given.total_used, given.total_limit)),
        (
            f"queries in {sentences.length(seconds=given.window_seconds)}",
            *_counts(given.window_used, given.window_limit),
        ),
        ("waiting for a score", *_counts(given.concurrent_used, given.concurrent_limit)),
    ]
    if given.accepted_limit is not None:
        counts = _counts(given.accepted_used or 0, given.accepted_limit)
        rows.append(("accepted improvements", *counts))
    rows += [
        (
            "nats that answers revealed to the team",
            nats(given.nats_used),
            nats(given.nats_reserved),
        ),
        ("nats that were revealed to everybody", nats(given.nats_told), NOTHING),
    ]
    return Table(heading="What is used", header=("Of", "Used", "Limit"), rows=rows)


def _counts(*given: int) -> tuple[str, ...]:
    return tuple(f"{each:,}" for each in given)


@admin.register(BudgetEntry, site=site)
class BudgetEntryAdmin(ReadOnlyPage):
    list_display = ("kind", "team", "round", "submission", "reason", "at")
    list_filter = ("kind", "admission__round__benchmark", ("admission__round", RoundFilter))
    search_fields = ("admission__team__name", "submission__id")
    list_select_related = ("admission__team", "admission__round__benchmark", "submission")
    ordering = ("-at", "-pk")
    date_hierarchy = "at"

    @admin.display(description="team", ordering="admission__team__name")
    def team(self, obj: BudgetEntry) -> str:
        return obj.admission.team.name

    @admin.display(description="round", ordering="admission__round")
    def round(self, obj: BudgetEntry) -> str:
        return str(obj.admission.round)
