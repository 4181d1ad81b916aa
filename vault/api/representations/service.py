"""What the service says of itself: that it is there, and what its problems mean."""

from vault.api import problem_codes
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape

CODE = "budget_total_exhausted"
_KNOWN = problem_codes.CATALOGUE[CODE]

HEALTH = Shape("Health", {"status": Field({"type": "string", "const": "ok"}, "ok", By.CALLER)})
PROBLEM_TYPE = Shape(
    "ProblemType",
    {
        "code": fields.one_of(CODE, problem_codes.CATALOGUE, source=By.CALLER),
        "status": fields.integer(_KNOWN.status, minimum=400, maximum=599),
        "title": fields.text(_KNOWN.title),
        "meaning": fields.text(_KNOWN.meaning),
        "example": Field(
            {"type": "object", "description": "A whole problem document."},
            problem_codes.example(CODE),
            By.CALLER,
        ),
    },
)
