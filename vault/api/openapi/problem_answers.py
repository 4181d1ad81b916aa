"""Errors in the description: a shape for each code of the catalogue, and an answer for each status."""

from collections.abc import Iterable
from typing import Any

from vault.api import problem_codes
from vault.api.openapi import schemas
from vault.api.openapi.headers import answered
from vault.api.openapi.schemas import Schema

MEDIA_TYPE = "application/problem+json"

MEMBERS: dict[str, Schema] = {
    "closed_at": schemas.time(
        "When the round closed; before `closes_at` if an organizer closed it."
    ),
    "closes_at": schemas.time("When the round was announced to close."),
    "field": schemas.text("The parameter that does not fit."),
    "limit": schemas.integer("What is allowed."),
    "n_problems": schemas.integer("How many problems the file has.", minimum=1),
    "next_slot_at": schemas.time("When the next query is free."),
    "opens_at": schemas.time("When the planned round opens."),
    "policy": schemas.text("Which limit it was: its name in `RateLimit-Policy`."),
    "problems": schemas.list_of(
        schemas.record(
            {
                "row": schemas.integer(
                    "The line of a CSV file (its header is line 1) or row of a table.", null=True
                ),
                "column": schemas.text("The column.", null=True),
                "problem": schemas.text("What is wrong."),
            }
        ),
        "The first ten by row; those of no row come last.",
    ),
    "retry_after": schemas.number("Seconds until it may be tried again; `Retry-After` has it too."),
    "used": schemas.count("What is used of it."),
    "used_at": schemas.time("When somebody used the link."),
    "window_seconds": schemas.integer("The length of the window."),
}


def component_name(code: str) -> str:
    return "Problem" + "".join(part.capitalize() for part in code.split("_"))


def components() -> dict[str, Schema]:
    return {
        component_name(code): schemas.record(
            {
                "type": {"type": "string", "const": f"/problems/{code}"},
                "title": {"type": "string", "const": known.title},
                "status": {"type": "integer", "const": known.status},
                "code": {"type": "string", "const": code},
                "detail": schemas.text("For people; its words may change."),
                **{name: MEMBERS[name] for name in known.members},
            },
            optional=known.members,
            description=known.meaning,
            examples=[problem_codes.example(code)],
        )
        for code, known in problem_codes.CATALOGUE.items()
    }


def answers(codes: Iterable[str]) -> dict[str, Any]:
    """Describe responses by status, each with what its codes mean and look like."""
    known = {code: problem_codes.CATALOGUE[code] for code in sorted(set(codes))}
    responses = {}
    for status in sorted({each.status for each in known.values()}):
        alike = {code: each for code, each in known.items() if each.status == status}
        shapes = [schemas.reference(component_name(code)) for code in alike]
        described: dict[str, Any] = {
            "description": "\n".join(f"- `{code}`: {each.meaning}" for code, each in alike.items()),
            "content": {
                MEDIA_TYPE: {
                    "schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes},
                    "examples": {code: {"value": problem_codes.example(code)} for code in alike},
                }
            },
        }
        if fields := sorted({name for each in alike.values() for name in each.headers}):
            described["headers"] = answered(*fields)
        responses[str(status)] = described
    return responses
