"""Errors in the description: a shape for each code of the catalogue, and an answer for each status."""

from collections.abc import Iterable
from itertools import groupby
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


def _component(code: str) -> Schema:
    known = problem_codes.CATALOGUE[code]
    return schemas.record(
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


def components() -> dict[str, Schema]:
    return {component_name(code): _component(code) for code in problem_codes.CATALOGUE}


def answers(codes: Iterable[str]) -> dict[str, Any]:
    """Responses by status, each with what its codes mean and look like."""
    known = problem_codes.CATALOGUE
    ordered = sorted(set(codes), key=lambda code: (known[code].status, code))
    return {
        str(status): _answer(list(group))
        for status, group in groupby(ordered, key=lambda code: known[code].status)
    }


def _answer(codes: list[str]) -> dict[str, Any]:
    known = {code: problem_codes.CATALOGUE[code] for code in codes}
    shapes = [schemas.reference(component_name(code)) for code in codes]
    answer: dict[str, Any] = {
        "description": "\n".join(f"- `{code}`: {each.meaning}" for code, each in known.items()),
        "content": {
            MEDIA_TYPE: {
                "schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes},
                "examples": {code: {"value": problem_codes.example(code)} for code in codes},
            }
        },
    }
    fields = {name for each in known.values() for name in each.headers}
    return {**answer, "headers": answered(*sorted(fields))} if fields else answer
