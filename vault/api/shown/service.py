"""What the service says of itself: that it is there, and what its problems mean."""

from vault.api import problem_codes
from vault.api.openapi import schemas
from vault.api.shown.shape import By, Field, Shape

CODE = "budget_total_exhausted"
_KNOWN = problem_codes.CATALOGUE[CODE]

HEALTH = Shape("Health", {"status": Field({"type": "string", "const": "ok"}, "ok", By.CALLER)})
PROBLEM_TYPE = Shape(
    "ProblemType",
    {
        "code": Field(schemas.one_of(problem_codes.CATALOGUE), CODE, By.CALLER),
        "status": Field(schemas.integer(minimum=400, maximum=599), _KNOWN.status),
        "title": Field(schemas.text(), _KNOWN.title),
        "meaning": Field(schemas.text(), _KNOWN.meaning),
        "example": Field(
            {"type": "object", "description": "A whole problem document."},
            problem_codes.example(CODE),
            By.CALLER,
        ),
    },
)
