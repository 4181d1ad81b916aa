"""The accounts of teams in rounds, and the ledger that they are counted from. Nobody edits either."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from vault import budget
from vault.admin.filters import RoundFilter
from vault.admin.pages import NOTHING, ReadOnlyPage, Table, figure, link, moment
from vault.admin.site import site
from vault.models import Admission, BudgetEntry
from vault.statuses import RoundStatus


@admin.register(Admission, site=site)
class AdmissionAdmin(ReadOnlyPage):
    list_display = ("team", "round", "queries", "used", "left", "nats", "is_blind", "admitted_at")
    fields = ("round", "team", "queries", "nats", "is_blind", "admitted_at")
    readonly_fields = ("queries", "nats")
    list_filter = ("round__benchmark", "is_blind", ("round", RoundFilter))
    search_fields = ("team__name",)
    list_select_related = ("team", "round__benchmark")
    ordering = ("-admitted_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Admission]:
        found: QuerySet[Admission] = super().get_queryset(request)
        reserved = Count("entries", filter=Q(entries__kind=BudgetEntry.Kind.RESERVE))
        refunded = Count("entries", filter=Q(entries__kind=BudgetEntry.Kind.REFUND))
        return found.annotate(used=reserved - refunded, left=F("k") - (reserved - refunded))

    @admin.display(description="queries", ordering="k")
    def queries(self, obj: Admission) -> str:
        return f"{obj.k:,}"

    @admin.display(description="used", ordering="used")
    def used(self, obj: Any) -> str:
        return f"{obj.used:,}"

    @admin.display(description="left", ordering="left")
    def left(self, obj: Any) -> str:
        return f"{obj.left:,}"

    @admin.display(description="nats reserved", ordering="reserved_nats")
    def nats(self, obj: Admission) -> str:
        return figure(obj.reserved_nats)

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


def _remaining(admission: Admission) -> Table:
    given = budget.remaining(round=admission.round, team=admission.team, now=timezone.now())
    rows: list[tuple[Any, ...]] = [
        ("queries in the round", *_counts(given.total_used, given.total_limit)),
        (
            f"queries in {given.window_seconds} seconds",
            *_counts(given.window_used, given.window_limit),
        ),
        ("waiting for a score", *_counts(given.concurrent_used, given.concurrent_limit)),
        ("nats", figure(given.nats_used), figure(given.nats_reserved)),
    ]
    if given.accepted_limit is not None:
        counts = _counts(given.accepted_used or 0, given.accepted_limit)
        rows.append(("accepted improvements", *counts))
    if admission.round.status == RoundStatus.OPEN:
        is_used_up = given.next_slot_at is None
        slot = "none: all are used" if is_used_up else moment(given.next_slot_at)
        rows.append(("next query", slot, NOTHING))
    return Table(heading="What is left", header=("Of", "Used", "Limit"), rows=rows)


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
