"""What a caller asks of an answer: its form, and that it is news.

Of the forms `?format=` counts first, then `Accept`, then the first that the view offers.
"""

from collections.abc import Iterable, Mapping

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from vault.api.problems import ProblemError

JSON = "application/json"
CSV = "text/csv"
HTML = "text/html"
YAML = "application/yaml"
PARQUET = "application/vnd.apache.parquet"


class ViewChooses(BaseContentNegotiation):
    """For views that offer more than JSON: nothing is refused before the view was asked."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


def wanted(request: Request, offered: Mapping[str, str]) -> str:
    """Name the form that is asked for, of those `offered` by name and media type."""
    http = request._request
    if "format" in request.query_params:
        name: str = request.query_params["format"]
    elif not http.accepted_types:
        name = next(iter(offered))
    else:
        media_type = http.get_preferred_type(list(offered.values()))
        name = next((name for name, offer in offered.items() if offer == media_type), "")
    if name not in offered:
        raise ProblemError("not_acceptable", f"this comes as {' or '.join(offered)}")
    return name


def unchanged(request: Request, *, etag: str) -> HttpResponseBase | None:
    """Answer 304 to who has it already; `If-Match` with another ETag is refused (RFC 9110, 13.1)."""
    response = get_conditional_response(request._request, etag=etag)
    if response is not None and response.status_code != 304:
        raise ProblemError("precondition_failed")
    return response
