"""What no route answers: the same problem as ever, counted like any other request of a stranger."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vault.api.permissions import Public
from vault.api.problems import ProblemError


class Nowhere(APIView):
    """Asks for no token: whoever has one is told what is there."""

    authentication_classes = []
    permission_classes = [Public]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        raise ProblemError(404, "not_found", "There is nothing here.")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return self.http_method_not_allowed(request)


_answer = Nowhere.as_view()


def handle_404(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler for addresses without a route."""
    return _answer(request)
