"""Where a submission comes from, as its team says: query parameters, because the body is the file."""

import math
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from rest_framework.request import Request

from vault.api.problems import ProblemError

_text = RegexValidator(r"\A[^\x00-\x1f\x7f]*\Z", "no control characters")
_name = RegexValidator(r"\A[0-9A-Za-z._/-]*\Z", "letters, digits, '.', '_', '/' and '-' only")
LARGEST_SCORE = 1e20
_address = URLValidator(schemes=["https", "http"])

# Longest value, and its form.
PARAMETERS: dict[str, tuple[int, Callable[[str], None]]] = {
    "model_name": (200, _text),
    "commit": (64, _name),
    "ci_run_url": (500, _address),
}


def provenance(request: Request) -> dict[str, str]:
    """What is given, checked; 422 names the first parameter that does not fit."""
    given = {}
    for name, (longest, check) in PARAMETERS.items():
        value = request.query_params.get(name, "")
        if not value:
            continue
        try:
            if len(value) > longest:
                raise ValidationError(f"at most {longest} characters")
            check(value)
        except ValidationError as error:
            detail = f"{name}: {error.messages[0]}"
            raise ProblemError(422, "invalid_parameter", detail, field=name) from None
        given[name] = value
    return given


def validation_score(request: Request) -> float | None:
    """The team's own, in the metric's units; 422 unless it is a number."""
    text = request.query_params.get("validation_score", "")
    if not text:
        return None
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if not abs(given) <= LARGEST_SCORE:
        detail = f"validation_score: a number of at most {LARGEST_SCORE:g} in size"
        raise ProblemError(422, "invalid_parameter", detail, field="validation_score")
    return given
