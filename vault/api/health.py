"""For whoever runs the service: is the process alive, and can it do its work?

Neither asks who calls, nor counts the calls: a probe must not fail for any reason but the one it probes.
"""

from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from vault.api.problems import ProblemError
from vault.api.publicly import TokenlessView
from vault.api.representations.service import HEALTH


class Liveness(TokenlessView):
    throttle_classes = []

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
