"""Lists come in pages that a cursor walks: what is added meanwhile neither doubles nor hides a row."""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api.bodies import refused

PAGE_SIZE = 100
MAX_PAGE_SIZE = 500
# What the framework puts into one; it would take anything for the beginning of the list.
_CURSOR = re.compile(r"(?=.)(o=\d{1,4})?&?(r=1)?&?(p=[^&]+)?")
Row = TypeVar("Row", bound=Model)


class Pages(CursorPagination):
    cursor_query_param = "cursor"
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param or "")
        if text is None:
            return PAGE_SIZE
        if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MAX_PAGE_SIZE:
            raise refused("page_size", f"a whole number from 1 to {MAX_PAGE_SIZE}")
        return int(text)

    def decode_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is not None:
            cursor = b64decode(text, validate=True).decode("ascii")
            if not _CURSOR.fullmatch(cursor):
                raise ValueError("the framework makes no such cursor")
        return super().decode_cursor(request)


def page(
    request: Request, rows: QuerySet[Row], show: Callable[[Row], dict[str, Any]], *, ordering: str
) -> Response:
    """Answer a page of `rows`, by a unique column. The links are paths: a proxy may change the host."""
    pages = Pages()
    pages.ordering = ordering
    try:
        listed = pages.paginate_queryset(rows, request)
    except (NotFound, ValidationError, ValueError, DataError):
        # A cursor holds the value it stands at as text, which need not be one of the column's either.
        raise refused("cursor", "take it from `next` or `previous`") from None
    pages.base_url = request.get_full_path()
    return Response(
        {
            "next": pages.get_next_link(),
            "previous": pages.get_previous_link(),
            "results": [show(each) for each in listed or []],
        },
        headers={"Cache-Control": "no-store"},
    )
