"""The panel as a fill-in template: the ids that every submission must answer, in panel order."""

import pyarrow as pa
import pyarrow.compute as pc
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request

from vault import panel as panels
from vault.api import finding, forms
from vault.api.publicly import PublicView
from vault.models import Panel

OFFERED = {"csv": forms.CSV, "parquet": forms.PARQUET}


class PanelTemplate(PublicView):
    content_negotiation_class = forms.ViewChooses

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        panel = finding.asked_panel(request, finding.visible_benchmark(request, slug))
        form = forms.wanted(request, OFFERED)
        etag = f'"{panel.sha256}-{form}"'
        response = get_conditional_response(request._request, etag=etag)
        if response is None:
            content = _csv(panel) if form == "csv" else panels.file_bytes(panel=panel)
            response = HttpResponse(content, content_type=OFFERED[form])
        response["ETag"] = etag
        response["Cache-Control"] = "no-cache"
        response["Panel-Version"] = str(panel.version)
        patch_vary_headers(response, ["Accept", "Authorization"])
        return response


def _csv(panel: Panel) -> bytes:
    """Quotes only where an id needs them: a script should get by with a comma at the end of a line.

    Arrow's own writer quotes every text. An id holds no line break and no other control character.
    """
    texts = panels.ids(panel).cast(pa.string())
    doubled = pc.replace_substring(texts, '"', '""')
    quoted = pc.binary_join_element_wise('"', doubled, '"', "")
    lines = pc.if_else(pc.match_substring_regex(texts, '[",]'), quoted, texts)
    return "\n".join(["id", *lines.to_pylist(), ""]).encode()
