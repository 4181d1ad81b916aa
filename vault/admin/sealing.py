"""The form that seals a label file: read in memory, reported on, drawn into shards, encrypted, and forgotten.

What comes back names rows and columns, and commitments. Only the report that warns tells of labels, and of
no item's: it goes to whoever sent the file, in the answer to the form, and is kept nowhere. A warning is
confirmed for one file and the settings beside it, which a signature binds: another file, or another draw of
it, gets a report of its own.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from vault import budget, conveyor
from vault.admin import data_files
from vault.admin.data_files import DataFileField
from vault.admin.pages import Page, Table, sent, stacked, table
from vault.errors import SealingError, VaultError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Holdout
from vault.sealing import holdouts, kind_rules, label_files, label_report, proposals
from vault.sealing.drawn_units import Shard
from vault.sealing.label_report import Report
from vault.sealing.seal_arguments import REST
from vault.statuses import HoldoutStatus

# How long a report may be thought over.
REPORT_SECONDS = 3600
SALT = "vault.admin.sealing.report"
WARNING = format_html("<strong>{}</strong>", "Warning")

# Without the file there is no report, and nothing to accept.
NO_FILE_AGAIN = (
    "Choose the file again: a browser does not keep it. The report and its ticks are made anew."
)


class SizesField(forms.CharField):
    """Sizes of shards: `2400`, `1000, 1000` or `rest`."""

    def to_python(self, value: Any) -> Any:
        parts = [part.strip() for part in (super().to_python(value) or "").split(",")]
        return [self._size(part) for part in parts if part]

    def _size(self, part: str) -> int | None:
        if part.lower() == REST:
            return None
        if not (part.isascii() and part.isdecimal() and len(part) < 11 and 0 < int(part) < 2**31):
            raise ValidationError(f"{part!r} is neither a number of items nor {REST!r}.")
        return int(part)


class SealForm(forms.Form):
    # Codes of the warnings that were accepted.
    accepted: Sequence[str] = ()

    benchmark = forms.ModelChoiceField(queryset=Benchmark.objects.order_by("slug"))
    file = DataFileField(
        label="Label file",
        help_text="CSV or Parquet with the columns id and label, and if wanted time, group and "
        "slice:NAME. Where there is a group, whole groups are drawn. The file is read in memory and kept "
        "nowhere.",
    )
    kind = forms.ChoiceField(
        choices=[(kind.value, f"{kind}: {kind.meaning}") for kind in HoldoutKind],
        initial=HoldoutKind.IID,
        help_text="Only iid shards decide a verdict. They are drawn at random, and at least two at once.",
    )
    rounds = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=proposals.MAX_ROUNDS,
        label="Auditable rounds",
        help_text="Leave the sizes below empty, and they are proposed for so many rounds, in a table; "
        "nothing is sealed yet.",
    )
    query = SizesField(
        required=False,
        label="Query shards",
        help_text="Items of the shard that answers the next round's queries, such as 2400. With groups, "
        "which are drawn whole, this and the numbers below are targets.",
    )
    fresh = SizesField(
        required=False,
        label="Fresh shards",
        help_text="Items of each shard that an audit may open, such as 6700, or rest.",
    )
    sealed = SizesField(
        required=False,
        label="Sealed shards",
        help_text="Items of each shard kept for later rounds, such as 3000, 3000.",
    )

    trained_until = forms.DateField(
        required=False,
        label="Teams may train up to",
        help_text="Of a temporal holdout: the last day whose items teams may train on, such as 2026-03-01. "
        "Teams see it.",
    )
    label_delay_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=kind_rules.MAX_DELAY_DAYS,
        label="Days until a label is known",
        help_text="Of a temporal holdout: its items begin at least so many days after that day.",
    )
    stratify = forms.BooleanField(
        required=False,
        label="Draw from each class separately",
        help_text="Each shard then has its share of every class, and at least one of a rare one if there is "
        "one for every shard. Not for a regression.",
    )
    only_report = forms.BooleanField(
        required=False,
        label="Only report",
        help_text="Show what should be known of this file before it is sealed so, and seal nothing.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "proof" in self.data:
            self.fields["file"].error_messages["required"] = NO_FILE_AGAIN

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors and not self.shards() and not values["rounds"]:
            self.add_error("fresh", "Say how many items go into which shard.")
        return values

    def shards(self) -> list[Shard]:
        values = self.cleaned_data
        return [
            Shard(
                kind=values["kind"],
                status=status,
                n=n,
                trained_until=values["trained_until"],
                label_delay_days=values["label_delay_days"],
            )
            for status in (HoldoutStatus.QUERY, HoldoutStatus.FRESH, HoldoutStatus.SEALED)
            for n in values[status.lower()]
        ]

    def fill_in(self, posted: QueryDict, shards: Sequence[Shard]) -> None:
        """Write proposed sizes where they would have been written."""
        data = posted.copy()
        for status in (HoldoutStatus.QUERY, HoldoutStatus.FRESH, HoldoutStatus.SEALED):
            sizes = (each.n for each in shards if each.status == status)
            data[status.lower()] = ", ".join(REST if n is None else str(n) for n in sizes)
        data["rounds"] = ""
        self.data = data

    def ask(self, posted: QueryDict, report: Report, proof: str) -> None:
        """Show a tick for each warning, none of them set, and what binds them to this file."""
        self.fields["confirm"] = forms.MultipleChoiceField(
            required=False,
            label="Accepted warnings",
            choices=[(line.code, f"{line.code}: I accept it") for line in report.warnings],
            widget=forms.CheckboxSelectMultiple,
        )
        self.fields["proof"] = forms.CharField(required=False, widget=forms.HiddenInput)
        data = posted.copy()
        data["proof"] = proof
        data.setlist("confirm", [])
        self.data = data


def seal_view(page: Page, request: HttpRequest) -> HttpResponse:
    if not page.has_add_permission(request):
        raise PermissionDenied
    form = SealForm(*sent(request), initial={"benchmark": request.GET.get("benchmark")})
    tables: list[Table] = []
    if form.is_bound and form.is_valid():
        try:
            sealed, tables = _seal(form, request)
        except VaultError as error:
            tables = data_files.refuse(form, error)
        else:
            if sealed:
                return _sealed(page, request, form, sealed)
    return page.form_page(
        request,
        form,
        title="Seal a label file",
        explanation="Rather seal where the labels live (run.py seal), and upload the envelope that it "
        "writes: then this service never sees a label. Here the labels are drawn into shards, committed to "
        "and encrypted for the workers. Afterwards neither this page nor any other can show them: keep the "
        "file where it is safe.",
        submit="Seal",
        back=reverse("admin:vault_holdout_changelist"),
        tables=tables,
    )


def _seal(form: SealForm, request: HttpRequest) -> tuple[list[Holdout], list[Table]]:
    """Seal, and list what was; or seal nothing, and give the report that has to be confirmed first."""
    values = form.cleaned_data
    benchmark: Benchmark = values["benchmark"]
    stratify: bool = values["stratify"]
    body, content_type = values["file"].read(), data_files.content_type(values["file"])
    labels = label_files.read(body=body, content_type=content_type, benchmark=benchmark)
    shards = form.shards()
    if not shards:
        return [], _propose(form, request, labels)
    report = holdouts.report(benchmark=benchmark, labels=labels, shards=shards, stratify=stratify)
    asked = _digest(form, body, user_id=request.user.pk)
    if values["only_report"] or not _is_confirmed(request.POST, report, asked):
        form.ask(request.POST, report, signing.dumps(asked, salt=SALT))
        what_next = _what_next(report, is_asked=not values["only_report"])
        if values["only_report"]:
            messages.info(request, what_next)
        else:
            form.add_error(None, what_next)
        return [], _tables(report)
    form.accepted = [line.code for line in report.warnings]
    sealed = holdouts.seal(
        benchmark=benchmark,
        labels=labels,
        shards=shards,
        stratify=stratify,
        rng=np.random.default_rng(),
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return sealed, []


def _propose(form: SealForm, request: HttpRequest, labels: LabelTable) -> list[Table]:
    """Fill in the sizes that so many rounds take, and show what they and some more rounds come to."""
    benchmark: Benchmark = form.cleaned_data["benchmark"]
    if form.cleaned_data["kind"] != HoldoutKind.IID:
        raise SealingError("only iid shards judge, so that rounds are proposed for no others")
    found = proposals.propose(
        labels=labels,
        rounds=form.cleaned_data["rounds"],
        metric=benchmark.primary_metric,
        unit=budget.unit_of(benchmark=benchmark),
        delta0=benchmark.delta0,
    )
    form.fill_in(request.POST, found[0].shards)
    messages.info(
        request,
        "Nothing was sealed. The sizes of the first row are filled in: choose the file again to seal it so.",
    )
    rows = [each.row for each in found]
    note = proposals.explained(found)
    return [Table(heading="Proposed shards", header=proposals.HEADER, rows=rows, note=note)]


def _digest(form: SealForm, body: bytes, *, user_id: int | None) -> str:
    """Make a digest of exactly this file, these settings and this person."""
    values = form.cleaned_data
    asked = {
        "user": user_id,
        "benchmark": values["benchmark"].pk,
        "name": values["file"].name,
        "file": hashlib.sha256(body).hexdigest(),
        "shards": [[shard.kind, shard.status, shard.n] for shard in form.shards()],
        "later_than": [str(values["trained_until"]), values["label_delay_days"]],
        "stratify": values["stratify"],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _is_confirmed(posted: QueryDict, report: Report, asked: str) -> bool:
    """Tell whether each warning was ticked below the report on this very file."""
    if not report.warnings:
        return True
    try:
        seen = signing.loads(posted.get("proof", ""), salt=SALT, max_age=REPORT_SECONDS)
        label_report.check_confirmed(report=report, confirmed=posted.getlist("confirm"))
    except (signing.BadSignature, SealingError):
        # Nobody was shown this report, or not all of it was accepted: it is shown, and asked for again.
        return False
    return bool(seen == asked)


def _what_next(report: Report, *, is_asked: bool) -> str:
    if not report.warnings:
        return "Nothing was sealed, as only the report was asked for. It warns of nothing."
    if not is_asked:
        return (
            "Nothing was sealed, as only the report was asked for. To seal the file as it is, take that "
            "tick away, accept each warning below and choose the same file again."
        )
    return (
        "The report below warns. Mend what it warns of; or accept each warning "
        "below and choose the same file again. What is accepted holds for this file and these settings "
        "alone, and for one hour."
    )


def _tables(report: Report) -> list[Table]:
    lines = table(
        "Report on the file",
        sorted(report.lines, key=lambda line: not line.is_warning),
        {
            "": lambda line: WARNING if line.is_warning else "ok",
            "About": lambda line: line.code,
            "What it says, and what to do": lambda line: stacked(
                f"{line.text[:1].upper()}{line.text[1:]}.",
                line.mend and f"What to do: {line.mend}.",
            ),
        },
    )
    if not report.classes:
        return [lines]
    classes = Table(
        heading="Items of each class on average, the rarest first",
        header=("Class", "In the file", *report.shard_names),
        rows=[
            (row.name, f"{row.n_items:,}", *(f"{each:,.1f}" for each in row.expected))
            for row in report.classes
        ],
    )
    return [lines, classes]


def _sealed(
    page: Page, request: HttpRequest, form: SealForm, sealed: list[Holdout]
) -> HttpResponse:
    for asked, holdout in zip(form.shards(), sealed, strict=True):
        done = f"Sealed {holdout.n_items:,} items as {holdout.status}"
        page.log_addition(request, holdout, f"{done}.")
        target = "" if asked.n in (None, holdout.n_items) else f" ({asked.n:,} were asked for)"
        messages.success(request, f"{done}{target}. Commitment: {holdout.commitment}")
    accepted = f"Accepted: {', '.join(form.accepted)}." if form.accepted else ""
    messages.info(request, accepted or "The report on the file warned of nothing.")
    for sentence in holdouts.how_drawn(holdout=sealed[0]):
        messages.info(request, sentence)
    stock = conveyor.stock(benchmark=form.cleaned_data["benchmark"])
    messages.info(request, f"Stock of labels: {stock.line}.")
    drawn = reverse("admin:vault_holdout_changelist", query={"batch": sealed[0].batch})
    return HttpResponseRedirect(drawn)
