"""The dry run: a submission's checks and nothing else. No charge, no row, no file, nothing of labels."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from vault.api import files, idempotency, selectors, throttles
from vault.api.answers import json_answer
from vault.api.permissions import MaySubmit
from vault.api.representations.submissions import VALIDATION


class Validation(APIView):
    permission_classes = [MaySubmit]

    def post(self, request: Request, slug: str) -> HttpResponse:
        benchmark = selectors.visible_benchmark(request, slug)
        announced = files.announced(request)
        throttles.check_parses(selectors.own_team(request))
        with idempotency.once(request) as keyed:
            panel = selectors.asked_panel(request, benchmark)
            with files.taken_in(keyed, announced) as upload:
                if keyed.is_known:
                    return keyed.replay()
                throttles.count_parse(keyed.team)
                predictions = files.parsed(upload, benchmark=benchmark, panel=panel)
            verdict = VALIDATION.show(panel, is_valid=True, sha256=predictions.sha256)
            return keyed.keep(json_answer(verdict))
