"""Published audits in the API's description, and how one and the list of them are shown."""

from typing import Any

from django.urls import reverse

from audits.published_shape import DOCUMENT, REFERENCE, TEAM
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import Access, Operation, page, shown
from vault.api.representations.shape import By, Field, Shape, described

TAG = "Results"


def _board(given: Any) -> str:
    """Of a publication."""
    return f"{reverse('leaderboard', args=[given.benchmark.slug])}?round={given.round.number}"


# Of a publication; the document is shown as it was written, with its teams where they stand now.
SUMMARY = Shape(
    "AuditSummary",
    {
        "id": Field(schemas.integer(minimum=1), 3, "pk"),
        "round": Field(schemas.integer(minimum=1), 1, "round.number"),
        "published_at": Field(schemas.time(), "2026-04-03T09:00:00Z"),
        "url": Field(
            schemas.text("The address of the whole document."),
            "/api/v1/audits/3/",
            lambda given: reverse("audit", args=[given.pk]),
        ),
        "leaderboard": Field(
            schemas.text("The address of the round's board, which shows the same figures."),
            "/api/v1/benchmarks/rain-tomorrow/leaderboard/?round=1",
            _board,
        ),
    },
)
AUDIT = SUMMARY.extended(
    "Audit", {"document": Field(DOCUMENT.reference(), DOCUMENT.example, By.CALLER)}
)
SHAPES = (
    described(AUDIT, SUMMARY)
    | {"AuditList": schemas.page_of("AuditSummary")}
    | described(DOCUMENT, REFERENCE, TEAM)
)

OPERATIONS = {
    ("/api/v1/benchmarks/{slug}/audits/", "GET"): Operation(
        id="list_audits",
        summary="List published audits",
        description="By round, each with the address of its document.",
        access=Access.PUBLIC,
        parameters=(parameters.SLUG, *parameters.PAGE),
        answers={200: page(SUMMARY, name="AuditList")},
    ),
    ("/api/v1/audits/{audit_id}/", "GET"): Operation(
        id="get_audit",
        summary="One published audit",
        description="How much of the round's progress is real: one figure on new labels for each final, "
        "its overstatement beside what luck explains, and a sentence. The board shows the same figures.",
        access=Access.PUBLIC,
        parameters=(
            parameters.in_path(
                "audit_id",
                schemas.integer(minimum=1, maximum=schemas.MAX_INTEGER),
                "The audit's id.",
                3,
            ),
        ),
        answers={200: shown(AUDIT, "The audit.")},
    ),
}
