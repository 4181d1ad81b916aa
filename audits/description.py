"""Published audits in the API's description, and how one and the list of them are shown."""

from django.urls import reverse

from audits.published_shape import DOCUMENT, REFERENCE, TEAM
from vault.api.openapi import parameters, people, schemas
from vault.api.openapi.operation import Access, Operation, page, shown
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape, described

TAG = "Results"


# Of a publication; the document is shown as it was written, with its teams where they stand now.
SUMMARY = Shape(
    "AuditSummary",
    {
        "id": fields.integer(3, source="pk", minimum=1),
        "round": fields.integer(1, source="round.number", minimum=1),
        "published_at": fields.time("2026-04-03T09:00:00Z"),
        "url": fields.text(
            "/api/v1/audits/3/",
            "The address of the whole document.",
            source=lambda publication: reverse("audit", args=[publication.pk]),
        ),
        "leaderboard": fields.text(
            "/api/v1/benchmarks/rain-tomorrow/leaderboard/?round=1",
            "The address of the round's board, which shows the same figures.",
            source=lambda publication: (
                f"{reverse('leaderboard', args=[publication.benchmark.slug])}"
                f"?round={publication.round.number}"
            ),
        ),
    },
)
DIFFERENCE = Shape(
    "AuditDifference",
    {
        "team": fields.text("team-a"),
        "before": Field(
            {"type": "object", "description": "Members of its row, as published."},
            {"verdict": "NO_EVIDENCE"},
        ),
        "after": Field(
            {"type": "object", "description": "The same, as the repeat found them."},
            {"verdict": "WITHIN_LUCK"},
        ),
    },
)
REPEAT = Shape(
    "RepeatedAudit",
    {
        "run": fields.integer(7, "The number of the run.", source="run_id", minimum=1),
        "made_at": fields.time("2026-05-01T09:00:00Z"),
        "reason": fields.text("Two labels were corrected.", "In the organizers' words."),
        "inputs": fields.list_of(
            ["labels of holdout 1cc87808: version 1 then, 2 now"],
            {"type": "string"},
            "Labels and code that are others than before. Without any, findings are equal.",
        ),
        "differences": Field(
            {
                "type": ["array", "null"],
                "items": DIFFERENCE.reference(),
                "description": "By team, what the published document would say otherwise; empty: nothing. "
                "Null: the run came before the publication, which is of the last run before it.",
            },
            [DIFFERENCE.example],
        ),
    },
)
AUDIT = SUMMARY.extended(
    "Audit",
    {
        "document": Field(DOCUMENT.reference(), DOCUMENT.example, By.CALLER),
        "repeats": fields.list_of(
            [REPEAT.example],
            REPEAT.reference(),
            "Audits of the round that organizers had made again. The document stays as it was published.",
            source=lambda publication: [
                REPEAT.show(each) for each in publication.round.repeated_audits.order_by("pk")
            ],
        ),
    },
)
SHAPES = (
    described(AUDIT, SUMMARY, REPEAT, DIFFERENCE)
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
    ("/benchmarks/{slug}/rounds/{round}/audit/", "GET"): people.page(
        "get_audit_page",
        "A published audit as a page",
        "The figures and sentences of the audit's document, for people.",
        parameters.SLUG,
        parameters.in_path(
            "round",
            schemas.integer(minimum=0, maximum=schemas.MAX_INTEGER),
            "The number of the round.",
            1,
        ),
    ),
    ("/publications.atom", "GET"): people.page(
        "get_publications",
        "A feed of published audits",
        "Atom (RFC 4287): the newest fifty, each with its headline and the address of its page.",
        media_type="application/atom+xml",
    ),
}
