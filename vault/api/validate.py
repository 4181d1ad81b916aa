"""The dry run: a submission's checks and nothing else. No charge, no row, no file, nothing of labels."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault.api import files, finding
from vault.api.permissions import MaySubmit


class Validation(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, slug: str) -> Response:
        benchmark = finding.visible_benchmark(request, slug)
        announced = files.announced(request)
        panel = finding.asked_panel(request, benchmark)
        predictions = files.parsed(request, announced, benchmark=benchmark, panel=panel)
        return Response(
            {
                "is_valid": True,
                "panel_version": panel.version,
                "n_items": panel.n_items,
                "sha256": predictions.sha256,
            }
        )
