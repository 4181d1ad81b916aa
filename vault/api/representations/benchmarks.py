"""Benchmarks, their panels and holdouts, as anyone may see them: from public constants alone."""

from operator import attrgetter
from typing import Any

from django.urls import reverse

from stats.metrics import METRICS
from vault import label_noise
from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.draws import BATCH, DRAW
from vault.api.representations.rounds import COMMITMENT, ROUND
from vault.api.representations.shape import By, Field, Shape
from vault.constraints import CONSTRAINTS
from vault.files.prediction_forms import FORMS
from vault.holdout_kinds import WITHOUT_LABELS, HoldoutKind
from vault.models import Benchmark, Holdout, Panel
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
        "constraints": Field(
            {
                "type": "object",
                "additionalProperties": False,
                "description": "What a model has to keep to beside its score; nobody is ranked by it. Scores "
                "are in the metric's units and direction.",
                "properties": {
                    name: schemas.number(f"{each.meaning[0].upper()}{each.meaning[1:]}.")
                    for name, each in CONSTRAINTS.items()
                },
            },
            {"recall": 0.95, "latency_p95_ms": 50.0},
        ),
        "label_noise": fields.list_of(
            None,
            schemas.list_of(schemas.number(minimum=0, maximum=1)),
            "How often labels are wrong, as the organizers declare it: a row for each true class, with the "
            "probability of each label, in code order. No score uses it. null: nothing is declared.",
            source=lambda benchmark: label_noise.matrix_of(benchmark=benchmark),
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
DISCLOSED = Shape(
    "DisclosedLabels",
    {
        "url": fields.text(
            "/api/v1/benchmarks/rain-tomorrow/holdouts/0195a4f0-5b1c-7d8e-9f00-112233445566/labels/",
            "Where the file is.",
            format="uri-reference",
            source=lambda file: reverse(
                "disclosed-labels", args=[file.holdout.benchmark.slug, file.holdout_id]
            ),
        ),
        "sha256": fields.sha256(
            "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9", "Of the file."
        ),
        "size": fields.count(73250, "Of the file, in bytes."),
        "disclosed_at": fields.time("2026-06-01T09:00:00Z", source="at"),
        "reason": fields.text(
            "the season is over",
            "Why an organizer published them.",
            source="holdout.disclosure_request.reason",
        ),
    },
    description="The labels of a holdout, published when no round needed them any more, with the salt: "
    "anybody can recompute the commitment.",
)

# The content of that file, which a worker wrote: `vault.sealing.disclosures.file_of`.
DISCLOSED_FILE = Shape(
    "DisclosedFile",
    {
        "format": fields.one_of("holdout-vault-disclosure/1", ["holdout-vault-disclosure/1"]),
        "benchmark": fields.text("rain-tomorrow"),
        "holdout": fields.text("0195a4f0-5b1c-7d8e-9f00-112233445566", format="uuid"),
        "panel_version": fields.integer(1, "Of the panel that the items are in.", minimum=1),
        "panel_sha256": fields.sha256(
            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        ),
        "n_items": fields.count(2),
        "commitment": fields.sha256(
            "aa1b52e6a15934932264877b88bb206c23c70a939d87b3ea4f152f5b6b669ff5",
            "Of the newest version of the labels, as it was published when that was sealed: SHA-256 of salt "
            "and text.",
        ),
        "salt": fields.sha256(
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "32 bytes."
        ),
        "text": fields.text(
            "id,label\nitem-1,0\nitem-2,1\n",
            "CSV: a line of names, then one line for each item, by id; lines end in LF.",
        ),
    },
    description="What a commitment was computed of.",
)


def _disclosed(holdout: Holdout) -> dict[str, Any] | None:
    file = getattr(holdout, "disclosed_file", None)
    return None if file is None else DISCLOSED.show(file)


LABEL_VERSION = Shape(
    "LabelVersion",
    {
        "version": fields.integer(
            1, "1 are the labels that were sealed.", source="number", minimum=0
        ),
        "n_labelled": fields.count(
            2000,
            "Items that have a label; those that a correction leaves out of scoring count, too.",
        ),
        "arrived_at": fields.time("2026-02-20T08:00:00Z"),
        "reason": fields.text(
            None, "Why they were corrected, the same for all holdouts of a draw.", null=True
        ),
        "commitment": Field(
            schemas.or_null(
                schemas.sha256(
                    "Of these labels, published when they were sealed; null where there are none yet."
                )
            ),
            COMMITMENT,
            lambda version: version.commitment or None,
        ),
    },
    description="One version of a holdout's labels: the newest counts.",
)


def _commitment(holdout: Holdout) -> str | None:
    if holdout.kind not in WITHOUT_LABELS:
        return holdout.commitment
    newest = max(holdout.versions.all(), key=attrgetter("number"), default=None)
    return newest.commitment or None if newest else None


HOLDOUT = Shape(
    "Holdout",
    {
        "id": fields.text("0195a4f0-5b1c-7d8e-9f00-112233445566", format="uuid"),
        "kind": fields.one_of("iid", HoldoutKind),
        "status": fields.one_of("QUERY", HoldoutStatus.values),
        "n_items": fields.count(2000),
        "draws_groups": fields.flag(
            False, "Whole groups were drawn, such as all items of a patient."
        ),
        "stratified": fields.flag(False, "It was drawn from each class separately."),
        "commitment": Field(
            schemas.or_null(
                schemas.sha256(
                    "Of its labels, published before any answer; of a prospective holdout of those that have "
                    "come by now, and null before the first."
                )
            ),
            COMMITMENT,
            _commitment,
        ),
        "batch": fields.text(
            BATCH, "Holdouts of one draw have one; only they are exchangeable.", format="uuid"
        ),
        "label_versions": fields.list_of(
            [LABEL_VERSION.example],
            LABEL_VERSION.reference(),
            "The oldest first.",
            source=lambda holdout: [
                LABEL_VERSION.show(each)
                for each in sorted(holdout.versions.all(), key=attrgetter("number"))
            ],
        ),
        "sealed_at": fields.time("2026-02-20T08:00:00Z"),
        "trained_until": fields.text(
            None,
            "Of a temporal holdout: the last day whose items you may train on.",
            format="date",
            null=True,
            source=lambda holdout: holdout.trained_until and holdout.trained_until.isoformat(),
        ),
        "label_delay_days": fields.integer(
            None,
            "Of a temporal holdout: its period begins at least so many days after `trained_until`.",
            minimum=0,
            null=True,
        ),
        "disclosed": Field(schemas.or_null(DISCLOSED.reference()), None, _disclosed),
    },
    description="Sealed labels. Which items are in it is shown to nobody before it is disclosed.",
)
STOCK = Shape(
    "Stock",
    {
        "coarse_rounds": fields.count(2, "If each is published coarsely."),
        "full_rounds": fields.count(1, "If each is published in full."),
        "line": fields.text("2 auditable rounds left (1 if each is published in full)"),
    },
    description="How many further rounds can be audited with the labels that are sealed, after those that "
    "are planned or open.",
)
DETAIL = BENCHMARK.extended(
    "BenchmarkDetail",
    {
        "panel": Field(schemas.or_null(PANEL.reference()), PANEL.example, By.CALLER),
        "holdouts": fields.list_of([HOLDOUT.example], HOLDOUT.reference(), source=By.CALLER),
        "draws": fields.list_of(
            [DRAW.example], DRAW.reference(), "Of the holdouts.", source=By.CALLER
        ),
        "rounds": fields.list_of([ROUND.example], ROUND.reference(), source=By.CALLER),
        "stock": Field(STOCK.reference(), STOCK.example, By.CALLER),
    },
)
