"""The service itself in the description: probes, the meaning of codes, and this description."""

from vault.api import problem_codes
from vault.api.negotiation import HTML, JSON, YAML
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import COMMON_OF_ONE_FORM, Access, Operation, answer, shown
from vault.api.representations.entrance import ENTRANCE, FORMS
from vault.api.representations.service import CODE, HEALTH, PROBLEM_TYPE
from vault.api.representations.shape import described

TAG = "Service"

SHAPES = described(HEALTH, PROBLEM_TYPE, ENTRANCE)

_PROBE = ("malformed_request", "internal_error")


def _entrance(id: str, summary: str, description: str) -> Operation:
    content = {
        JSON: {"schema": ENTRANCE.reference(), "example": ENTRANCE.example},
        HTML: {"schema": {"type": "string"}},
    }
    return Operation(
        id=id,
        summary=summary,
        description=description,
        access=Access.PUBLIC,
        parameters=(
            parameters.in_query("format", schemas.one_of(FORMS), "Goes before `Accept`.", "json"),
        ),
        answers={200: answer("The entrance.", content)},
    )


def _description(form: str, media_type: str) -> Operation:
    return Operation(
        id=f"get_description_{form.lower()}",
        summary=f"This description as {form}",
        description="OpenAPI 3.1.",
        access=Access.ANYBODY,
        answers={200: answer("The description.", {media_type: {"schema": {"type": "object"}}})},
        common=COMMON_OF_ONE_FORM,
    )


OPERATIONS = {
    ("/", "GET"): _entrance(
        "get_entrance_page",
        "Where people begin",
        "A page; as JSON, the same as `/api/v1/`, if that is what is accepted.",
    ),
    ("/api/v1/", "GET"): _entrance(
        "get_entrance",
        "Where programs begin",
        "What this service is, which benchmarks are open, and where everything else stands. A browser gets a "
        "page.",
    ),
    ("/healthz", "GET"): Operation(
        id="is_alive",
        summary="Is the process alive?",
        description="Asks nothing but the process itself.",
        access=Access.ANYBODY,
        answers={200: shown(HEALTH, "It is.")},
        common=_PROBE,
    ),
    ("/readyz", "GET"): Operation(
        id="is_ready",
        summary="Can it do its work?",
        description="Asks the database.",
        access=Access.ANYBODY,
        answers={200: shown(HEALTH, "It can.")},
        common=(*_PROBE, "unavailable"),
    ),
    ("/problems/{code}", "GET"): Operation(
        id="get_problem_type",
        summary="What an error's code means",
        description="Where the `type` of each problem leads.",
        access=Access.ANYBODY,
        parameters=(
            parameters.in_path(
                "code", schemas.one_of(problem_codes.CATALOGUE), "The problem's code.", CODE
            ),
        ),
        answers={200: shown(PROBLEM_TYPE, "Its meaning.")},
    ),
    ("/api/v1/openapi.json", "GET"): _description("JSON", JSON),
    ("/api/v1/openapi.yaml", "GET"): _description("YAML", YAML),
    ("/api/v1/docs/", "GET"): Operation(
        id="get_docs",
        summary="This description for people",
        description="A page with Swagger UI, all of it from this service.",
        access=Access.ANYBODY,
        answers={200: answer("The page.", {HTML: {"schema": {"type": "string"}}})},
        common=COMMON_OF_ONE_FORM,
    ),
}
