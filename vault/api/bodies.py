"""Small JSON bodies, declared once and read strictly: the declaration is what reads and what is described.

What is not understood is refused, and the error names the field.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, UnreadablePostError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from vault.api.negotiation import JSON
from vault.api.openapi import schemas
from vault.api.openapi.schemas import Schema
from vault.api.problems import ProblemError

MAX_BODY_BYTES = 64 * 1024
# More digits than any length has; `int` refuses texts of thousands of digits.
MAX_LENGTH_DIGITS = 15


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member of a body: what may stand there, and what reads it or says why not."""

    schema: Schema
    # Of its name and value.
    read: Callable[[str, Any], Any]
    # What is read where it is left out.
    default: Any = None
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Body:
    """A JSON object that a request may hold, and no more than it."""

    name: str
    members: Mapping[str, Member]
    example: dict[str, Any]

    def read(self, request: Request) -> dict[str, Any]:
        """Read each member, checked, or its default; 422 names the first that does not fit."""
        values = members(request, known=self.members)
        return {
            name: member.read(name, values[name]) if name in values else member.default
            for name, member in self.members.items()
        }

    @property
    def schema(self) -> Schema:
        return schemas.record(
            {name: member.schema for name, member in self.members.items()},
            optional=[name for name, member in self.members.items() if not member.is_required],
            additionalProperties=False,
        )

    def described(self) -> dict[str, Any]:
        """Describe it as the body of an operation."""
        content = {"schema": schemas.reference(self.name), "example": self.example}
        return {
            "required": any(member.is_required for member in self.members.values()),
            "content": {JSON: content},
        }


def length(http: HttpRequest, *, limit: int, too_large: str, unsaid: str = "") -> int:
    """Read a body's length, or refuse: chunked bodies are not read."""
    text = http.META.get("CONTENT_LENGTH") or unsaid
    if not text.isdecimal() or "HTTP_TRANSFER_ENCODING" in http.META:
        raise ProblemError("length_required")
    if len(text) > MAX_LENGTH_DIGITS or int(text) > limit:
        raise ProblemError("content_too_large", too_large, limit=limit)
    return int(text)


def raw(request: Request) -> bytes:
    """Read all of a small body; it may be empty."""
    http = request._request
    too_large = f"a body may have {MAX_BODY_BYTES} bytes here"
    has_any = length(http, limit=MAX_BODY_BYTES, too_large=too_large, unsaid="0")
    if has_any and http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(
            "unsupported_media_type",
            "send this body without Content-Encoding; gzip is accepted for prediction files alone",
            headers={"Accept-Encoding": "identity"},
        )
    try:
        return http.body
    except UnreadablePostError:
        raise ProblemError("incomplete_body") from None


def members(request: Request, *, known: Collection[str]) -> dict[str, Any]:
    """Read the members of a JSON object, empty for an empty body; none may be unknown or doubled."""
    body = raw(request)
    if not body:
        return {}
    if request._request.content_type != JSON:
        raise ProblemError("unsupported_media_type", f"send {JSON}")
    try:
        values = json.loads(body, object_pairs_hook=_once_each, parse_constant=_no_constant)
        # Half of a pair of surrogates is no text: neither an answer nor the database can hold it.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ProblemError("malformed_request", "the body is not valid JSON") from None
    if not isinstance(values, dict):
        raise ProblemError("malformed_request", "the body is not a JSON object")
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise refused(unknown[0][:100], "unknown")
    return values


def refused(field: str, reason: str) -> ProblemError:
    return ProblemError("invalid_parameter", f"{field}: {reason}", field=field)


def text(description: str, *, longest: int, is_required: bool = False, **keywords: Any) -> Member:
    def read(field: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise refused(field, f"a text of at most {longest} characters")
        if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
            raise refused(field, "no control characters")
        return value

    schema = schemas.text(description, **keywords, maxLength=longest)
    return Member(schema=schema, read=read, default="", is_required=is_required)


def seconds(description: str, *, longest: int, default: int) -> Member:
    def read(field: str, value: Any) -> dt.timedelta:
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= longest:
            raise refused(field, f"a whole number from 0 to {longest}")
        return dt.timedelta(seconds=value)

    schema = schemas.integer(
        f"{description}; {default} if it is left out.", minimum=0, maximum=longest
    )
    return Member(schema=schema, read=read, default=dt.timedelta(seconds=default))


def some_of(values: Collection[str], description: str, *, default: Any = None) -> Member:
    """Take a list of one or more of them, in any order."""

    def read(field: str, value: Any) -> list[str]:
        is_list = isinstance(value, list) and bool(value)
        if not is_list or any(each not in values for each in value):
            raise refused(field, f"a list of {', '.join(values)}")
        return sorted(set(value))

    schema = {**schemas.list_of(schemas.one_of(values)), "minItems": 1, "description": description}
    return Member(schema=schema, read=read, default=default)


def time_to_come(description: str) -> Member:
    def read(field: str, value: Any) -> dt.datetime | None:
        if value is None:
            return None
        try:
            time = parse_datetime(value) if isinstance(value, str) else None
            # An offset may lead out of the calendar, where a database cannot follow.
            time = None if time is None or time.tzinfo is None else time.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            time = None
        if time is None or time <= timezone.now():
            raise refused(field, "a time to come, in RFC 3339, with its offset")
        return time

    return Member(schema=schemas.time(description, null=True), read=read)


def rotation(name: str, *, of: str, default: int, longest: int, example: int) -> Body:
    """Describe the body that asks for a new token or secret; its only member is the grace of the old one."""
    description = f"How many seconds the old {of} is valid beside the new one"
    return Body(
        name=name,
        members={"grace_seconds": seconds(description, longest=longest, default=default)},
        example={"grace_seconds": example},
    )


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name is doubled")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)
