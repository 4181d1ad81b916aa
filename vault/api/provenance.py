"""Where a submission comes from, as its team says: query parameters, because the body is the file."""

import math
import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from rest_framework.request import Request

from vault.api import bodies
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.submissions import MODEL_NAME, Provenance

MAX_SCORE = 1e20
MAX_MEASURE = 1e12
# As JSON and CSV write numbers, with or without a sign.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class Text:
    longest: int
    # As the description has it, to the letter.
    pattern: str
    rule: str

    def __call__(self, value: str) -> str:
        if len(value) > self.longest:
            raise ValidationError(f"at most {self.longest} characters")
        RegexValidator(rf"\A{self.pattern}\Z", self.rule)(value)
        return value

    def schema(self) -> Schema:
        return schemas.text(pattern=f"^{self.pattern}$", maxLength=self.longest)

    def shown(self, description: str) -> Schema:
        return schemas.text(description)


@dataclass(frozen=True, kw_only=True)
class Number:
    low: float
    high: float

    def __call__(self, value: str) -> float:
        # `float` would take Python's own spellings, such as 1_0 and digits of other scripts.
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
        if not self.low <= number <= self.high:
            raise ValidationError(f"a number from {self.low:g} to {self.high:g}")
        return number

    def schema(self) -> Schema:
        return schemas.number(minimum=self.low, maximum=self.high)

    def shown(self, description: str) -> Schema:
        bound = {"minimum": 0} if self.low == 0 else {}
        return schemas.number(description, **bound, null=True)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What may be said of a submission: a query parameter of the request, a member of the answer."""

    form: Text | Number
    description: str
    example: Any
    # Whether it changes nothing but what is shown; the validation score is an input to the answer.
    is_descriptive: bool = True


SAID = {
    "model_name": Said(
        form=Text(longest=200, pattern=MODEL_NAME, rule="no control characters"),
        description="What the team calls its model.",
        example="gradient boosting",
    ),
    "commit": Said(
        form=Text(
            longest=64,
            pattern=r"[0-9A-Za-z._/-]*",
            rule="letters, digits, '.', '_', '/' and '-' only",
        ),
        description="The commit that made the file.",
        example="2f6c1d9",
    ),
    "ci_run_url": Said(
        form=Text(
            longest=500,
            # It names no user, so that no password is kept.
            pattern=r"(https?://[0-9A-Za-z._-]+(:[0-9]{1,5})?([/?#][!-~]*)?)?",
            rule="an http or https URL, without user and spaces",
        ),
        description="The pipeline run that made the file.",
        example="https://ci.example/runs/17",
    ),
    "validation_score": Said(
        form=Number(low=-MAX_SCORE, high=MAX_SCORE),
        description="The team's own validation score, in the metric's units. Some mechanisms need it.",
        example=0.81,
        is_descriptive=False,
    ),
    "latency_p95_ms": Said(
        form=Number(low=0.0, high=MAX_MEASURE),
        description="Milliseconds of the slowest twentieth of the model's answers, as the team measured "
        "them.",
        example=38.0,
    ),
    "cost_per_1000": Said(
        form=Number(low=0.0, high=MAX_MEASURE),
        description="What a thousand answers of the model cost, in the team's currency.",
        example=0.12,
    ),
}
DESCRIPTIVE = tuple(name for name, said in SAID.items() if said.is_descriptive)


def provenance(request: Request) -> Provenance:
    """Check what the team says; 422 names the first parameter that does not fit."""
    values: dict[str, Any] = {}
    for name, said in SAID.items():
        value = request.query_params.get(name, "")
        if not value:
            continue
        try:
            values[name] = said.form(value)
        except ValidationError as error:
            raise bodies.refused(name, error.messages[0]) from None
    return Provenance(**values)
