"""The form that takes in an envelope, sealed where its labels live: what follows first, then the act.

This process opens nothing. It checks what can be seen without a key, and wakes the audit worker, which looks
inside; what came of that stands on the holdouts' pages and in the journal.
"""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from vault import panel, sentences
from vault.admin.pages import NOTHING, Page, Table, add_error, code, moment, sent
from vault.errors import VaultError
from vault.files import content_files
from vault.models import Benchmark, DisclosedDraw, Draw, Holdout, SealedEnvelope
from vault.queue import broker
from vault.sealing import benchmark_sheet, envelopes, received, sealing_sheet
from vault.sealing.envelopes import Envelope

# How long what follows may be thought over.
PROOF_SECONDS = 3600
SALT = "vault.admin.envelopes"
MAX_SHOWN_SLICES = 20


class EnvelopeField(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size > settings.MAX_UPLOAD_BYTES:
            largest = filesizeformat(settings.MAX_UPLOAD_BYTES)
            raise ValidationError(f"The file is larger than {largest}.")
        return file


class EnvelopeForm(forms.Form):
    benchmark = forms.ModelChoiceField(queryset=Benchmark.objects.order_by("slug"))
    file = EnvelopeField(
        label="Envelope",
        help_text="The file that run.py seal wrote where the labels live.",
    )

    def ask(self, request: HttpRequest, envelope: Envelope) -> None:
        """Show a tick that is not set, and what binds it to this file and person."""
        self.fields["confirm"] = forms.BooleanField(
            required=False,
            label=f"Seal {sentences.counted(n=len(envelope.ids), noun='item')}: the panel grows for good",
        )
        self.fields["proof"] = forms.CharField(required=False, widget=forms.HiddenInput)
        data = request.POST.copy()
        data["proof"] = signing.dumps([request.user.pk, envelope.sha256], salt=SALT)
        data.pop("confirm", None)
        self.data = data


def envelope_view(page: Page, request: HttpRequest) -> HttpResponse:
    if not page.has_add_permission(request):
        raise PermissionDenied
    form = EnvelopeForm(*sent(request), initial={"benchmark": request.GET.get("benchmark")})
    tables: list[Table] = []
    if form.is_bound and form.is_valid():
        benchmark = form.cleaned_data["benchmark"]
        content = form.cleaned_data["file"].read()
        try:
            envelope = envelopes.read(content)
            received.check(benchmark=benchmark, envelope=envelope)
            if _is_confirmed(request, envelope):
                sealed = received.receive(
                    benchmark=benchmark,
                    envelope=envelope,
                    size=len(content),
                    actor=request.user.get_username(),
                    now=timezone.now(),
                )
                return _received(page, request, envelope, sealed)
        except VaultError as error:
            # The path in the envelope is part of the sentence; the file is what is marked.
            add_error(form, error, field="file")
        else:
            form.ask(request, envelope)
            form.add_error(
                None,
                "Read what follows below. To seal it, tick that and choose the same file again; this holds "
                "for this file, and for one hour.",
            )
            tables = _what_follows(benchmark, envelope)
    return page.form_page(
        request,
        form,
        title="Upload an envelope",
        explanation="The labels in it were drawn, committed to and encrypted where they live: this service "
        "sees none. Their public keys and the panel are in the file of public keys, which the benchmark's "
        "holdouts offer. The shards serve nothing before the audit worker has looked inside.",
        submit="Upload",
        back=reverse("admin:vault_holdout_changelist"),
        tables=tables,
    )


def keys_view(page: Page, request: HttpRequest, slug: str) -> HttpResponse:
    """Hand out the file of public keys of one benchmark; there is nothing secret in it."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    benchmark = Benchmark.objects.filter(slug=slug).first()
    if benchmark is None:
        raise Http404
    name = f"{slug}-sealing-keys.json"
    return HttpResponse(
        sealing_sheet.as_file(benchmark_sheet.sheet_of(benchmark)),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _is_confirmed(request: HttpRequest, envelope: Envelope) -> bool:
    """Tell whether this person was shown what follows from this very file, and ticked it."""
    try:
        seen = signing.loads(request.POST.get("proof", ""), salt=SALT, max_age=PROOF_SECONDS)
    except signing.BadSignature:
        return False
    return bool(request.POST.get("confirm")) and seen == [request.user.pk, envelope.sha256]


def _what_follows(benchmark: Benchmark, envelope: Envelope) -> list[Table]:
    latest = panel.latest(benchmark=benchmark)
    version, before = (latest.version, latest.n_items) if latest else (0, 0)
    n_items = len(envelope.ids)
    groups = "whole groups are drawn" if envelope.draws_groups else "items are drawn one by one"
    by_class = ", from each class separately" if envelope.stratified else ""
    period = NOTHING if envelope.period is None else f"{envelope.period[0]} to {envelope.period[1]}"
    facts = [
        ("Panel", f"version {version + 1}: {before:,} items, then these {n_items:,}"),
        ("Draw", f"{groups}{by_class}"),
        ("Slices", _slices(envelope.slice_names)),
        ("Period", period),
        ("Sealed for the audit key", code(envelope.record.kid, length=16)),
        ("Hash of the draw's seed", code(envelope.seed_sha256)),
        ("SHA-256 of the file", code(envelope.sha256, length=16)),
    ]
    checks = (
        "form, sizes and hashes of all blobs",
        "ids: clean, in order, each once, none sealed already",
        "kinds and statuses of the shards, and that their sizes add up",
        "one envelope for each blob, for the active audit key",
    )
    inside = "positions, classes, commitments and the draw itself"
    return [
        Table(heading="What follows", header=("About", "What"), rows=facts),
        Table(
            heading="Shards",
            header=("Holdout", "Kind", "Status", "Items", "Groups", "Commitment"),
            rows=[
                (
                    code(str(each.id), length=8),
                    each.kind,
                    each.status,
                    f"{each.n_items:,}",
                    NOTHING if each.n_units is None else f"{each.n_units:,}",
                    code(each.commitment, length=16),
                )
                for each in envelope.shards
            ],
        ),
        Table(
            heading="Checks",
            header=("What", "Result"),
            rows=[
                *((each, "right") for each in checks),
                (inside, "the audit worker looks inside after the upload"),
            ],
        ),
    ]


def _received(
    page: Page, request: HttpRequest, envelope: Envelope, sealed: list[Holdout]
) -> HttpResponse:
    for holdout in sealed:
        done = f"Received {holdout.n_items:,} items, sealed as {holdout.status}"
        page.log_addition(request, holdout, f"{done}.")
        messages.success(request, f"{done}. Commitment: {holdout.commitment}")
    broker.ask_to_verify(batch=envelope.batch)
    messages.info(
        request,
        "The audit worker was asked to look inside. The shards may serve once it has verified them, within "
        "a minute or two.",
    )
    drawn = reverse("admin:vault_holdout_changelist", query={"batch": envelope.batch})
    return HttpResponseRedirect(drawn)


def _slices(names: Sequence[str]) -> str:
    if len(names) > MAX_SHOWN_SLICES:
        return f"{', '.join(names[:MAX_SHOWN_SLICES])} and {len(names) - MAX_SHOWN_SLICES:,} more"
    return ", ".join(names) or NOTHING


def draw_tables(holdout: Holdout) -> list[Table]:
    """Show on a holdout's page how it came here, and of its draw what is public."""
    draw = Draw.objects.filter(pk=holdout.batch).first()
    if draw is None:
        return []
    envelope = SealedEnvelope.objects.filter(draw=draw).first()
    facts = [
        # Whole: it is to be noted, and everybody checks the draw by it in the end.
        ("Hash of the draw's seed", code(draw.seed_sha256)),
        ("Sealed", "here" if envelope is None else "where the labels live"),
    ]
    if envelope is not None:
        said = {
            SealedEnvelope.Status.RECEIVED: "waits for the audit worker: it may not serve yet",
            SealedEnvelope.Status.VERIFIED: f"verified, {moment(envelope.judged_at)}",
            SealedEnvelope.Status.REFUSED: f"refused, it may never serve: {envelope.problem}",
        }
        status = SealedEnvelope.Status(envelope.status)
        facts += [
            ("Uploaded by", f"{envelope.actor}, {moment(envelope.at)}"),
            ("Envelope", said[status]),
            ("SHA-256 of the file", code(envelope.sha256, length=16)),
        ]
    made = DisclosedDraw.objects.filter(draw=draw).first()
    tables = [Table(heading="How it was drawn", header=("About", "What"), rows=facts)]
    if made is None:
        return tables
    found = json.loads(content_files.load(file_key=made.file_key))
    return [*tables, *_exchangeability(found["exchangeability"])]


def _exchangeability(report: dict[str, Any]) -> list[Table]:
    """Show the report that was computed while sealing and published with the last shard."""
    return [
        Table(
            heading="Exchangeability of the shards: tests",
            header=("Of", "p-value"),
            rows=[(each["of"], f"{each['p_value']:.3g}") for each in report["tests"]],
            note="Small if the shards differ more than chance makes them: of so many tests one below .05 is "
            "nothing unusual.",
        ),
        Table(
            heading="Exchangeability of the shards: what is in them",
            header=("Holdout", "Items", "Units", "Labels"),
            rows=[
                (
                    code(each["holdout"], length=8),
                    f"{each['n_items']:,}",
                    f"{each['n_units']:,}",
                    ", ".join(f"{name}: {n:,}" for name, n in each["classes"].items())
                    if "classes" in each
                    else f"mean {each['mean_label']:g}",
                )
                for each in report["shards"]
            ],
        ),
    ]
