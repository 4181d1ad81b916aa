"""The panel as a fill-in template: the ids that every submission must answer, in panel order."""

import io

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import condition
from rest_framework.request import Request
from rest_framework.views import APIView

from vault import panel as panels
from vault.api import finding
from vault.api.permissions import Public
from vault.api.problems import ProblemError
from vault.models import Panel

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"


class PanelTemplate(APIView):
    permission_classes = [Public]

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        panel = panels.latest(benchmark=finding.visible_benchmark(request, slug))
        if panel is None:
            raise Http404
        wanted = request.query_params.get("format", "csv")
        if wanted not in ("csv", "parquet"):
            raise ProblemError(406, "not_acceptable", "the panel comes as csv or parquet")
        etag = f'"{panel.sha256}-{wanted}"'

        @condition(etag_func=lambda _: etag)
        def answer(_: object) -> HttpResponse:
            if wanted == "csv":
                return HttpResponse(_csv(panel), content_type=CSV)
            return HttpResponse(_parquet(panel), content_type=PARQUET)

        response: HttpResponse = answer(request._request)
        response["Panel-Version"] = str(panel.version)
        return response


def _csv(panel: Panel) -> bytes:
    table = pa.table({"id": panels.ids(panel)})
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    pyarrow.csv.write_csv(table, buffer, write_options=options)
    # Arrow quotes its header; submissions are read with or without.
    return buffer.getvalue().replace(b'"id"', b"id", 1)


def _parquet(panel: Panel) -> bytes:
    return panels.file_bytes(panel=panel)
