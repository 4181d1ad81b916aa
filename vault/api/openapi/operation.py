"""What one operation says of itself, and how drf-spectacular gets to hear it.

The views carry no decorators: what stands here describes them by path and method.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vault.api import problem_codes
from vault.api.openapi import headers, problem_answers, schemas
from vault.api.openapi.schemas import Schema
from vault.api.shown.shape import Shape

JSON = "application/json"


class Access(Enum):
    """Who may ask, and what those hear who may not."""

    ANYBODY = "no token is looked at"
    PUBLIC = (
        "anybody, and pages of other sites (`Access-Control-Allow-Origin: *`); a token shows private "
        "benchmarks of its team, too"
    )
    TEAM = "any token of a team"
    READ = "a token with the scope `read`"
    SUBMIT = "a token with the scope `submit`"


SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.ANYBODY: [],
    Access.PUBLIC: [{}, {"bearer": []}],
    Access.TEAM: [{"bearer": []}],
    Access.READ: [{"bearer": []}],
    Access.SUBMIT: [{"bearer": []}],
}
_REFUSALS: dict[Access, tuple[str, ...]] = {
    Access.ANYBODY: (),
    Access.PUBLIC: ("invalid_token",),
    Access.TEAM: ("invalid_token", "not_authenticated"),
    Access.READ: ("invalid_token", "not_authenticated", "forbidden"),
    Access.SUBMIT: ("invalid_token", "not_authenticated", "forbidden"),
}
# What may happen to any body before it is read.
ON_THE_WAY = ("upload_too_slow", "too_many_uploads", "uploads_busy")
# What may happen to a small JSON body.
BODY_PROBLEMS = (
    *("invalid_parameter", "length_required", "content_too_large", "unsupported_media_type"),
    "incomplete_body",
    *ON_THE_WAY,
)
# What may happen to any request.
COMMON = ("malformed_request", "not_acceptable", "throttled", "internal_error", "unavailable")


@dataclass(frozen=True, kw_only=True)
class Operation:
    id: str
    tag: str
    summary: str
    description: str
    access: Access
    answers: dict[int, dict[str, Any]]
    parameters: tuple[dict[str, Any], ...] = ()
    body: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()
    common: tuple[str, ...] = field(default=COMMON)

    def as_openapi(self) -> dict[str, Any]:
        codes = (*self.problems, *_REFUSALS[self.access], *self.common)
        described: dict[str, Any] = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": f"{self.description}\n\nAccess: {self.access.value}.",
            "security": SECURITY[self.access],
            "responses": {
                **{str(status): answer for status, answer in self.answers.items()},
                **problem_answers.answers(codes),
            },
        }
        if headers.IDEMPOTENCY_KEY in self.parameters:
            self._add_replays(described["responses"])
        if self.parameters:
            described["parameters"] = list(self.parameters)
        if self.body is not None:
            described["requestBody"] = self.body
        return described

    def _add_replays(self, responses: dict[str, Any]) -> None:
        """Describe what is kept under a key, and answered again: successes, and the verdict on a file."""
        kept = {str(status) for status in self.answers}
        if "invalid_file" in self.problems:
            kept.add(str(problem_codes.CATALOGUE["invalid_file"].status))
        for status in kept:
            fields = {**responses[status].get("headers", {}), **headers.answered(headers.REPLAYED)}
            responses[status] = {**responses[status], "headers": fields}


def shown(
    shape: Shape,
    description: str,
    *,
    example: Any | None = None,
    headers: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a JSON answer of one shape, with its example unless there is a better one."""
    example = shape.example if example is None else example
    return answer(description, {JSON: shape.reference()}, {JSON: example}, headers=headers)


def page(shape: Shape, *, name: str = "", example: Any | None = None) -> dict[str, Any]:
    """Describe a page of a list of them; its schema has the shape's name and `List`, or one of its own."""
    listed = schemas.reference(name or f"{shape.name}List")
    one = shape.example if example is None else example
    return answer("A page.", {JSON: listed}, {JSON: schemas.page_example(one)})


def answer(
    description: str,
    content: dict[str, Schema],
    examples: dict[str, Any],
    *,
    headers: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe an answer in one or more media types, with an example of each that people can read."""
    described: dict[str, Any] = {"description": description}
    if content:
        described["content"] = {
            media_type: {
                "schema": schema,
                **({"example": examples[media_type]} if media_type in examples else {}),
            }
            for media_type, schema in content.items()
        }
    if headers:
        described["headers"] = headers
    return described
