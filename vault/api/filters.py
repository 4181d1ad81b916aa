"""Query parameters that narrow the list of a team's submissions, each declared once.

What checks a value, what an error says of it and what the description says stand in one entry.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from vault.api import bodies, idempotency, selectors
from vault.api.openapi import parameters, schemas
from vault.api.openapi.schemas import Schema
from vault.models import Submission
from vault.statuses import SubmissionStatus


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A query parameter that narrows the list."""

    column: str
    form: str
    fits: Callable[[str], object]
    schema: Schema
    description: str
    example: Any = None


_SHA256 = schemas.sha256()
FILTERS = {
    "status": Filter(
        column="status",
        form=f"one of {', '.join(SubmissionStatus.values)}",
        fits=lambda text: text in SubmissionStatus.values,
        schema=schemas.one_of(SubmissionStatus.values),
        description="Only those in this status.",
    ),
    "sha256": Filter(
        column="sha256",
        form="64 hexadecimal digits in lower case",
        fits=re.compile(_SHA256["pattern"]).fullmatch,
        schema=_SHA256,
        description="Only those of these predictions.",
    ),
    "round": Filter(
        column="round__number",
        form="a round's number",
        fits=selectors.is_number,
        schema=parameters.ROUND["schema"],
        description="Only those of this round.",
    ),
    "key": Filter(
        column="idempotency_key",
        form=f"1 to {idempotency.MAX_KEY} printable ASCII characters",
        fits=idempotency.is_key,
        schema=schemas.text(pattern="^[ -~]+$", minLength=1, maxLength=idempotency.MAX_KEY),
        description="Only the one that was handed in under this `Idempotency-Key`.",
        example="run-17",
    ),
}


def narrowed(request: Request, own: QuerySet[Submission]) -> QuerySet[Submission]:
    """Narrow the list by its parameters; a value that can match nothing is an error, not an empty list."""
    for name, narrowing in FILTERS.items():
        value = request.query_params.get(name)
        if value is None:
            continue
        if not narrowing.fits(value):
            raise bodies.refused(name, narrowing.form)
        own = own.filter(**{narrowing.column: value})
    return own
