"""Where a submission comes from, as its team says: query parameters, because the body is the file."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from rest_framework.request import Request

from vault.api.problems import ProblemError
from vault.submissions import MODEL_NAME, Provenance

LARGEST_SCORE = 1e20
LARGEST_MEASURE = 1e12
T = TypeVar("T")
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


# What may be said of a submission, and the form of each.
TEXTS = {
    "model_name": Text(longest=200, pattern=MODEL_NAME, rule="no control characters"),
    "commit": Text(
        longest=64,
        pattern=r"[0-9A-Za-z._/-]*",
        rule="letters, digits, '.', '_', '/' and '-' only",
    ),
    "ci_run_url": Text(
        longest=500,
        # It names no user, so that no password is kept.
        pattern=r"(https?://[0-9A-Za-z._-]+(:[0-9]{1,5})?([/?#][!-~]*)?)?",
        rule="an http or https URL, without user and spaces",
    ),
}
NUMBERS = {
    # In the metric's units.
    "validation_score": Number(low=-LARGEST_SCORE, high=LARGEST_SCORE),
    "latency_p95_ms": Number(low=0.0, high=LARGEST_MEASURE),
    "cost_per_1000": Number(low=0.0, high=LARGEST_MEASURE),
}
# What changes nothing but what is shown of a submission; the validation score is an input to its answer.
TOLD = (*TEXTS, "latency_p95_ms", "cost_per_1000")


def provenance(request: Request) -> Provenance:
    """What is given, checked; 422 names the first parameter that does not fit."""
    given: dict[str, Any] = {name: _read(request, name, form) or "" for name, form in TEXTS.items()}
    given |= {name: _read(request, name, form) for name, form in NUMBERS.items()}
    return Provenance(**given)


def _read(request: Request, name: str, form: Callable[[str], T]) -> T | None:
    value = request.query_params.get(name, "")
    if not value:
        return None
    try:
        return form(value)
    except ValidationError as error:
        detail = f"{name}: {error.messages[0]}"
        raise ProblemError(422, "invalid_parameter", detail, field=name) from None
