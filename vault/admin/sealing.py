"""The form that seals a label file: read in memory, drawn into shards, encrypted, and forgotten.

What comes back names rows and columns, and commitments; never a label.
"""

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from vault import holdouts, label_files
from vault.admin.pages import NOTHING, Table, add_error
from vault.errors import InvalidFileError, VaultError
from vault.holdouts import Shard
from vault.models import Benchmark, Holdout
from vault.parsing import CSV, PARQUET
from vault.statuses import HoldoutKind, HoldoutStatus

if TYPE_CHECKING:
    from vault.admin.pages import Page

CONTENT_TYPES = {".csv": CSV, ".parquet": PARQUET}
REST = "rest"


class SizesField(forms.CharField):
    """Sizes of shards: `2400`, `1000, 1000` or `rest`."""

    def to_python(self, value: Any) -> Any:
        parts = [part.strip() for part in (super().to_python(value) or "").split(",")]
        return [self._size(part) for part in parts if part]

    def _size(self, part: str) -> int | None:
        if part.lower() == REST:
            return None
        if not (part.isascii() and part.isdecimal() and 0 < int(part) < 2**31):
            raise ValidationError(f"{part!r} is neither a number of items nor {REST!r}.")
        return int(part)


class SealForm(forms.Form):
    benchmark = forms.ModelChoiceField(queryset=Benchmark.objects.order_by("slug"))
    file = forms.FileField(
        label="Label file",
        help_text="CSV or Parquet with the columns id and label, and if wanted time, group and "
        "slice:NAME. Where there is a group, whole groups are drawn. The file is read in memory and kept "
        "nowhere.",
    )
    kind = forms.ChoiceField(
        choices=[(kind.value, f"{kind.value}: {kind.label}") for kind in HoldoutKind],
        initial=HoldoutKind.IID,
        help_text="Only iid shards decide a verdict. They are drawn at random, and at least two at once.",
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

    stratify = forms.BooleanField(
        required=False,
        label="Draw from each class separately",
        help_text="Each shard then has its share of every class, and at least one of a rare one if there is "
        "one for every shard. Not for a regression.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if PurePath(file.name).suffix.lower() not in CONTENT_TYPES:
            raise ValidationError("The name must end in .csv or .parquet.")
        if file.size > settings.MAX_UPLOAD_BYTES:
            largest = filesizeformat(settings.MAX_UPLOAD_BYTES)
            raise ValidationError(f"The file is larger than {largest}.")
        return file

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and not self.shards():
            self.add_error("fresh", "Say how many items go into which shard.")
        return given

    def shards(self) -> list[Shard]:
        given = self.cleaned_data
        statuses = {
            "query": HoldoutStatus.QUERY,
            "fresh": HoldoutStatus.FRESH,
            "sealed": HoldoutStatus.SEALED,
        }
        return [
            Shard(kind=given["kind"], status=status, n=n)
            for name, status in statuses.items()
            for n in given[name]
        ]


def seal_view(page: "Page", request: HttpRequest) -> HttpResponse:
    if not page.has_add_permission(request):
        raise PermissionDenied
    initial = {"benchmark": request.GET.get("benchmark")}
    form = (
        SealForm(request.POST, request.FILES)
        if request.method == "POST"
        else SealForm(initial=initial)
    )
    wrong_rows: list[Table] = []
    if form.is_bound and form.is_valid():
        try:
            sealed = _seal(form, actor=request.user.get_username())
        except InvalidFileError as error:
            form.add_error("file", error.message)
            wrong_rows = [_problems(error)]
        except VaultError as error:
            add_error(form, error)
        else:
            return _sealed(page, request, form, sealed)
    return page.form_page(
        request,
        form,
        title="Seal a label file",
        explanation="The labels are drawn into shards, committed to and encrypted for the workers. "
        "Afterwards neither this page nor any other can show them: keep the file where it is safe.",
        submit="Seal",
        back=reverse("admin:vault_holdout_changelist"),
        tables=wrong_rows,
    )


def _seal(form: SealForm, *, actor: str) -> list[Holdout]:
    given = form.cleaned_data
    labels = label_files.read(
        body=given["file"].read(),
        content_type=CONTENT_TYPES[PurePath(given["file"].name).suffix.lower()],
        benchmark=given["benchmark"],
    )
    return holdouts.seal(
        benchmark=given["benchmark"],
        labels=labels,
        shards=form.shards(),
        stratify=given["stratify"],
        rng=np.random.default_rng(),
        actor=actor,
        now=timezone.now(),
    )


def _sealed(
    page: "Page", request: HttpRequest, form: SealForm, sealed: list[Holdout]
) -> HttpResponse:
    for asked, holdout in zip(form.shards(), sealed, strict=True):
        page.log_addition(request, holdout, "Sealed.")
        target = "" if asked.n in (None, holdout.n_items) else f" ({asked.n:,} were asked for)"
        messages.success(
            request,
            f"Sealed {holdout.n_items:,} items as {holdout.status}{target}. "
            f"Commitment: {holdout.commitment}",
        )
    for sentence in holdouts.how_drawn(holdout=sealed[0]):
        messages.info(request, sentence)
    drawn = f"{reverse('admin:vault_holdout_changelist')}?batch={sealed[0].batch}"
    return HttpResponseRedirect(drawn)


def _problems(error: InvalidFileError) -> Table:
    named = error.data["problems"]
    n = error.data["n_problems"]
    return Table(
        heading=f"Problems of the file ({n})" if n <= len(named) else f"The first of {n} problems",
        header=("Row", "Column", "Problem"),
        rows=[
            (each["row"] or NOTHING, each["column"] or NOTHING, each["problem"]) for each in named
        ],
    )
