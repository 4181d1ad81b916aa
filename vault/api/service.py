"""What the service says of itself: that it is alive, that it can do its work, and what its problems mean."""

from django.db import DatabaseError, connection
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api import negotiation, problem_codes
from vault.api.problems import ProblemError
from vault.api.publicly import TokenlessView
from vault.api.representations.service import HEALTH, PROBLEM_TYPE


class Liveness(TokenlessView):
    """Probes neither ask who calls, nor count the calls: none fails for any reason but the one it probes."""

    throttle_classes = []
    # Nor for what a prober's `Accept` leaves out.
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request) -> Response:
        return Response(HEALTH.show(None, status="ok"))


class Readiness(Liveness):
    """The broker is not asked: without it submissions are still received, and scored later."""

    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            raise ProblemError("unavailable", retry_after=5) from None
        return super().get(request)


class ProblemType(TokenlessView):
    """What the `type` of a problem leads to. Whoever met it, a bad token included, may read of it."""

    def get(self, request: Request, code: str) -> Response:
        known = problem_codes.CATALOGUE.get(code)
        if known is None:
            raise Http404
        content = PROBLEM_TYPE.show(known, code=code, example=problem_codes.example(code))
        return Response(content, headers={"Cache-Control": "public, max-age=3600"})
