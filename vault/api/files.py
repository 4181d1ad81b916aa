"""Taking in a prediction file: what the request says it is, a parser's slot, then its body, then its rows.

The body has arrived before the request has a thread. The slot is taken before it is read into memory, so
that a service that is behind says so cheaply. A body that gzip packed is unpacked by the parser's process;
what is told of a file, and kept of it, is of its unpacked bytes.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.request import Request

from vault import parser_pool, predictions
from vault.api import bodies, throttles
from vault.api.idempotency import KeyedRequest
from vault.api.negotiation import CSV, PARQUET
from vault.api.problems import ProblemError
from vault.errors import PackedBodyError, UnpackedSizeError
from vault.files.canonical import Predictions
from vault.files.memory_files import MemoryFile
from vault.models import Benchmark, Panel, Team

MULTIPART = "multipart/form-data"
# Two names of one coding (RFC 9110, 8.4.1.3).
GZIP = ("gzip", "x-gzip")
ACCEPTED = "gzip, identity"
# Of larger files one team has a share of the slots; smaller ones are parsed at once.
LARGE = 1 << 20
_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What the headers say of a body that was not read yet."""

    content_type: str
    length: int
    is_packed: bool


def announced(request: Request) -> Announced:
    """Read the headers, or refuse; a chunked body arrives empty, and would pass for a short file."""
    http = request._request
    limit = settings.MAX_UPLOAD_BYTES
    length = bodies.length(http, limit=limit, too_large=f"a body may have {limit} bytes")
    content_type = (http.content_type or "").lower()
    if content_type not in (CSV, PARQUET, MULTIPART):
        raise ProblemError("unsupported_media_type")
    codings = http.headers.get("Content-Encoding", "").lower().split(",")
    packings = [each.strip() for each in codings if each.strip() not in ("", "identity")]
    if packings and (len(packings) > 1 or packings[0] not in GZIP):
        raise ProblemError(
            "unsupported_media_type",
            "Content-Encoding may be gzip, once; or send the body as it is, without that header",
            headers={"Accept-Encoding": ACCEPTED},
        )
    return Announced(content_type=content_type, length=length, is_packed=bool(packings))


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The file as it was sent, unpacked, and what it claims to be."""

    content_type: str
    content: MemoryFile
    team: Team


@contextmanager
def taken_in(keyed: KeyedRequest, announced: Announced) -> Iterator[Upload]:
    """Take a parser's slot and read the request's file, both kept until the block ends.

    Of one idempotency key the file is the same, however it was packed. Raises `ParserBusyError`.
    """
    http, content_type = keyed.request._request, announced.content_type
    # It may keep a parser, and the thread that waits for it, for longer than a moment.
    is_large = announced.is_packed or announced.length > LARGE
    team_id = keyed.team.pk if is_large else None
    with parser_pool.pool().slot(team_id=team_id), ExitStack() as open_files:
        content = open_files.enter_context(MemoryFile())
        _read_body(http, announced.length, into=content)
        if announced.is_packed:
            packed, content = content, open_files.enter_context(_unpacked(content, keyed.team))
            packed.close()  # it is of no more use
        if content_type == MULTIPART:
            form, content = content, open_files.enter_context(MemoryFile())
            try:
                content_type = _file_of_form(http, form, into=content)
            except ProblemError:
                throttles.count_parse(keyed.team)
                raise
        with content.view() as view:
            keyed.recognize(view, form=content_type)
        yield Upload(content_type=content_type, content=content, team=keyed.team)


def parsed(upload: Upload, *, benchmark: Benchmark, panel: Panel) -> Predictions:
    """Parse a file to canonical predictions for the whole panel, in the slot that it was taken in by."""
    return parser_pool.pool().parse(
        body=upload.content,
        content_type=upload.content_type,
        spec=predictions.spec(benchmark),
        panel=panel,
        team_id=upload.team.pk,
    )


def _read_body(http: HttpRequest, length: int, *, into: MemoryFile) -> None:
    """Read all of it: it has arrived (config/front), unless it was not wanted or there is no such front."""
    with suppress(UnreadablePostError):
        while into.size < length and (part := http.read(min(_PIECE, length - into.size))):
            into.write(part)
    if into.size != length:
        raise ProblemError("incomplete_body")
    into.seal()


def _unpacked(body: MemoryFile, team: Team) -> MemoryFile:
    try:
        return parser_pool.pool().unpack(body, limit=settings.MAX_UPLOAD_BYTES, team_id=team.pk)
    except PackedBodyError as error:
        throttles.count_parse(team)
        raise ProblemError("malformed_request", error.message) from None
    except UnpackedSizeError as error:
        throttles.count_parse(team)
        raise ProblemError("content_too_large", error.message, **error.data) from None


class _OneFile(FileUploadHandler):
    """Takes the file of a form to where it stays."""

    def __init__(self, into: MemoryFile) -> None:
        super().__init__()
        self._into = into
        self._n_files = 0

    def new_file(self, *args: Any, **named: Any) -> None:
        super().new_file(*args, **named)
        self._n_files += 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        # A form with more files is refused once it is known.
        if self._n_files == 1:
            self._into.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        return UploadedFile(
            # Django closes what a form that breaks off has left.
            file=io.BytesIO(),
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
        )


def _file_of_form(http: HttpRequest, form: MemoryFile, *, into: MemoryFile) -> str:
    """Write the form's only file to `into`, and give its type."""
    try:
        _, files = MultiPartParser(http.META, form, [_OneFile(into)], "utf-8").parse()
    # Beside what is malformed: more fields or files than Django reads.
    except (MultiPartParserError, SuspiciousOperation):
        raise ProblemError("malformed_request", "the multipart body is malformed") from None
    uploads = files.getlist("file")
    if len(files) != 1 or len(uploads) != 1:
        raise ProblemError("malformed_request", "send exactly one file, in the field 'file'")
    into.seal()
    content_type = (uploads[0].content_type or "").lower()
    if content_type in (CSV, PARQUET):
        return content_type
    # Programs that guess types from names know Parquet by none.
    return PARQUET if (uploads[0].name or "").lower().endswith(".parquet") else CSV
