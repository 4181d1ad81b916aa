"""The act that publishes a retired holdout: what follows from it is said first, and confirmed.

This process cannot open labels. It records the request, and wakes the audit worker.
"""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from vault import sentences
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.pages import NOTHING, Table, code, link, moment
from vault.models import Benchmark, DisclosedFile, DisclosureRequest, Draw, Holdout
from vault.queue import broker
from vault.sealing import disclosures
from vault.statuses import HoldoutStatus


class DiscloseForm(ActForm):
    reason = reason_field("Everybody reads it beside the file.")

    def prepare(self, target: Holdout) -> None:
        items = sentences.counted(n=target.n_items, noun="item")
        self.fields["for_good"] = forms.BooleanField(
            label=f"Publish the labels of {items} for good",
            error_messages={
                "required": "Tick this to publish the labels: nobody can take it back."
            },
        )
        self.tables = [_same_draw(target), _rounds(target)]


def _same_draw(holdout: Holdout) -> Table:
    others = Holdout.objects.filter(batch=holdout.batch).exclude(pk=holdout.pk)
    return Table(
        heading="Other holdouts of the same draw: they stay as they are",
        header=("Holdout", "Kind", "Status", "Items"),
        rows=[
            (link(each, code(str(each.pk), length=8)), each.kind, each.status, f"{each.n_items:,}")
            for each in others.select_related("benchmark").order_by("status", "pk")
        ],
        empty="There is none.",
    )


def _rounds(holdout: Holdout) -> Table:
    uses = [*holdout.rounds.order_by("number"), *holdout.audited_rounds.order_by("number")]
    return Table(
        heading="Rounds that it served",
        header=("Round", "Status", "Needs the labels"),
        rows=[
            (link(each), each.status, "no" if each.status in disclosures.OVER else "yes")
            for each in uses
        ],
        empty="It served no round.",
    )


def _explained(holdout: Holdout) -> str:
    waiting = disclosures.needed_by(holdout=holdout)
    if waiting:
        named = ", ".join(f"round {each.number} ({each.status})" for each in waiting)
        return (
            f"This is refused as long as a round needs the labels, and {named} does: publish or cancel that "
            "first."
        )
    is_public = holdout.benchmark.visibility == Benchmark.Visibility.PUBLIC
    who = "Everybody" if is_public else "Every team of this private benchmark"
    return (
        f"{who} will see which {holdout.n_items:,} items of the panel are in this holdout and the label of "
        "each, for good: a file with ids, labels and salt is published (with slices, times and groups, if "
        "the label file had them), by which anybody can check the commitment. This is not taken back. Teams "
        "may train on these items from then on, so do not seal them again. Other holdouts of the same draw "
        "stay shut; but it is known then that these items are not in them, and where each class was drawn "
        "from separately about how many items of each class they have. No round needs the labels any "
        "more: its audits are published, and are not made again here once the labels are; anybody who has "
        f"the files that were scored can repeat the figures from then on.{_of_the_draw(holdout)}"
    )


def _of_the_draw(holdout: Holdout) -> str:
    """Say what comes with the last shard of a draw."""
    siblings = Holdout.objects.filter(batch=holdout.batch).exclude(pk=holdout.pk)
    is_last = not siblings.exclude(status=HoldoutStatus.DISCLOSED).exists()
    if not is_last or not Draw.objects.filter(pk=holdout.batch).exists():
        return ""
    return (
        " It is the last shard of its draw: the seed of the draw is published with it, and the report on "
        "whether its shards look as if chance had made them."
    )


def is_open(holdout: Holdout) -> bool:
    is_asked = DisclosureRequest.objects.filter(holdout=holdout).exists()
    return holdout.status == HoldoutStatus.RETIRED and not is_asked


def _disclose(request: HttpRequest, holdout: Holdout, values: dict[str, Any]) -> Done:
    disclosures.request(
        holdout=holdout,
        reason=values["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    broker.ask_to_disclose(holdout_id=holdout.pk)
    return Done(
        message="The audit worker was asked to publish the labels. Reload to see the file, within a minute "
        "or two."
    )


DISCLOSE = Act(
    name="disclose",
    label="Disclose",
    explain=_explained,
    is_open=is_open,
    when="once, while a holdout is RETIRED",
    run=_disclose,
    form=DiscloseForm,
)


def disclosure_table(holdout: Holdout) -> Table:
    """Show on a holdout's page what was asked for, and what came of it."""
    asked = DisclosureRequest.objects.filter(holdout=holdout).first()
    made = DisclosedFile.objects.filter(holdout=holdout).first()
    return Table(
        heading="Disclosure",
        header=("Asked for by", "At", "Reason", "Published", "SHA-256 of the file"),
        rows=[
            (
                asked.actor,
                moment(asked.at),
                asked.reason,
                moment(made.at) if made else "waits for the audit worker",
                code(made.sha256, length=16) if made else NOTHING,
            )
        ]
        if asked
        else [],
        empty="Its labels are sealed: nobody has asked to publish them.",
    )
