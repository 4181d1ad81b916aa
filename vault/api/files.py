"""Taking in a prediction file: what the request says it is, a parser's slot, then its body, then its rows.

The slot is taken before the body is read, so that a service that is behind says so at once and cheaply.
"""

import io
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.request import Request

from vault import parser_pool
from vault.api.forms import CSV, PARQUET
from vault.api.problems import ProblemError
from vault.canonical import Predictions
from vault.memory_upload import MemoryOnlyUploadHandler
from vault.models import Benchmark, Panel

MULTIPART = "multipart/form-data"
# More digits than any length has; `int` refuses texts of thousands of digits.
LONGEST_LENGTH = 15


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What the headers say of a body that was not read yet."""

    content_type: str
    length: int


def announced(request: Request) -> Announced:
    http = request._request
    return Announced(length=_length(http), content_type=_content_type(http))


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The file as it was sent, and what it claims to be."""

    content_type: str
    content: bytes


def read(request: Request, announced: Announced) -> Upload:
    """The file of this request; the caller holds a parser's slot."""
    http, content_type = request._request, announced.content_type
    content = _body(http, announced.length)
    if content_type == MULTIPART:
        content_type, content = _file_of_form(http, content)
    return Upload(content_type=content_type, content=content)


def parsed(upload: Upload, *, benchmark: Benchmark, panel: Panel) -> Predictions:
    """The canonical predictions of a file, for the whole panel; the caller holds a parser's slot."""
    return parser_pool.parse_bounded(
        body=upload.content, content_type=upload.content_type, benchmark=benchmark, panel=panel
    )


def _length(http: HttpRequest) -> int:
    """A chunked body reaches the application empty, so its absence must be an error, not a short file."""
    text = http.META.get("CONTENT_LENGTH") or ""
    if not text.isdecimal() or "HTTP_TRANSFER_ENCODING" in http.META:
        raise ProblemError(411, "length_required", "send Content-Length; no chunked bodies")
    limit = settings.MAX_UPLOAD_BYTES
    if len(text) > LONGEST_LENGTH or int(text) > limit:
        raise ProblemError(413, "content_too_large", f"a body may have {limit} bytes", limit=limit)
    return int(text)


def _content_type(http: HttpRequest) -> str:
    given = (http.content_type or "").lower()
    if given not in (CSV, PARQUET, MULTIPART):
        raise ProblemError(
            415,
            "unsupported_media_type",
            f"send {CSV}, {PARQUET} or {MULTIPART} with one field 'file'",
        )
    if http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(415, "unsupported_media_type", "send the body without Content-Encoding")
    return given


def _body(http: HttpRequest, length: int) -> bytes:
    """All of it, or an error: of a body that was cut off, what arrived may look like a file."""
    body = bytearray()
    try:
        while len(body) < length and (part := http.read(length - len(body))):
            body += part
    except UnreadablePostError:
        body.clear()
    if len(body) != length:
        raise ProblemError(400, "incomplete_body", "the body is shorter than its Content-Length")
    return bytes(body)


def _file_of_form(http: HttpRequest, body: bytes) -> tuple[str, bytes]:
    try:
        handlers = [MemoryOnlyUploadHandler(http)]
        _, files = MultiPartParser(http.META, io.BytesIO(body), handlers, "utf-8").parse()
    except MultiPartParserError:
        raise ProblemError(400, "malformed_request", "the multipart body is malformed") from None
    uploads = files.getlist("file")
    if len(files) != 1 or len(uploads) != 1:
        raise ProblemError(400, "malformed_request", "send exactly one file, in the field 'file'")
    (upload,) = uploads
    content_type = (upload.content_type or "").lower()
    if content_type not in (CSV, PARQUET):
        # Programs that guess types from names know Parquet by none.
        content_type = PARQUET if (upload.name or "").lower().endswith(".parquet") else CSV
    return content_type, upload.read()
