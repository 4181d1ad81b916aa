"""Awaited labels in the admin: items without labels, those who deliver labels, and what has come.

This process opens no batch: it shows that one came, and what the audit worker made of it.
"""

import math
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.http import HttpRequest
from django.utils import timezone

from vault import label_providers, panel
from vault.admin import data_files
from vault.admin.acts import Act, ActForm, Done
from vault.admin.data_files import DataFileField
from vault.admin.pages import NOTHING, Table, figure, interval, link, moment, offer, table
from vault.files import item_files
from vault.models import (
    AwaitedLabels,
    Benchmark,
    Holdout,
    LabelBatch,
    LabelProvider,
    ProspectiveLook,
    ProspectiveResult,
)
from vault.sealing import awaited, label_files


class ItemsForm(ActForm):
    file = DataFileField(
        label="Item file", help_text="CSV or Parquet with one column, id. Labels come later."
    )
    mature_percent = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Scores once so many percent are labelled",
        help_text="Of the items, such as 80. This or the time below is needed; with both, whichever comes "
        "first.",
    )
    mature_at = forms.SplitDateTimeField(
        required=False,
        widget=AdminSplitDateTime,
        label="Scores from this time on",
        help_text="UTC, whatever is labelled by then.",
    )


class ProviderForm(ActForm):
    name = forms.CharField(max_length=100, help_text="Who delivers, such as the registry.")
    expires_at = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC. Left empty, it does not expire."
    )


class RevokeForm(ActForm):
    provider = forms.ModelChoiceField(queryset=LabelProvider.objects.none())

    def prepare(self, target: Benchmark) -> None:
        offer(self, "provider", target.label_providers.filter(revoked_at=None).order_by("name"))


def _publish(request: HttpRequest, benchmark: Benchmark, values: dict[str, Any]) -> Done:
    file, percent = values["file"], values["mature_percent"]
    ids = item_files.read(
        body=file.read(),
        content_type=data_files.content_type(file),
        id_kind=label_files.id_kind_of(panel.latest(benchmark=benchmark)),
    )
    holdout = awaited.publish_items(
        benchmark=benchmark,
        ids=ids,
        mature_share=None if percent is None else percent / 100,
        mature_at=values["mature_at"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return Done(message=f"Published {holdout.n_items:,} items as prospective holdout {holdout.pk}.")


def _add(request: HttpRequest, benchmark: Benchmark, values: dict[str, Any]) -> Done:
    provider, plain = label_providers.add(
        benchmark=benchmark, actor=request.user.get_username(), now=timezone.now(), **values
    )
    return Done(
        message=f"Made the label provider {provider}",
        shown_once=plain,
        shown_once_template="vault/admin/provider_token.html",
    )


def _revoke(request: HttpRequest, benchmark: Benchmark, values: dict[str, Any]) -> Done:
    provider = values["provider"]
    label_providers.revoke(provider=provider, actor=request.user.get_username(), now=timezone.now())
    return Done(message=f"The token of {provider} is revoked.")


ACTS = (
    Act(
        name="publish-items",
        label="Publish items without labels",
        explanation="The panel grows by these items, and everybody sees them: rounds that are planned from "
        "now on ask for them, too. Choose the new holdout among the fresh ones of the next round; it "
        "measures that round's finals, and decides no verdict. Nobody can have tuned to labels that do not "
        "exist yet. This cannot be undone: published items stay in the panel.",
        for_good="Publish these items for good",
        is_open=lambda benchmark: True,
        when="at any time",
        run=_publish,
        form=ItemsForm,
    ),
    Act(
        name="add-provider",
        label="Add a label provider",
        explanation="Its token delivers labels of this benchmark's prospective holdouts and does nothing "
        "else. The token is shown once, on the next page, and only its digest is kept.",
        is_open=lambda benchmark: True,
        when="at any time",
        run=_add,
        form=ProviderForm,
    ),
    Act(
        name="revoke-provider",
        label="Revoke a label provider's token",
        explanation="From now on the API refuses it. What it has delivered stays.",
        is_open=lambda benchmark: benchmark.label_providers.filter(revoked_at=None).exists(),
        when="while a label provider's token is valid",
        run=_revoke,
        form=RevokeForm,
    ),
)


def providers_table(benchmark: Benchmark) -> list[Table]:
    providers = benchmark.label_providers.order_by("name")
    if not providers:
        return []
    columns = {
        "Provider": lambda each: each.name,
        "Token": lambda each: f"{each.prefix}…",
        "Made": lambda each: moment(each.created_at),
        "By": lambda each: each.made_by,
        "Ends": lambda each: moment(each.expires_at),
        "Revoked": lambda each: moment(each.revoked_at),
    }
    return [table("Label providers", providers, columns)]


def awaited_tables(holdout: Holdout) -> list[Table]:
    """Say what a prospective holdout waits for, what came, and what finals are worth on it."""
    fixed = AwaitedLabels.objects.filter(holdout=holdout).select_related("holdout").first()
    if fixed is None:
        return []
    n_labelled = label_providers.n_labelled(holdout=holdout)
    batches = LabelBatch.objects.filter(holdout=holdout).select_related("provider")
    return [
        Table(
            heading="Awaited labels",
            header=("Items", "Labelled", "Scores are shown"),
            rows=[(f"{holdout.n_items:,}", f"{n_labelled:,}", awaited.rule_of(awaited=fixed))],
        ),
        table(
            "Batches",
            batches.order_by("-sequence"),
            {
                "Received": lambda each: moment(each.received_at),
                "From": lambda each: each.provider.name,
                "Status": lambda each: each.status,
                "Rows": lambda each: NOTHING if each.n_rows is None else f"{each.n_rows:,}",
                "Version": lambda each: each.version or NOTHING,
            },
            empty="None has come.",
        ),
        _scores(holdout),
    ]


def _scores(holdout: Holdout) -> Table:
    """Show what everybody reads of the latest look: exact scores of two looks could tell a label."""
    looks = ProspectiveLook.objects.filter(holdout=holdout, is_shown=True)
    look = looks.order_by("-label_version").first()
    scores = (
        ProspectiveResult.objects.filter(look=look).select_related("team").order_by("team__name")
    )
    spread = {
        "Interval, if labels come as if at random": lambda each: interval(
            each.low, each.high, step=None
        ),
        "Bounds, sure": lambda each: interval(each.bound_low, each.bound_high, step=None),
    }
    if look is not None and _is_led_by_bounds(look, scores):
        spread = dict(reversed(spread.items()))
    return table(
        "Locked finals on later labels"
        if look is None
        else f"Locked finals on {look.n_labelled:,} labels",
        scores if look else (),
        {
            "Team": lambda each: link(each.team),
            "Score": lambda each: figure(each.value),
            **spread,
            "Weighted": lambda each: "yes" if each.is_weighted else "no",
            "No score because": lambda each: each.reason or NOTHING,
        },
        empty="Nothing is shown yet.",
    )


def _is_led_by_bounds(look: ProspectiveLook, scores: Iterable[ProspectiveResult]) -> bool:
    """Put bounds first while few labels are there, and where no interval is narrower than they are."""

    def width(low: float | None, high: float | None) -> float:
        return math.inf if low is None or high is None else high - low

    return 2 * look.n_labelled < look.holdout.n_items or all(
        width(each.bound_low, each.bound_high) <= width(each.low, each.high) for each in scores
    )
