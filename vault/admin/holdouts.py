"""Holdouts as anybody may know them: kind, status, size, commitment. Never what is sealed in them."""

from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from vault import sentences
from vault.admin import awaited, envelopes, sealing
from vault.admin.acts import Act, ActingPage, Done
from vault.admin.correcting import CORRECT, corrections_table
from vault.admin.disclosing import DISCLOSE, disclosure_table
from vault.admin.pages import (
    NOTHING,
    FixedPage,
    Table,
    code,
    column,
    figure,
    link,
    moment,
    nats,
    number,
    section,
    stacked,
)
from vault.admin.site import site
from vault.admin.stock import warn_of_stock
from vault.models import Benchmark, Holdout
from vault.sealing import holdouts
from vault.statuses import HoldoutStatus
from vault.wear import wear_of


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
            explanation="From here on an audit may open this holdout. Publishing a round does the same to "
            "the next sealed holdout. This cannot be undone: it is not sealed again.",
            is_open=lambda holdout: holdout.status == HoldoutStatus.SEALED,
            when="while a holdout is SEALED",
            run=_freshen,
            for_good="Make this holdout fresh for good",
        ),
        CORRECT,
        DISCLOSE,
    )

    fieldsets = (
        section(None, "benchmark", "panel", "kind", "status", "n", "full_commitment", "sealed_at"),
        section("Draw", "full_batch", "drawn", "groups", "worth"),
        section("What its items are", "slices", "period", "trained", "delay"),
    )

    full_commitment = column(
        "commitment to the labels", lambda obj: code(obj.commitment or NOTHING)
    )
    full_batch = column("number of the draw", lambda obj: code(str(obj.batch)))
    drawn = column("how its items were drawn", lambda obj: _drawn(obj))
    groups = column(
        "groups that were drawn whole",
        lambda obj: NOTHING if obj.n_units is None else f"{obj.n_units:,}",
    )
    worth = column(
        "independent items that it is worth at least",
        lambda obj: figure(obj.n_effective) if obj.draws_groups else f"{obj.n_items:,}",
    )
    slices = column("slices", lambda obj: ", ".join(obj.slice_names) or NOTHING)
    period = column(
        "times of its items",
        lambda obj: f"{obj.period_start} to {obj.period_end}" if obj.period_start else NOTHING,
    )
    trained = column("teams may train on items up to", lambda obj: obj.trained_until or NOTHING)
    delay = column(
        "a label is known after",
        lambda obj: (
            NOTHING
            if obj.label_delay_days is None
            else sentences.counted(n=obj.label_delay_days, noun="day")
        ),
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
        return stacked(code(str(obj.batch), length=8), _drawn(obj))

    @admin.display(description="sealed", ordering="sealed_at")
    def sealed_on(self, obj: Holdout) -> Any:
        """Show the day: the minute stands on the holdout's page, and in the title."""
        return format_html(
            '<span title="{}">{}</span>', moment(obj.sealed_at), f"{obj.sealed_at:%Y-%m-%d}"
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        sealed = Benchmark.objects.filter(holdouts__isnull=False).distinct().order_by("slug")
        for benchmark in sealed:
            warn_of_stock(request, benchmark)
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        upload = self.admin_site.admin_view(self.envelope_view)
        keys = self.admin_site.admin_view(self.keys_view)
        return [
            path("envelope/", upload, name="vault_holdout_envelope"),
            path("sealing-keys/<slug:slug>/", keys, name="vault_holdout_keys"),
            *super().get_urls(),
        ]

    def envelope_view(self, request: HttpRequest) -> HttpResponse:
        return envelopes.envelope_view(self, request)

    def keys_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        return envelopes.keys_view(self, request, slug)

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
            *_wear(obj),
            _versions(obj),
            corrections_table(obj),
            *awaited.awaited_tables(obj),
            disclosure_table(obj),
            *envelopes.draw_tables(obj),
        ]


def _drawn(holdout: Holdout) -> str:
    units = "in groups" if holdout.draws_groups else "one by one"
    return f"{units}, by class" if holdout.stratified else units


def _wear(holdout: Holdout) -> list[Table]:
    """Show all that it ever told, once it told anything or somebody may ask."""
    worn = wear_of(holdout=holdout)
    if not worn.committed:
        return []
    told = holdout.told.select_related("round__benchmark").order_by("at", "pk")
    rows = [(link(each.round), each.what, nats(each.nats)) for each in told]
    rows += [("all its rounds", "answers to teams", nats(worn.answered))]
    return [
        Table(
            heading="What it told",
            note=worn.warning or f"{worn.line}.",
            header=("Round", "What", "Nats"),
            rows=rows,
        )
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
