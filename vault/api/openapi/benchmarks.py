"""Benchmarks in the description: rules, rounds, commitments and the panel's template."""

from typing import Any

from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault.api import forms
from vault.api.openapi import headers, parameters, schemas
from vault.api.openapi.operation import Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from vault.holdout_kinds import HoldoutKind
from vault.models import Benchmark, Panel
from vault.statuses import HoldoutStatus, PublicationKind, RoundStatus

TAG = "Benchmarks"

_BENCHMARK: dict[str, Schema] = {
    "slug": schemas.text("The short name that addresses use."),
    "title": schemas.text(),
    "description": schemas.text(),
    "rules": schemas.text(),
    "data_url": schemas.text("Where the data is; empty if nowhere."),
    "task": schemas.one_of(Benchmark.Task.values),
    "classes": schemas.list_of(
        schemas.text(), "The label values in code order; class 1 is the positive one."
    ),
    "prediction_form": schemas.one_of(
        Benchmark.PredictionForm.values, "What a file's prediction columns hold."
    ),
    "primary_metric": schemas.one_of(METRICS, "Ranks the board."),
    "greater_is_better": schemas.flag("Of the primary metric."),
    "secondary_metrics": schemas.list_of(schemas.text()),
    "loss_cap": schemas.or_null(
        schemas.number("The largest error that counts, in the label's unit.")
    ),
    "decision_threshold": schemas.or_null(
        schemas.number(
            "Of a binary task whose files hold probabilities: metrics of labels take a probability above "
            "it as class 1, one at it or below as class 0. null: 0.5."
        )
    ),
    "probability_clip": schemas.number(
        "The log loss takes a probability below this as this, and one above 1 less this as 1 less this: "
        "surer predictions gain nothing, and wrong ones cost no more than -ln of it."
    ),
    "cost_matrix": schemas.or_null(
        schemas.list_of(
            schemas.list_of(schemas.number(minimum=0)),
            "A row for each true class, a column for each predicted one, in code order: what such an item "
            "costs. Expected cost is the mean of it, expected regret that above the cheapest decisions.",
        )
    ),
}

SHAPES: dict[str, Schema] = {
    "Benchmark": schemas.record(_BENCHMARK),
    "BenchmarkDetail": schemas.record(
        {
            **_BENCHMARK,
            "panel": schemas.or_null(schemas.reference("Panel")),
            "holdouts": schemas.list_of(schemas.reference("Holdout")),
            "rounds": schemas.list_of(schemas.reference("Round")),
        }
    ),
    "Panel": schemas.record(
        {
            "version": schemas.integer(minimum=1),
            "n_items": schemas.count("Every file answers this many items."),
            "id_kind": schemas.one_of(Panel.IdKind.values),
            "sha256": schemas.sha256(),
        },
        description="The items that every file answers.",
    ),
    "Holdout": schemas.record(
        {
            "kind": schemas.one_of(HoldoutKind),
            "status": schemas.one_of(HoldoutStatus.values),
            "n_items": schemas.count(),
            "draws_groups": schemas.flag(
                "Whole groups were drawn, such as all items of a patient."
            ),
            "stratified": schemas.flag("It was drawn from each class separately."),
            "commitment": schemas.sha256("Of its labels, published before any answer."),
            "sealed_at": schemas.time(),
        },
        description="Sealed labels. Which items are in it, nobody is told.",
    ),
    "BudgetPolicy": schemas.record(
        {
            "window_seconds": schemas.integer("The length of the rolling window.", minimum=1),
            "window_limit": schemas.integer("Queries in a window.", minimum=1),
            "total_limit": schemas.integer("Queries in the round.", minimum=1),
            "concurrent_limit": schemas.integer("Queries that wait at once.", minimum=1),
        }
    ),
    "Round": schemas.record(
        {
            "number": schemas.integer(minimum=1),
            "status": schemas.one_of(RoundStatus.values),
            "opens_at": schemas.time(),
            "closes_at": schemas.time(),
            "published_at": schemas.or_null(schemas.time("When its results were published.")),
            "cancelled_at": schemas.or_null(
                schemas.time(
                    "When it was cancelled: planned, it never opened, and it has no board."
                )
            ),
            "cancelled_reason": schemas.or_null(schemas.text("Why, in the organizers' words.")),
            "mechanism": schemas.one_of(MECHANISMS, "How scores become answers."),
            "parameters": {"type": "object", "description": "Of the mechanism."},
            "resolution": schemas.number(
                "The smallest difference between two values on the board, in the metric's units."
            ),
            "publication": schemas.one_of(
                PublicationKind.values,
                "What will be told of the fresh holdout: `coarse` figures, after which it answers the next "
                "round, or `full` ones, after which it retires.",
            ),
            "panel_version": schemas.integer(minimum=1),
            "n_query": schemas.count("Items of the query holdout."),
            "query_commitment": schemas.sha256("Of the query holdout's labels."),
            "budget": schemas.reference("BudgetPolicy"),
        }
    ),
    "BenchmarkList": schemas.page_of("Benchmark"),
    "RoundList": schemas.page_of("Round"),
}

