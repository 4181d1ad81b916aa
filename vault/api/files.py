"""Taking in a prediction file: what the request must be, a parser's slot, then its body, then its rows.

The slot is taken before the body is read, so that a service that is behind says so at once and cheaply.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from rest_framework.request import Request

from vault import panel as panels
from vault import parser_pool
from vault.api.panel import CSV, PARQUET
from vault.api.problems import ProblemError
from vault.canonical import Predictions
from vault.errors import NoOpenRoundError
from vault.models import Benchmark, Panel

MULTIPART = "multipart/form-data"


@contextmanager
def parsed(request: Request, benchmark: Benchmark) -> Iterator[tuple[Panel, Predictions]]:
    """The panel and the canonical predictions of this request's file."""
    http = request._request
    content_type = _content_type(http)
    length = _content_length(http)
    panel = panels.latest(benchmark=benchmark)
    if panel is None:
        raise NoOpenRoundError("the benchmark has no panel yet", opens_at=None)
    with parser_pool.slot():
        if content_type == MULTIPART:
            content_type, body = _multipart(http)
        else:
            body = _body(http, length)
        predictions = parser_pool.parse_bounded(
            body=body, content_type=content_type, benchmark=benchmark, panel=panel
        )
    yield panel, predictions


def _content_type(http: HttpRequest) -> str:
    given = (http.content_type or "").lower()
    if given not in (CSV, PARQUET, MULTIPART):
        raise ProblemError(
            415,
            "unsupported_media_type",
            f"send {CSV}, {PARQUET} or {MULTIPART} with one field 'file'",
        )
    return given


def _content_length(http: HttpRequest) -> int:
    """A chunked body reaches the application empty, so its absence must be an error, not a short file."""
    text = http.META.get("CONTENT_LENGTH") or ""
    if not text.isdecimal() or "chunked" in http.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise ProblemError(411, "length_required", "send Content-Length; no chunked bodies")
    length = int(text)
    if length > settings.MAX_UPLOAD_BYTES:
        raise ProblemError(
            413,
            "content_too_large",
            f"a file may have {settings.MAX_UPLOAD_BYTES} bytes",
            limit=settings.MAX_UPLOAD_BYTES,
        )
    return length


def _body(http: HttpRequest, length: int) -> bytes:
    body = http.read(length)
    if len(body) != length:
        raise ProblemError(400, "incomplete_body", "the body is shorter than its Content-Length")
    return body


def _multipart(http: HttpRequest) -> tuple[str, bytes]:
    try:
        files = http.FILES
    except MultiPartParserError:
        raise ProblemError(400, "malformed_request", "the multipart body is malformed") from None
    if list(files) != ["file"] or len(files.getlist("file")) != 1:
        raise ProblemError(400, "malformed_request", "send exactly one file, in the field 'file'")
    (upload,) = files.getlist("file")
    content_type = (upload.content_type or "").lower()
    if content_type not in (CSV, PARQUET):
        name = (upload.name or "").lower()
        content_type = PARQUET if name.endswith(".parquet") else CSV
    return content_type, upload.read()
