"""Composes the API's description: every operation's entry, the shapes, and the frame around them.

It stands above the rooms that describe their own operations, so that none of them need know another.
"""

from dataclasses import replace
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from audits import description as audits
from vault.api.openapi import (
    benchmarks,
    draws,
    headers,
    heads,
    people,
    problem_answers,
    prospective,
    results,
    service,
    submissions,
    tokens,
)
from vault.api.openapi.operation import Operation
from webhooks import description as webhooks

CONCEPTS = (
    *(benchmarks, draws, submissions, results, prospective, audits, heads, tokens, webhooks),
    *(people, service),
)

OPERATIONS: dict[tuple[str, str], Operation] = {
    key: replace(operation, tag=concept.TAG)
    for concept in CONCEPTS
    for key, operation in concept.OPERATIONS.items()
}

DESCRIPTION = """\
Scores predictions against sealed holdouts, and meters the answers.

Hand in a file, poll the submission until it has finished, and read the answer that the round's
mechanism releases. Every request may be repeated: equal predictions are charged once. Every error is
`application/problem+json` (RFC 9457) with a stable `code`, whose `type` leads to its meaning.

Addresses end as they stand here. One with a slash too few or too many leads a GET or HEAD to the right one
(308); another method is answered with 404, which names it.

Ignore members that you do not know: new ones may come.
"""


class UndescribedError(Exception):
    """A route answers a method that nothing describes."""


class DescribedOperation(AutoSchema):
    """Takes an operation from the table, by path and method, rather than from decorators."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any]:
        try:
            return OPERATIONS[path, method.upper()].as_openapi()
        except KeyError:
            raise UndescribedError(
                f"describe {method} {path} beside its view, and name the module in config/description.py"
            ) from None


def complete(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """drf-spectacular's hook: add what the operations refer to."""
    shapes = {name: shape for concept in CONCEPTS for name, shape in concept.SHAPES.items()}
    result["info"]["description"] = DESCRIPTION
    result["tags"] = [{"name": concept.TAG} for concept in CONCEPTS]
    result["components"] = {
        "schemas": {**shapes, **problem_answers.components()},
        "headers": headers.COMPONENTS,
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A team's token, `hv_...`, with the scopes `read` and `submit`; or a label "
                "provider's, `hvl_...`, with `labels:write`.",
            }
        },
    }
    return result
