"""What one operation says of itself, and how drf-spectacular gets to hear it.

The views carry no decorators: what stands here describes them by path and method.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from vault.api import negotiation, problem_codes
from vault.api.openapi import parameters, problem_answers, schemas
from vault.api.openapi.headers import REPLAYED, answered
from vault.api.representations.shape import Shape

_NO_TOKEN: dict[str, list[str]] = {}
_TOKEN: dict[str, list[str]] = {"bearer": []}
_STRANGER = ("invalid_token", "not_authenticated")


class Access(Enum):
    """Who may ask, by which of the schemes, and what those hear who may not."""

    ANYBODY = "no token is looked at", (), ()
    PUBLIC = (
        "anybody, and pages of other sites (`Access-Control-Allow-Origin: *`); a token shows private "
        "benchmarks of its team, too",
        (_NO_TOKEN, _TOKEN),
        ("invalid_token",),
    )
    TEAM = "any token of a team", (_TOKEN,), _STRANGER
    READ = "a token with the scope `read`", (_TOKEN,), (*_STRANGER, "forbidden")
    LABELS = (
        "a label provider's token, which has the scope `labels:write`",
        (_TOKEN,),
        (*_STRANGER, "forbidden"),
    )
    SUBMIT = "a token with the scope `submit`", (_TOKEN,), (*_STRANGER, "forbidden")

    def __init__(
        self, who: str, security: tuple[dict[str, list[str]], ...], refusals: tuple[str, ...]
    ) -> None:
        self.who, self.security, self.refusals = who, list(security), refusals


# What may happen to any body, before it is looked into.
_BODY_PROBLEMS = (
    *("length_required", "content_too_large", "unsupported_media_type", "incomplete_body"),
    *("upload_too_slow", "too_many_uploads", "uploads_busy"),
)
_KEY_PROBLEMS = ("invalid_idempotency_key", "idempotency_key_in_use", "idempotency_key_reused")
# What may happen to any request.
COMMON = ("malformed_request", "not_acceptable", "throttled", "internal_error", "unavailable")
# What of it where the answer has one form, whatever is accepted, and no database is asked.
COMMON_OF_ONE_FORM = ("malformed_request", "throttled", "internal_error")


@dataclass(frozen=True, kw_only=True)
class Operation:
    id: str
    summary: str
    description: str
    access: Access
    answers: dict[int, dict[str, Any]]
    parameters: tuple[dict[str, Any], ...] = ()
    body: dict[str, Any] | None = None
    # Beside those that its access, parameters and body bring.
    problems: tuple[str, ...] = ()
    common: tuple[str, ...] = COMMON
    # Of the module that describes it.
    tag: str = ""

    def as_openapi(self) -> dict[str, Any]:
        responses = {
            **{str(status): answer for status, answer in self.answers.items()},
            **problem_answers.answers(self._codes()),
        }
        if self._has_key:
            # What is kept under a key, and answered again: successes, and the verdict on a file.
            kept = {str(status) for status in self.answers}
            if "invalid_file" in self.problems:
                kept.add(str(problem_codes.CATALOGUE["invalid_file"].status))
            for status in kept:
                fields = {**responses[status].get("headers", {}), **answered(REPLAYED)}
                responses[status] = {**responses[status], "headers": fields}
        described: dict[str, Any] = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": f"{self.description}\n\nAccess: {self.access.who}.",
            "security": self.access.security,
            "responses": responses,
        }
        if self.parameters:
            described["parameters"] = list(self.parameters)
        if self.body is not None:
            described["requestBody"] = self.body
        return described

    @property
    def _has_key(self) -> bool:
        return parameters.IDEMPOTENCY_KEY in self.parameters

    def _codes(self) -> list[str]:
        """List every problem that may be answered."""
        codes = [*self.problems, *self.access.refusals, *self.common]
        if any(each["in"] == "path" for each in self.parameters):
            codes.append("not_found")
        if any(each in parameters.PAGE for each in self.parameters):
            codes.append("invalid_parameter")
        if any(each in self.parameters for each in (parameters.IF_MATCH, parameters.IF_NONE_MATCH)):
            codes.append("precondition_failed")
        if self._has_key:
            codes += _KEY_PROBLEMS
        # Under a key an empty body is read, too.
        if self._has_key or self.body is not None:
            codes += _BODY_PROBLEMS
        return codes


def shown(
    shape: Shape, description: str, *, example: Any = None, headers: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Describe a JSON answer of one shape, with its example unless there is a better one."""
    one = {"schema": shape.reference(), "example": shape.example if example is None else example}
    return answer(description, {negotiation.JSON: one}, headers=headers)


def page(shape: Shape, *, name: str = "", example: Any = None) -> dict[str, Any]:
    """Describe a page of a list of them; its schema has the shape's name and `List`, or one of its own."""
    listed = schemas.reference(name or f"{shape.name}List")
    results = [shape.example if example is None else example]
    whole = {"next": None, "previous": None, "results": results}
    return answer("A page.", {negotiation.JSON: {"schema": listed, "example": whole}})


def answer(
    description: str,
    content: dict[str, dict[str, Any]] | None = None,
    *,
    headers: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Describe an answer: by media type a schema, with an example where people can read one."""
    described: dict[str, Any] = {"description": description}
    if content:
        described["content"] = content
    if headers:
        described["headers"] = answered(*headers)
    return described
