"""The panel as a fill-in template: the ids that every submission must answer, in panel order."""

import pyarrow as pa
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request

from vault import panel as panels
from vault.api import negotiation, selectors, tables
from vault.api.publicly import PublicView


class PanelTemplate(PublicView):
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        panel = selectors.asked_panel(request, selectors.visible_benchmark(request, slug))
        form = negotiation.wanted(request, tables.FORMS)
        etag = f'"{panel.sha256}-{form}"'
        response = get_conditional_response(request._request, etag=etag)
        if response is None:
            if form == "csv":
                content = tables.as_csv(pa.table({"id": panels.ids(panel)}))
            else:
                content = panels.file_bytes(panel=panel)
            response = HttpResponse(content, content_type=tables.FORMS[form])
        response["ETag"] = etag
        response["Cache-Control"] = "no-cache"
        response["Panel-Version"] = str(panel.version)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response
