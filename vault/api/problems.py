"""Every error of the API as problem+json (RFC 9457), with a stable `code`: the catalogue has its status."""

import datetime as dt
import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from vault import errors, sentences
from vault.api import limits
from vault.api.answers import json_answer, time
from vault.api.limits import Limit
from vault.api.problem_codes import CATALOGUE, document

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class ProblemError(exceptions.APIException):
    """A problem of the transport, raised by a view."""

    def __init__(
        self,
        code: str,
        # What the catalogue says of the code, if nothing else is to say.
        detail: str = "",
        # The throttle that refuses, for the RateLimit fields and the members of the body.
        limit_of: Limit | None = None,
        headers: dict[str, str] | None = None,
        **data: Any,
    ) -> None:
        super().__init__(detail or CATALOGUE[code].detail, code)
        self.status_code = CATALOGUE[code].status
        self.code = code
        self.data = data if limit_of is None else {**data, **limit_of.members()}
        self.limit = limit_of
        self.headers = headers or {}


def body(*, code: str, detail: str, **data: Any) -> dict[str, Any]:
    members = {
        name: time(value) if isinstance(value, dt.datetime) else value
        for name, value in data.items()
    }
    return document(code, sentences.begun(detail), members)


def handle_exception(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer an error, as DRF's hook; None lets Django answer 500, which `handle_500` words."""
    if isinstance(error, OperationalError | InterfaceError):
        # Every request may be repeated, this one too: equal predictions are charged once.
        logger.error("the database failed a request: %s", type(error.__cause__ or error).__name__)
        error = ProblemError("unavailable", retry_after=5)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, errors.VaultError) and error.code not in CATALOGUE:
        logger.error("an error without a status reached the API: %s", error.code)
        return None
    if isinstance(error, errors.VaultError):
        return of_vault_error(error)
    if isinstance(error, ProblemError):
        return of_transport(error)
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return None


def of_transport(error: ProblemError) -> HttpResponse:
    """Answer a problem of a view, or of what stands in front of the views."""
    content = body(code=error.code, detail=str(error.detail), **error.data)
    return _answer(content, limit=error.limit, headers=error.headers)


def of_vault_error(error: errors.VaultError) -> HttpResponse:
    data = {name: value for name, value in error.data.items() if value is not None}
    refusing = limits.of_error(error) if isinstance(error, errors.BudgetError) else None
    if refusing is not None:
        data["policy"] = refusing.name
    content = body(code=error.code, detail=error.message, **data)
    return _answer(content, limit=refusing)


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


def _of_api_exception(error: exceptions.APIException) -> HttpResponse:
    code = CODES.get(type(error), "malformed_request")
    content = body(code=code, detail=str(error.detail))
    response = _answer(content, wait=getattr(error, "wait", None))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        is_wrong = isinstance(error, exceptions.AuthenticationFailed)
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"' if is_wrong else "Bearer"
    return response


def _answer(
    content: dict[str, Any],
    *,
    limit: Limit | None = None,
    wait: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    fields = {**(headers or {}), "Content-Type": CONTENT_TYPE}
    response = json_answer(content, status=content["status"], **fields)
    retry_after = content.get("retry_after", wait)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if limit is not None:
        limits.set_fields(response, [limit])
    return response


def handle_400(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = "The request is malformed."
    if isinstance(exception, DisallowedHost):
        detail = (
            "This service does not answer to the name in Host: whoever runs it adds the name to "
            "HOLDOUT_VAULT_ALLOWED_HOSTS and starts it again."
        )
    return _answer(body(code="malformed_request", detail=detail))


def handle_403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(body(code="forbidden", detail="This is not allowed."))


def handle_500(request: HttpRequest) -> HttpResponse:
    return _answer(body(code="internal_error", detail=CATALOGUE["internal_error"].detail))
