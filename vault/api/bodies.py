"""Small JSON bodies, read strictly: what is not understood is refused, and the error names the field."""

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from django.http import UnreadablePostError
from rest_framework.request import Request

from vault.api.problems import ProblemError

LARGEST_BODY = 64 * 1024


def raw(request: Request) -> bytes:
    """All of a small body; it may be empty."""
    http = request._request
    length = http.META.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in http.META or not length.isdecimal():
        raise ProblemError(411, "length_required", "send Content-Length; no chunked bodies")
    if len(length) > 9 or int(length) > LARGEST_BODY:
        detail = f"a body may have {LARGEST_BODY} bytes here"
        raise ProblemError(413, "content_too_large", detail, limit=LARGEST_BODY)
    if int(length) and http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(
            415,
            "unsupported_media_type",
            "send this body without Content-Encoding; gzip is accepted for prediction files alone",
            headers={"Accept-Encoding": "identity"},
        )
    try:
        return http.body
    except UnreadablePostError:
        detail = "the body is shorter than its Content-Length"
        raise ProblemError(400, "incomplete_body", detail) from None


def members(request: Request, *, known: Collection[str]) -> dict[str, Any]:
    """The members of a JSON object; an empty body is an empty object; none may be unknown or doubled."""
    body = raw(request)
    if not body:
        return {}
    media_type = request._request.content_type
    if media_type != "application/json":
        raise ProblemError(415, "unsupported_media_type", "send application/json")
    try:
        given = json.loads(body, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProblemError(400, "malformed_request", "the body is not valid JSON") from None
    if not isinstance(given, dict):
        raise ProblemError(400, "malformed_request", "the body is not a JSON object")
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise refused(unknown[0][:100], "unknown")
    return given


def refused(field: str, reason: str) -> ProblemError:
    return ProblemError(422, "invalid_parameter", f"{field}: {reason}", field=field)


def text(given: dict[str, Any], field: str, *, longest: int, default: str = "") -> str:
    value = given.get(field, default)
    if not isinstance(value, str) or len(value) > longest:
        raise refused(field, f"a text of at most {longest} characters")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
        raise refused(field, "no control characters")
    return value


def whole(given: dict[str, Any], field: str, *, low: int, high: int, default: int) -> int:
    value = given.get(field, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise refused(field, f"a whole number from {low} to {high}")
    return value


def grace(request: Request, *, default: int, longest: int) -> dt.timedelta:
    """Of a rotation, the body's only member: `grace_seconds`."""
    given = members(request, known=("grace_seconds",))
    return dt.timedelta(seconds=whole(given, "grace_seconds", low=0, high=longest, default=default))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    given = dict(pairs)
    if len(given) != len(pairs):
        raise ValueError("a name stands twice")
    return given


def _no_constant(name: str) -> None:
    raise ValueError(name)
