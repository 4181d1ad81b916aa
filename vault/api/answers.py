"""Answers as bytes: what is kept for a repeated request, or hashed into an ETag, must be known in full."""

import json
from typing import Any

from django.http import HttpResponse


def encoded(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_answer(content: Any, *, status: int = 200, **headers: str) -> HttpResponse:
    """JSON that no cache may keep; underscores in the headers' names stand for hyphens."""
    response = HttpResponse(encoded(content), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response
