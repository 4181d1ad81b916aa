"""The service itself in the description: probes, the meaning of codes, and this description."""

from vault.api import problem_codes
from vault.api.forms import HTML
from vault.api.openapi import parameters, schemas
from vault.api.openapi.operation import JSON, Access, Operation, answer, shown
from vault.api.openapi.schemas import Schema
from vault.api.shown.entrance import ENTRANCE, FORMS
from vault.api.shown.service import CODE, HEALTH, PROBLEM_TYPE
from vault.api.shown.shape import described

TAG = "Service"

SHAPES = described(HEALTH, PROBLEM_TYPE, ENTRANCE)

_PROBE = ("malformed_request", "not_acceptable", "internal_error")
# These come in one form, whatever is accepted.
_DESCRIPTION = ("malformed_request", "throttled", "internal_error")
YAML = "application/yaml"


def _entrance(id: str, summary: str, description: str) -> Operation:
    content: dict[str, Schema] = {JSON: ENTRANCE.reference(), HTML: {"type": "string"}}
    return Operation(
        id=id,
        tag=TAG,
        summary=summary,
        description=description,
        access=Access.PUBLIC,
        parameters=(
            parameters.in_query("format", schemas.one_of(FORMS), "Goes before `Accept`.", "json"),
        ),
        answers={200: answer("The entrance.", content, {JSON: ENTRANCE.example})},
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
        tag=TAG,
        summary="Is the process alive?",
        description="Asks nothing but the process itself.",
        access=Access.ANYBODY,
        answers={200: shown(HEALTH, "It is.")},
        common=_PROBE,
    ),
    ("/readyz", "GET"): Operation(
        id="is_ready",
        tag=TAG,
        summary="Can it do its work?",
        description="Asks the database.",
        access=Access.ANYBODY,
        answers={200: shown(HEALTH, "It can.")},
        common=(*_PROBE, "unavailable"),
    ),
    ("/problems/{code}", "GET"): Operation(
        id="get_problem_type",
        tag=TAG,
        summary="What an error's code means",
        description="Where the `type` of each problem leads.",
        access=Access.ANYBODY,
        parameters=(
            parameters.in_path(
                "code", schemas.one_of(problem_codes.CATALOGUE), "The problem's code.", CODE
            ),
        ),
        answers={200: shown(PROBLEM_TYPE, "Its meaning.")},
        problems=("not_found",),
    ),
    ("/api/v1/openapi.json", "GET"): Operation(
        id="get_description_json",
        tag=TAG,
        summary="This description as JSON",
        description="OpenAPI 3.1.",
        access=Access.ANYBODY,
        answers={200: answer("The description.", {JSON: {"type": "object"}}, {})},
        common=_DESCRIPTION,
    ),
    ("/api/v1/openapi.yaml", "GET"): Operation(
        id="get_description_yaml",
        tag=TAG,
        summary="This description as YAML",
        description="OpenAPI 3.1.",
        access=Access.ANYBODY,
        answers={200: answer("The description.", {YAML: {"type": "object"}}, {})},
        common=_DESCRIPTION,
    ),
    ("/api/v1/docs/", "GET"): Operation(
        id="get_docs",
        tag=TAG,
        summary="This description for people",
        description="A page with Swagger UI, all of it from this service.",
        access=Access.ANYBODY,
        answers={200: answer("The page.", {HTML: {"type": "string"}}, {})},
        common=_DESCRIPTION,
    ),
}
