"""Every error of the API as problem+json (RFC 9457), with a stable `code`: the catalogue has its status."""

import datetime as dt
import logging
import math
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from vault import errors, sentences
from vault.api import limits
from vault.api.answers import encoded
from vault.api.limits import Limit
from vault.api.problem_codes import CATALOGUE, TITLES

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class ProblemError(exceptions.APIException):
    """A problem of the transport, raised by a view."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        limit_of: Limit | None = None,
        headers: dict[str, str] | None = None,
        **data: Any,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.data = data
        # The throttle that refuses, for the RateLimit fields.
        self.limit = limit_of
        self.headers = headers or {}


def body(*, status: int, code: str, detail: str, **data: Any) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": sentences.begun(detail),
        **{name: _plain(value) for name, value in data.items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return value


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook; None lets Django answer 500, which `handle_500` words."""
    if isinstance(error, OperationalError | InterfaceError):
        error = _of_lost_database(error)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, errors.VaultError):
        return _of_vault_error(error)
    if isinstance(error, ProblemError):
        return _of_problem(error)
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return None


def _of_problem(error: ProblemError) -> Response:
    content = body(
        status=error.status_code, code=error.code, detail=str(error.detail), **error.data
    )
    response = _response(content, retry_after=error.data.get("retry_after"))
    if error.limit is not None:
        limits.set_fields(response, [error.limit])
    for name, value in error.headers.items():
        response[name] = value
    return response


def _of_vault_error(error: errors.VaultError) -> Response | None:
    known = CATALOGUE.get(error.code)
    if known is None:
        logger.error("an error without a status reached the API: %s", error.code)
        return None
    data = {name: value for name, value in error.data.items() if value is not None}
    refusing = limits.of_error(error) if isinstance(error, errors.BudgetError) else None
    if refusing is not None:
        data["policy"] = refusing.name
    content = body(status=known.status, code=error.code, detail=error.message, **data)
    response = _response(content, retry_after=error.data.get("retry_after"))
    if refusing is not None:
        limits.set_fields(response, [refusing])
    return response


def _of_lost_database(error: Exception) -> ProblemError:
    """Every request may be repeated, this one too: equal predictions are charged once."""
    logger.error("the database failed a request: %s", type(error.__cause__ or error).__name__)
    return ProblemError(503, "unavailable", "the database does not answer", retry_after=5)


CODES = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "invalid_token",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.ParseError: "malformed_request",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
}


def _of_api_exception(error: exceptions.APIException) -> Response:
    code = CODES.get(type(error), "malformed_request")
    content = body(status=error.status_code, code=code, detail=str(error.detail))
    response = _response(content, retry_after=getattr(error, "wait", None))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        is_wrong = isinstance(error, exceptions.AuthenticationFailed)
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"' if is_wrong else "Bearer"
    return response


def _response(content: dict[str, Any], *, retry_after: float | None) -> Response:
    response = Response(content, status=content["status"], content_type=CONTENT_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    response["Cache-Control"] = "no-store"
    return response


def of_transport(error: ProblemError) -> HttpResponse:
    """Make the answer of what stands in front of the views."""
    content = body(
        status=error.status_code, code=error.code, detail=str(error.detail), **error.data
    )
    response: HttpResponse = _json(content)
    if "retry_after" in error.data:
        response["Retry-After"] = str(error.data["retry_after"])
    if error.limit is not None:
        limits.set_fields(response, [error.limit])
    return response


def as_http(error: errors.VaultError) -> HttpResponse:
    """Answer a domain error in bytes, for when it is kept."""
    status = CATALOGUE[error.code].status
    content = body(status=status, code=error.code, detail=error.message, **error.data)
    return HttpResponse(encoded(content), status=content["status"], content_type=CONTENT_TYPE)


def _json(content: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(content, status=content["status"], content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def handle_400(request: HttpRequest, exception: Exception) -> JsonResponse:
    detail = "The request is malformed."
    if isinstance(exception, DisallowedHost):
        detail = (
            "This service does not answer to the name in Host: whoever runs it adds the name to "
            "HOLDOUT_VAULT_ALLOWED_HOSTS and starts it again."
        )
    return _json(body(status=400, code="malformed_request", detail=detail))


def handle_403(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _json(body(status=403, code="forbidden", detail="This is not allowed."))


def handle_500(request: HttpRequest) -> JsonResponse:
    return _json(
        body(status=500, code="internal_error", detail="Something failed here; it is logged.")
    )