_EXAMPLE: dict[str, Any] = {
    "slug": "rain-tomorrow",
    "title": "Rain tomorrow",
    "description": "Will it rain tomorrow at this station?",
    "rules": "One file answers every station and day of the panel.",
    "data_url": "https://data.example/rain/",
    "task": "binary",
    "classes": ["0", "1"],
    "prediction_form": "label",
    "primary_metric": "accuracy",
    "greater_is_better": True,
    "secondary_metrics": ["mcc"],
    "loss_cap": None,
    "decision_threshold": None,
    "probability_clip": 0.01,
    "cost_matrix": None,
}
_COMMITMENT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ROUND = {
    "number": 1,
    "status": "OPEN",
    "opens_at": "2026-03-01T00:00:00Z",
    "closes_at": "2026-04-01T00:00:00Z",
    "published_at": None,
    "cancelled_at": None,
    "cancelled_reason": None,
    "mechanism": "ladder",
    "parameters": {"eta": 0.01},
    "resolution": 0.01,
    "publication": "coarse",
    "panel_version": 1,
    "n_query": 2000,
    "query_commitment": _COMMITMENT,
    "budget": {
        "window_seconds": 86400,
        "window_limit": 5,
        "total_limit": 100,
        "concurrent_limit": 2,
    },
}
_DETAIL = {
    **_EXAMPLE,
    "panel": {
        "version": 1,
        "n_items": 4000,
        "id_kind": "string",
        "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    },
    "holdouts": [
        {
            "kind": "iid",
            "status": "QUERY",
            "n_items": 2000,
            "draws_groups": False,
            "stratified": False,
            "commitment": _COMMITMENT,
            "sealed_at": "2026-02-20T08:00:00Z",
        }
    ],
    "rounds": [_ROUND],
}

_PANEL_HEADERS = headers.answered("ETag", "Panel-Version")

OPERATIONS = {
    ("/api/v1/benchmarks/", "GET"): Operation(
        id="list_benchmarks",
        tag=TAG,
        summary="List benchmarks",
        description="By name: the public ones, and the private ones that the token's team may see.",
        access=Access.PUBLIC,
        parameters=parameters.PAGE,
        answers={
            200: shown("BenchmarkList", "A page.", example=schemas.page_example(_EXAMPLE)),
        },
        problems=parameters.PAGE_PROBLEMS,
    ),
    ("/api/v1/benchmarks/{slug}/", "GET"): Operation(
        id="get_benchmark",
        tag=TAG,
        summary="One benchmark",
        description="Its rules, its panel, the commitments to its sealed labels, and its rounds.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG,),
        answers={200: shown("BenchmarkDetail", "The benchmark.", example=_DETAIL)},
        problems=("not_found",),
    ),
    ("/api/v1/benchmarks/{slug}/rounds/", "GET"): Operation(
        id="list_rounds",
        tag=TAG,
        summary="List rounds",
        description="By number, planned ones too, each with its mechanism and budget policy.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: shown("RoundList", "A page.", example=schemas.page_example(_ROUND))},
        problems=("not_found", *parameters.PAGE_PROBLEMS),
    ),
    ("/api/v1/benchmarks/{slug}/panel/", "GET"): Operation(
        id="get_panel",
        tag=TAG,
        summary="The panel as a template",
        description="The ids that every file must answer, in panel order, to be filled in. Of the "
        "round that is open or opens next, unless `round` names another. A template has no comments: "
        "threshold, clip and costs by which files are scored stand in the benchmark.",
        access=Access.PUBLIC,
        parameters=(
            parameters.SLUG,
            parameters.PANEL_ROUND,
            parameters.in_query(
                "format",
                schemas.one_of(("csv", "parquet")),
                "Goes before `Accept`; without either it is `csv`.",
            ),
            headers.IF_NONE_MATCH,
        ),
        answers={
            200: answer(
                "The template.",
                {
                    forms.CSV: {"type": "string"},
                    forms.PARQUET: {"type": "string", "format": "binary"},
                },
                {forms.CSV: "id\nstation-1-2026-03-01\nstation-1-2026-03-02\n"},
                headers=_PANEL_HEADERS,
            ),
            304: answer("Nothing has changed.", {}, {}, headers=_PANEL_HEADERS),
        },
        problems=("not_found",),
    ),
}
