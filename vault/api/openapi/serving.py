"""The description over HTTP: as JSON, as YAML, and as a page for people.

It says the same to everybody, so each process generates it once. The page has no inline script and
style, and takes nothing from elsewhere.
"""

from functools import cache
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from rest_framework.request import Request

from vault.api import negotiation
from vault.api.publicly import TokenlessView

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# Of pages that need no script: they run none, whatever stands in them.
SCRIPTLESS_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@cache
def _rendered(renderer: Any) -> bytes:
    return bytes(renderer().render(SchemaGenerator().get_schema(public=True)))


class _Described(TokenlessView):
    content_negotiation_class = negotiation.ViewChooses
    media_type: str
    renderer: Any

    def get(self, request: Request) -> HttpResponseBase:
        return HttpResponse(
            _rendered(self.renderer),
            content_type=self.media_type,
            headers={"Cache-Control": "public, max-age=60"},
        )


class DescriptionAsJson(_Described):
    media_type = negotiation.JSON
    renderer = OpenApiJsonRenderer


class DescriptionAsYaml(_Described):
    media_type = negotiation.YAML
    renderer = OpenApiYamlRenderer


class DescriptionAsPage(TokenlessView):
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request) -> HttpResponseBase:
        page = render_to_string("vault/description.html")
        return HttpResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})
