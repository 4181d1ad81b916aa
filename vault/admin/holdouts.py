"""Holdouts as anybody may know them: kind, status, size, commitment. Never what is sealed in them."""

from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from vault.admin import awaited, sealing
from vault.admin.acts import Act, ActingPage, Done
from vault.admin.disclosing import DISCLOSE, disclosure_table
from vault.admin.pages import NOTHING, FixedPage, Table, code, column, link, moment, number, stacked
from vault.admin.site import site
from vault.models import Holdout
from vault.sealing import holdouts
from vault.statuses import HoldoutStatus


def _freshen(request: HttpRequest, holdout: Holdout, values: dict[str, Any]) -> Done:
    holdouts.freshen(holdout=holdout, actor=request.user.get_username(), now=timezone.now())
    return Done(message="The holdout is fresh: an audit may open it.")


@admin.register(Holdout, site=site)
class HoldoutAdmin(FixedPage, ActingPage):
    change_list_template = "vault/admin/holdouts.html"
    list_display = (
        *("start", "benchmark", "kind_of", "status"),
        *("n", "draw", "commitment_start", "sealed_on"),
    )
    list_filter = ("benchmark", "kind", "status")
    search_fields = ("versions__commitment",)
    list_select_related = ("benchmark", "panel__benchmark")
    ordering = ("-sealed_at", "status")
    acts = (
        Act(
            name="freshen",
            label="Make fresh",
            explanation="From here on an audit may open this holdout. It cannot be sealed again. "
            "Publishing a round does the same to the next sealed holdout.",
            is_open=lambda holdout: holdout.status == HoldoutStatus.SEALED,
            when="while a holdout is SEALED",
            run=_freshen,
        ),
        DISCLOSE,
    )

    start = column("holdout", lambda obj: code(str(obj.pk), length=8), ordering="pk")
    kind_of = column("kind", attrgetter("kind"), ordering="kind")
    n = number("n_items", "items")
    commitment_start = column("commitment", lambda obj: code(obj.commitment, length=8))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holdout]:
        found: QuerySet[Holdout] = super().get_queryset(request)
        return found.prefetch_related("versions")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "batch" or bool(super().lookup_allowed(lookup, value, request))

    @admin.display(description="draw", ordering="batch")
    def draw(self, obj: Holdout) -> Any:
        """Show which holdouts were drawn together, and how."""
        units = "in groups" if obj.draws_groups else "one by one"
        how = f"{units}, by class" if obj.stratified else units
        return stacked(code(str(obj.batch), length=8), how)

    @admin.display(description="sealed", ordering="sealed_at")
    def sealed_on(self, obj: Holdout) -> Any:
        """Show the day: the minute stands on the holdout's page, and in the title."""
        return format_html(
            '<span title="{}">{}</span>', moment(obj.sealed_at), f"{obj.sealed_at:%Y-%m-%d}"
        )

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return sealing.seal_view(self, request)

    def tables(self, obj: Holdout) -> list[Table]:
        asked = [(link(each), each.status, "answers queries") for each in obj.rounds.all()]
        audited = [(link(each), each.status, "is fresh") for each in obj.audited_rounds.all()]
        return [
            Table(
                heading="Rounds",
                header=("Round", "Status", "In it, this holdout"),
                rows=asked + audited,
                empty="It serves no round.",
            ),
            _versions(obj),
            *awaited.awaited_tables(obj),
            disclosure_table(obj),
        ]


def _versions(holdout: Holdout) -> Table:
    return Table(
        heading="Versions of the labels",
        header=("Version", "Arrived", "Commitment", "Reason"),
        rows=[
            (each.number, moment(each.arrived_at), code(each.commitment), each.reason or NOTHING)
            for each in holdout.versions.order_by("number")
        ],
        empty="There are no labels yet.",
    )
