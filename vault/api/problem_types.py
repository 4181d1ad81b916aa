"""What the `type` of a problem leads to: the meaning of its code."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault.api import problem_codes
from vault.api.permissions import Public
from vault.api.shown.service import PROBLEM_TYPE


class ProblemType(APIView):
    """Asks for no token: whoever met the problem, a bad token included, may read of it."""

    authentication_classes = []
    permission_classes = [Public]

    def get(self, request: Request, code: str) -> Response:
        known = problem_codes.CATALOGUE.get(code)
        if known is None:
            raise Http404
        example = problem_codes.example(code)
        response = Response(PROBLEM_TYPE.show(known, code=code, example=example))
        response["Cache-Control"] = "public, max-age=3600"
        return response
