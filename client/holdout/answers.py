"""Reading answers: JSON of the shape that this version relies on, or an error and no surprise later."""

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import UnionType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

import httpx

from holdout.errors import (
    BUDGET,
    INVALID_FILE,
    AnswerError,
    BudgetExhaustedError,
    InvalidFileError,
    ProblemError,
    RefusedError,
    ServiceError,
)

PROBLEM = "application/problem+json"
CROWDED_PROXY = "http_429"
MAX_FLOAT = sys.float_info.max
A = TypeVar("A")


def document(answer: httpx.Response) -> dict[str, Any]:
    found = _parsed(answer)
    if not isinstance(found, dict):
        raise AnswerError("the answer is no JSON object: is this the service's address?")
    return found


def content(answer: httpx.Response, *, media_type: str) -> bytes:
    """Read what is kept as a file: it must not be the page of a proxy."""
    if _media_type(answer) != media_type:
        raise AnswerError(f"the answer is no {media_type}: is this the service's address?")
    return answer.content


def record(kind: type[A], found: Any) -> A:
    """Make a dataclass of what is known; members that this version does not know are left out."""
    checked(kind, found)
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: found[name] for name in names if name in found})


def checked(kind: type[A], found: Any) -> A:
    """Return the same object with all its members, once those that are relied on have been looked at."""
    place = _misfit(found, kind)
    if place is not None:
        where = f" (`{place}`)" if place else ""
        name = kind.__name__.lower()
        raise AnswerError(f"the answer is no {name}{where}: is this the service's address?")
    return found  # type: ignore[no-any-return]


def problem_of(answer: httpx.Response) -> ProblemError:
    """Make the error that an answer is. JSON of a proxy's own is not taken for the service's."""
    found = _parsed(answer) if _media_type(answer) == PROBLEM else None
    members: dict[str, Any] = found if isinstance(found, dict) else {}
    code = str(members.get("code", f"http_{answer.status_code}"))
    detail = str(members.get("detail", answer.reason_phrase or "no explanation"))
    kind: type[ProblemError] = RefusedError
    if code == INVALID_FILE:
        kind = InvalidFileError
    elif code.startswith(BUDGET):
        kind = BudgetExhaustedError
    elif answer.status_code >= 500 or answer.status_code < 400 or code == CROWDED_PROXY:
        kind = ServiceError
    return kind(
        status=answer.status_code,
        code=code,
        detail=detail,
        data=members,
        retry_after=retry_after(answer),
    )


def retry_after(response: httpx.Response) -> float | None:
    """Read the seconds of `Retry-After`, which may also be a date (a proxy's)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _media_type(answer: httpx.Response) -> str:
    return str(answer.headers.get("Content-Type", "")).split(";")[0].strip().lower()


def _parsed(answer: httpx.Response) -> Any:
    """Parse it; None if it is no JSON. `NaN`, which JSON does not have, would pass every threshold."""
    try:
        return json.loads(answer.content, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _misfit(value: Any, kind: Any) -> str | None:
    """Find where the value is not of the kind: the names of members, "" for itself. None if it fits."""
    if get_origin(kind) is UnionType:
        places = [_misfit(value, each) for each in get_args(kind)]
        return None if None in places else max(filter(None, places), default="", key=len)
    if get_origin(kind) is list:
        (of,) = get_args(kind)
        if not isinstance(value, list):
            return ""
        return _first((str(at), _misfit(each, of)) for at, each in enumerate(value))
    if get_origin(kind) is dict:
        _, of = get_args(kind)
        if not isinstance(value, dict):
            return ""
        return _first((name, _misfit(each, of)) for name, each in value.items())
    if is_typeddict(kind) or is_dataclass(kind):
        if not isinstance(value, dict):
            return ""
        return _first(
            (name, _misfit(value[name], of) if name in value else "")
            for name, of in get_type_hints(kind).items()
            if name in value or name not in _with_default(kind)
        )
    return None if _is_plain(value, kind) else ""


def _first(places: Iterable[tuple[str, str | None]]) -> str | None:
    found = ((name, place) for name, place in places if place is not None)
    return next((f"{name}.{place}".rstrip(".") for name, place in found), None)


def _with_default(kind: Any) -> set[str]:
    """Name what may be absent."""
    if is_typeddict(kind):
        return set(kind.__optional_keys__)
    members = fields(kind) if is_dataclass(kind) else ()
    return {each.name for each in members if each.default is not MISSING}


def _is_plain(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and -MAX_FLOAT <= value <= MAX_FLOAT
    return isinstance(value, kind)
