"""Benchmarks, their panels and holdouts, as anyone may see them: from public constants alone."""

from stats.metrics import METRICS
from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.rounds import COMMITMENT, ROUND
from vault.api.representations.shape import By, Field, Shape
from vault.files.prediction_forms import FORMS
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Panel
from vault.statuses import HoldoutStatus

BENCHMARK = Shape(
    "Benchmark",
    {
        "slug": fields.text("rain-tomorrow", "The short name that addresses use."),
        "title": fields.text("Rain tomorrow"),
        "description": fields.text("Will it rain tomorrow at this station?"),
        "rules": fields.text("One file answers every station and day of the panel."),
        "data_url": fields.text(
            "https://data.example/rain/", "Where the data is; empty if nowhere."
        ),
        "task": fields.one_of("binary", Benchmark.Task.values),
        "classes": fields.list_of(
            ["0", "1"],
            schemas.text(),
            "The label values in code order; class 1 is the positive one.",
        ),
        "prediction_form": fields.one_of("label", FORMS, "What a file's prediction columns hold."),
        "primary_metric": fields.one_of("accuracy", METRICS, "Ranks the board."),
        "greater_is_better": fields.flag(
            True,
            "Of the primary metric.",
            source=lambda benchmark: METRICS[benchmark.primary_metric].greater_is_better,
        ),
        "secondary_metrics": fields.list_of(["mcc"], schemas.text()),
        "loss_cap": fields.number(
            None, "The largest error that counts, in the label's unit.", null=True
        ),
        "decision_threshold": fields.number(
            None,
            "Of a binary task whose files hold probabilities: metrics of labels take a "
            "probability above it as class 1, one at it or below as class 0. null: 0.5.",
            null=True,
        ),
        "probability_clip": fields.number(
            0.01,
            "The log loss takes a probability below this as this, and one above 1 less this as 1 "
            "less this: surer predictions gain nothing, and wrong ones cost no more than -ln of it.",
        ),
        "cost_matrix": fields.list_of(
            None,
            schemas.list_of(schemas.number(minimum=0)),
            "A row for each true class, a column for each predicted one, in code order: what "
            "such an item costs. Expected cost is the mean of it, expected regret that above the "
            "cheapest decisions.",
            null=True,
        ),
    },
)
PANEL = Shape(
    "Panel",
    {
        "version": fields.integer(1, minimum=1),
        "n_items": fields.count(4000, "Every file answers this many items."),
        "id_kind": fields.one_of("string", Panel.IdKind.values),
        "sha256": fields.sha256("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
    },
    description="The items that every file answers.",
)
HOLDOUT = Shape(
    "Holdout",
    {
        "kind": fields.one_of("iid", HoldoutKind),
        "status": fields.one_of("QUERY", HoldoutStatus.values),
        "n_items": fields.count(2000),
        "draws_groups": fields.flag(
            False, "Whole groups were drawn, such as all items of a patient."
        ),
        "stratified": fields.flag(False, "It was drawn from each class separately."),
        "commitment": fields.sha256(COMMITMENT, "Of its labels, published before any answer."),
        "sealed_at": fields.time("2026-02-20T08:00:00Z"),
    },
    description="Sealed labels. Which items are in it is shown to nobody.",
)
DETAIL = BENCHMARK.extended(
    "BenchmarkDetail",
    {
        "panel": Field(schemas.or_null(PANEL.reference()), PANEL.example, By.CALLER),
        "holdouts": fields.list_of([HOLDOUT.example], HOLDOUT.reference(), source=By.CALLER),
        "rounds": fields.list_of([ROUND.example], ROUND.reference(), source=By.CALLER),
    },
)
