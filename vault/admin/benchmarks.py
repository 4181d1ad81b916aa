"""Benchmarks: what is predicted and how it is scored; `vault.benchmarks` says what fits together."""

from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from stats.metrics import MAX_LOSS, METRICS
from vault import benchmarks, constraints, journal, opening, team_names
from vault.admin import awaited, planning
from vault.admin.acts import ActingPage
from vault.admin.json_field import TypedJSONField
from vault.admin.pages import (
    Table,
    closes,
    code,
    column,
    is_id,
    link,
    listed,
    moment,
    section,
    table,
)
from vault.admin.site import site
from vault.admin.stock import stock_of, warn_of_stock
from vault.models import Benchmark, JournalEntry, SealingKey, Submission
from vault.sealing import key_counts
from vault.statuses import HoldoutStatus

METRIC_CHOICES = [(metric.name, metric.label) for metric in METRICS.values()]


class ClassesField(forms.CharField):
    """Label values, one a line, in the order of their codes."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 30})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))


class ConstraintsField(TypedJSONField):
    """Limits by measure; empty: none."""

    empty_values = [*TypedJSONField.empty_values]

    def prepare_value(self, value: Any) -> Any:
        return "" if value == {} else super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return {} if found is None else found


class BenchmarkForm(forms.ModelForm):  # type: ignore[type-arg]
    data_url = forms.URLField(
        label="Data URL",
        required=False,
        assume_scheme="https",
        help_text="Where teams get the items.",
    )
    classes = ClassesField(
        required=False,
        strip=False,
        help_text="Label values, one a line, in the order of their codes; the second is the positive "
        "class of a binary task. None for a regression.",
    )
    primary_metric = forms.ChoiceField(
        choices=[("", "---------"), *METRIC_CHOICES],
        help_text="The score that is released and audited.",
    )
    secondary_metrics = forms.MultipleChoiceField(
        choices=METRIC_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Scored as well. Researchers see them; after a full publication everybody does.",
    )

    class Meta:
        model = Benchmark
        fields = (
            *("slug", "title", "description", "rules", "data_url", "visibility"),
            *benchmarks.FIXED_BY_SEALING[1:],
            *benchmarks.FIXED_BY_PLANNING,
            *benchmarks.NEVER_FIXED,
        )
        field_classes = {
            "cost_matrix": TypedJSONField,
            "constraints": ConstraintsField,
            "label_noise": TypedJSONField,
        }
        labels = {"delta0": "Tolerance (delta0)"}
        help_texts = {
            "slug": "In the API's addresses.",
            "loss_cap": f"Regression: the largest error that counts, in the label's unit; at most "
            f"{MAX_LOSS:g}.",
            "cost_matrix": "JSON: a row of costs for each true class, a column for each predicted one; "
            "numbers from 0. Expected cost and expected regret are scored by it.",
            "decision_threshold": "Binary probabilities: a probability above it is scored as the positive "
            "class, one at it or below as the other, by every metric of labels. Empty: 0.5.",
            "probability_clip": "The log loss takes a probability nearer to 0 or 1 than this as if it were "
            "this near. The smaller it is, the more of a score a single item can be.",
            "constraints": "JSON: a limit by measure, which the audit judges and nothing is ranked by. "
            + "; ".join(f"{name}: {each.meaning}" for name, each in constraints.CONSTRAINTS.items())
            + ". Scores are in the metric's units and direction.",
            "label_noise": "How often labels are wrong, if you know it: one number such as 0.05, or JSON "
            "with a row for each true class and in it the probability of each label. Everybody may read it. "
            "No score and no verdict uses it; audits show what finals are worth beyond that noise.",
            "delta0": "An overstatement below this share of the metric's range is not worth an accusation.",
        }
        widgets = {
            name: forms.Textarea(attrs={"rows": 3, "cols": 60})
            for name in ("cost_matrix", "constraints", "label_noise")
        }

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        team_names.check_printable(title)
        return title

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        # A field that failed, or that is read-only by now, is judged by what is stored.
        known = {name: getattr(self.instance, name) for name in self.Meta.fields} | values
        for field, problem in benchmarks.problems(known).items():
            # A fixed matrix from when nothing read it may be refused now: the rest can still be edited.
            if field in self.fields or field != "cost_matrix":
                self.add_error(field if field in self.fields else None, problem)
        return values


@admin.register(Benchmark, site=site)
class BenchmarkAdmin(ActingPage):
    form = BenchmarkForm
    acts = awaited.ACTS
    list_display = ("slug", "title", "task", "primary_metric", "visibility", "n_rounds")
    list_filter = ("task", "visibility")
    search_fields = ("slug", "title")
    ordering = ("slug",)
    fieldsets = (
        section(None, "slug", "title", "description", "rules", "data_url", "visibility"),
        section("What is predicted", "task", "classes", "prediction_form"),
        section(
            "How it is scored",
            *("primary_metric", "secondary_metrics", "loss_cap", "cost_matrix"),
            *("decision_threshold", "probability_clip", "delta0"),
        ),
        section("What a model has to keep to", "constraints"),
        section("How good the labels are", "label_noise"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Benchmark]:
        found: QuerySet[Benchmark] = super().get_queryset(request)
        return found.annotate(n_rounds=Count("rounds"))

    n_rounds = column("rounds", attrgetter("n_rounds"), ordering="n_rounds")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        # Sealing and planning take the same lock: what is editable cannot change under the editor.
        if request.method == "POST" and connection.in_atomic_block and is_id(object_id):
            Benchmark.objects.select_for_update(no_key=True).filter(pk=object_id).first()
        return super().get_object(request, object_id, from_field)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else benchmarks.fixed(benchmark=obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        journal.append(
            benchmark_id=obj.pk,
            kind="benchmark_changed" if change else "benchmark_created",
            actor=request.user.get_username(),
            payload=changed,
            now=timezone.now(),
        )

    def elsewhere(self, obj: Any) -> list[tuple[str, str]]:
        """Lead to what is done next with a benchmark: its labels, then its rounds."""
        query = {"benchmark": obj.pk}
        steps = [
            ("Seal a label file", reverse("admin:vault_holdout_add", query=query)),
            ("Upload an envelope", reverse("admin:vault_holdout_envelope", query=query)),
        ]
        latest = obj.rounds.order_by("-number").first()
        if latest is not None:
            return steps + planning.next_address(latest)
        if obj.holdouts.filter(status=HoldoutStatus.QUERY).exists():
            steps += [("Plan the first round", reverse("admin:vault_round_add", query=query))]
        return steps

    def links(self, obj: Any) -> list[tuple[str, str]]:
        return [
            ("Submissions", listed(Submission, round__benchmark__id=obj.pk)),
            ("Journal", listed(JournalEntry, benchmark__id=obj.pk)),
            ("Public keys for sealing", reverse("admin:vault_holdout_keys", args=[obj.slug])),
        ]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        chosen = Benchmark.objects.filter(pk=object_id).first() if is_id(object_id) else None
        if request.method == "GET" and chosen is not None and chosen.holdouts.exists():
            warn_of_stock(request, chosen)
        return super().change_view(request, object_id, *args, **kwargs)

    def tables(self, obj: Any) -> list[Table]:
        return [
            *stock_of(obj),
            table(
                "Rounds",
                obj.rounds.order_by("-number"),
                {
                    "Round": lambda each: link(each, each.number),
                    "Status": lambda each: opening.status(round=each, now=timezone.now()),
                    "Mechanism": lambda each: each.mechanism,
                    "Opens": lambda each: moment(each.opens_at),
                    "Closes": closes,
                },
            ),
            _keys(obj),
            table(
                "Holdouts",
                obj.holdouts.order_by("-sealed_at", "status"),
                {
                    "Holdout": lambda each: link(each, str(each.pk)[:8]),
                    "Kind": lambda each: each.kind,
                    "Status": lambda each: each.status,
                    "Items": lambda each: f"{each.n_items:,}",
                    "Sealed": lambda each: moment(each.sealed_at),
                },
            ),
            *awaited.providers_table(obj),
        ]


def _keys(benchmark: Benchmark) -> Table:
    """Show the generations of sealing keys, and how much of this benchmark is sealed for each."""
    keys = SealingKey.objects.order_by("purpose", "-generation")
    sealed = key_counts.sealed_for(kids=[key.kid for key in keys], benchmark=benchmark)
    return table(
        "Sealing keys",
        keys,
        {
            "Of": lambda key: key.purpose,
            "Generation": lambda key: key.generation,
            "Key": lambda key: code(key.kid, length=16),
            "Status": lambda key: "seals" if key.is_active else "replaced",
            "Labels sealed for it": lambda key: f"{sealed[key.kid].labels:,}",
            "Draws": lambda key: f"{sealed[key.kid].draws:,}",
            "Corrections": lambda key: f"{sealed[key.kid].corrections:,}",
            "Batches of late labels": lambda key: f"{sealed[key.kid].batches:,}",
        },
    )
