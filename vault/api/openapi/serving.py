"""The description over HTTP: as JSON, as YAML, and as a page for people.

It says the same to everybody, so each process generates it once. The page has no inline script and
style, and takes nothing from elsewhere.
"""

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from vault.api import forms
from vault.api.openapi.service import YAML
from vault.api.permissions import Public

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


@lru_cache(maxsize=1)
def as_json() -> bytes:
    return bytes(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True)))


@lru_cache(maxsize=1)
def as_yaml() -> bytes:
    return bytes(OpenApiYamlRenderer().render(SchemaGenerator().get_schema(public=True)))


class _Described(APIView):
    authentication_classes = []
    content_negotiation_class = forms.ViewChooses
    media_type: str
    content: Callable[[], bytes]

    def get(self, request: Request) -> HttpResponseBase:
        response = HttpResponse(type(self).content(), content_type=self.media_type)
        response["Cache-Control"] = "public, max-age=60"
        return response


class DescriptionAsJson(_Described):
    permission_classes = [Public]
    media_type = forms.JSON
    content = staticmethod(as_json)


class DescriptionAsYaml(_Described):
    permission_classes = [Public]
    media_type = YAML
    content = staticmethod(as_yaml)


class DescriptionAsPage(APIView):
    authentication_classes = []
    permission_classes = [Public]
    content_negotiation_class = forms.ViewChooses

    def get(self, request: Request) -> HttpResponseBase:
        response = HttpResponse(render_to_string("vault/description.html"))
        response["Content-Security-Policy"] = PAGE_POLICY
        return response
