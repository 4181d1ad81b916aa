"""What the `type` of a problem leads to: the meaning of its code."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api import problem_codes
from vault.api.publicly import TokenlessView
from vault.api.representations.service import PROBLEM_TYPE


class ProblemType(TokenlessView):
    """Whoever met the problem, a bad token included, may read of it."""

    def get(self, request: Request, code: str) -> Response:
        known = problem_codes.CATALOGUE.get(code)
        if known is None:
            raise Http404
        example = problem_codes.example(code)
        content = PROBLEM_TYPE.show(known, code=code, example=example)
        return Response(content, headers={"Cache-Control": "public, max-age=3600"})
