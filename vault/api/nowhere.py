"""What no route answers: the same problem as ever, counted like any other request of a stranger.

An address that would be one with a slash more, or with slashes less, leads there. Only that there is such a
route is looked up, never whether anything stands there, so a private benchmark is not told of.
"""

import re
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import is_valid_path
from django.utils.encoding import escape_uri_path, iri_to_uri
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api.problems import ProblemError
from vault.api.publicly import SAFE, PublicView

# A longer address is not mistyped.
MAX_PATH = 500


class Nowhere(PublicView):
    """Asks for no token: whoever has one is told what is there."""

    authentication_classes = []

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        meant = meant_path(request.path_info)
        if meant is not None and request.method in SAFE:
            query = iri_to_uri(request.META.get("QUERY_STRING", ""))
            location = escape_uri_path(meant) + (f"?{query}" if query else "")
            return Response(status=308, headers={"Location": location, "Cache-Control": "no-store"})
        # A body is not sent on: whoever means it sends it to the address that it is for.
        hint = "" if meant is None else f" Do you mean {escape_uri_path(meant)}?"
        raise ProblemError("not_found", f"There is nothing here.{hint}")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return self.http_method_not_allowed(request)


def meant_path(path: str) -> str | None:
    """Find the path of a route that differs from this one by slashes alone.

    It begins with one slash and no more, so that no browser takes it for the address of another host.
    """
    if len(path) > MAX_PATH:
        return None
    single = re.sub("/+", "/", f"/{path}")
    for candidate in (single, f"{single}/", single.rstrip("/")):
        if candidate != path and is_valid_path(candidate):
            return candidate
    return None


_answer = Nowhere.as_view()


def handle_404(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer, as Django's handler, an address without a route."""
    return _answer(request)
