"""Answers as bytes: what is kept for a repeated request, or hashed into an ETag, must be known in full."""

import datetime as dt
import json
from typing import Any

from django.http import HttpResponse


def time(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def encoded(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_answer(content: Any, *, status: int = 200, **headers: str) -> HttpResponse:
    """Answer JSON that no cache may keep; underscores in the headers' names stand for hyphens."""
    fields = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(encoded(content), status=status, headers=fields)
