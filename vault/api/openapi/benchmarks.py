"""Benchmarks in the description: rules, rounds, commitments and the panel's template."""

from vault.api import tables
from vault.api.openapi import parameters, prediction_files
from vault.api.openapi.operation import Access, Operation, answer, page, shown
from vault.api.representations.benchmarks import (
    BENCHMARK,
    DETAIL,
    DISCLOSED,
    DISCLOSED_FILE,
    HOLDOUT,
    LABEL_VERSION,
    PANEL,
    STOCK,
)
from vault.api.representations.rounds import CHANGE, LINK, POLICY, ROUND
from vault.api.representations.shape import described

TAG = "Benchmarks"

SHAPES = described(
    *(
        DETAIL,
        PANEL,
        HOLDOUT,
        LABEL_VERSION,
        STOCK,
        DISCLOSED,
        DISCLOSED_FILE,
        POLICY,
        CHANGE,
        LINK,
    ),
    listed=(BENCHMARK, ROUND),
)
_PANEL_HEADERS = ("ETag", "Panel-Version")

OPERATIONS = {
    ("/api/v1/benchmarks/", "GET"): Operation(
        id="list_benchmarks",
        summary="List benchmarks",
        description="By name: the public ones, and the private ones that the token's team may see.",
        access=Access.PUBLIC,
        parameters=parameters.PAGE,
        answers={200: page(BENCHMARK)},
    ),
    ("/api/v1/benchmarks/{slug}/", "GET"): Operation(
        id="get_benchmark",
        summary="One benchmark",
        description="Its rules, its panel, the commitments to its sealed labels, and its rounds.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG,),
        answers={200: shown(DETAIL, "The benchmark.")},
    ),
    ("/api/v1/benchmarks/{slug}/rounds/", "GET"): Operation(
        id="list_rounds",
        summary="List rounds",
        description="By number, planned ones too, each with its mechanism and budget policy.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: page(ROUND)},
    ),
    ("/api/v1/benchmarks/{slug}/panel/", "GET"): Operation(
        id="get_panel",
        summary="The panel as a template",
        description="The ids that every file must answer, in panel order, to be filled in. Of the "
        "round that is open or opens next, unless `round` names another. A template has no comments: "
        "threshold, clip and costs by which files are scored stand in the benchmark.",
        access=Access.PUBLIC,
        parameters=(
            parameters.SLUG,
            parameters.PANEL_ROUND,
            parameters.form(tables.FORMS),
            parameters.IF_NONE_MATCH,
        ),
        answers={
            200: answer(
                "The template.",
                prediction_files.sent("id\nstation-1-2026-03-01\nstation-1-2026-03-02\n"),
                headers=_PANEL_HEADERS,
            ),
            304: answer("Nothing has changed.", headers=_PANEL_HEADERS),
        },
    ),
    ("/api/v1/benchmarks/{slug}/holdouts/{holdout_id}/labels/", "GET"): Operation(
        id="get_disclosed_labels",
        summary="The labels of a disclosed holdout",
        description="Ids, labels and salt: SHA-256 of the salt's bytes, then the text's in UTF-8, is the "
        "commitment that was published when the holdout was sealed. 404 for every holdout that is not "
        "`DISCLOSED`. The file never changes.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, parameters.HOLDOUT_ID, parameters.IF_NONE_MATCH),
        answers={
            200: shown(DISCLOSED_FILE, "The file.", headers=("ETag",)),
            304: answer("Nothing has changed.", headers=("ETag",)),
        },
    ),
}
