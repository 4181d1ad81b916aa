"""How a page is answered: without a script, with its ETag, and asked for again each time."""

import hashlib
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from rest_framework.request import Request

from vault.api import negotiation
from vault.api.openapi.serving import SCRIPTLESS_POLICY
from vault.api.publicly import PublicView

SVG = "image/svg+xml"
ATOM = "application/atom+xml"


class Page(PublicView):
    """Shows what the API shows to the same caller, without a token what is public."""

    content_negotiation_class = negotiation.ViewChooses


def answer(
    request: Request,
    *,
    template: str,
    context: dict[str, Any],
    media_type: str = negotiation.HTML,
) -> HttpResponse:
    """Write a page, or 304 to who has it already."""
    content = render_to_string(template, context).encode()

    def made() -> HttpResponse:
        return HttpResponse(content, content_type=f"{media_type}; charset=utf-8")

    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    response = negotiation.answer_once(request, etag=etag, make=made, vary=["Authorization"])
    response["Content-Security-Policy"] = SCRIPTLESS_POLICY
    return response


def printable(text: str) -> str:
    """Leave out what no XML may hold."""
    return "".join(each for each in text if each.isprintable())
