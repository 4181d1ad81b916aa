"""What a caller asks of an answer: its form, and that it is news.

Of the forms `?format=` counts first, then `Accept`, then the first that the view offers.
"""

from collections.abc import Callable, Iterable, Mapping

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
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
    if "format" in request.query_params:
        name: str = request.query_params["format"]
    else:
        name = _accepted(request, offered)
    if name not in offered:
        raise ProblemError("not_acceptable", f"this comes as {' or '.join(offered)}")
    return name


def _accepted(request: Request, offered: Mapping[str, str]) -> str:
    """Name the form that `Accept` prefers; the empty name if it accepts none."""
    http = request._request
    try:
        if not http.accepted_types:
            return next(iter(offered))
        media_type = http.get_preferred_type(list(offered.values()))
    # A parameter in an encoding that Python does not know (RFC 2231).
    except ValueError:
        return ""
    return next((name for name, offer in offered.items() if offer == media_type), "")


def answer_once(
    request: Request, *, etag: str, make: Callable[[], HttpResponse], vary: Iterable[str]
) -> HttpResponse:
    """Answer what `make` makes, or 304 to who has it already; caches ask again each time."""
    response = unchanged(request, etag=etag)
    if response is None:
        response = make()
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    patch_vary_headers(response, vary)
    return response


def unchanged(request: Request, *, etag: str) -> HttpResponse | None:
    """Answer 304 to who has it already; `If-Match` with another ETag is refused."""
    check_match(request, etag=etag)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    is_known = "*" in known or etag in [each.removeprefix("W/") for each in known]
    return HttpResponseNotModified() if is_known else None


def check_match(request: Request, *, etag: str) -> None:
    """Refuse what is asked of another state than the present one (RFC 9110, 13.1.1).

    Conditions by date are no concern of answers that have no `Last-Modified`.
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and wanted.strip() != "*" and etag not in parse_etags(wanted):
        raise ProblemError("precondition_failed")
