"""Benchmarks, their panels and holdouts, as anyone may see them: from public constants alone."""

from stats.metrics import METRICS
from vault.api.openapi import schemas
from vault.api.shown.rounds import COMMITMENT, ROUND
from vault.api.shown.shape import By, Field, Shape
from vault.files.prediction_forms import FORMS
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Panel
from vault.statuses import HoldoutStatus


def _greater_is_better(given: Benchmark) -> bool:
    return METRICS[given.primary_metric].greater_is_better


BENCHMARK = Shape(
    "Benchmark",
    {
        "slug": Field(schemas.text("The short name that addresses use."), "rain-tomorrow"),
        "title": Field(schemas.text(), "Rain tomorrow"),
        "description": Field(schemas.text(), "Will it rain tomorrow at this station?"),
        "rules": Field(schemas.text(), "One file answers every station and day of the panel."),
        "data_url": Field(
            schemas.text("Where the data is; empty if nowhere."), "https://data.example/rain/"
        ),
        "task": Field(schemas.one_of(Benchmark.Task.values), "binary"),
        "classes": Field(
            schemas.list_of(
                schemas.text(), "The label values in code order; class 1 is the positive one."
            ),
            ["0", "1"],
        ),
        "prediction_form": Field(
            schemas.one_of(FORMS, "What a file's prediction columns hold."),
            "label",
        ),
        "primary_metric": Field(schemas.one_of(METRICS, "Ranks the board."), "accuracy"),
        "greater_is_better": Field(
            schemas.flag("Of the primary metric."), True, _greater_is_better
        ),
        "secondary_metrics": Field(schemas.list_of(schemas.text()), ["mcc"]),
        "loss_cap": Field(
            schemas.number("The largest error that counts, in the label's unit.", null=True)
        ),
        "decision_threshold": Field(
            schemas.number(
                "Of a binary task whose files hold probabilities: metrics of labels take a "
                "probability above it as class 1, one at it or below as class 0. null: 0.5.",
                null=True,
            )
        ),
        "probability_clip": Field(
            schemas.number(
                "The log loss takes a probability below this as this, and one above 1 less this as 1 "
                "less this: surer predictions gain nothing, and wrong ones cost no more than -ln of it."
            ),
            0.01,
        ),
        "cost_matrix": Field(
            schemas.list_of(
                schemas.list_of(schemas.number(minimum=0)),
                "A row for each true class, a column for each predicted one, in code order: what "
                "such an item costs. Expected cost is the mean of it, expected regret that above the "
                "cheapest decisions.",
                null=True,
            )
        ),
    },
)
PANEL = Shape(
    "Panel",
    {
        "version": Field(schemas.integer(minimum=1), 1),
        "n_items": Field(schemas.count("Every file answers this many items."), 4000),
        "id_kind": Field(schemas.one_of(Panel.IdKind.values), "string"),
        "sha256": Field(
            schemas.sha256(), "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        ),
    },
    description="The items that every file answers.",
)
HOLDOUT = Shape(
    "Holdout",
    {
        "kind": Field(schemas.one_of(HoldoutKind), "iid"),
        "status": Field(schemas.one_of(HoldoutStatus.values), "QUERY"),
        "n_items": Field(schemas.count(), 2000),
        "draws_groups": Field(
            schemas.flag("Whole groups were drawn, such as all items of a patient."), False
        ),
        "stratified": Field(schemas.flag("It was drawn from each class separately."), False),
        "commitment": Field(
            schemas.sha256("Of its labels, published before any answer."), COMMITMENT
        ),
        "sealed_at": Field(schemas.time(), "2026-02-20T08:00:00Z"),
    },
    description="Sealed labels. Which items are in it is shown to nobody.",
)
DETAIL = BENCHMARK.extended(
    "BenchmarkDetail",
    {
        "panel": Field(schemas.or_null(PANEL.reference()), PANEL.example, By.CALLER),
        "holdouts": Field(schemas.list_of(HOLDOUT.reference()), [HOLDOUT.example], By.CALLER),
        "rounds": Field(schemas.list_of(ROUND.reference()), [ROUND.example], By.CALLER),
    },
)
