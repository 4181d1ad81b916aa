"""What anybody may read, and so may a page of another site: its browser asks for leave."""

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

SAFE = ("GET", "HEAD")


class TokenlessView(APIView):
    """Anybody may ask, and no token is looked at: a bad one does no harm."""

    authentication_classes = []
    permission_classes = [AllowAny]


class PublicView(APIView):
    """Anybody may ask; what is private is not found by those it is not for.

    Errors are readable too. A page that sends a token asks beforehand, and hears no leave.
    """

    permission_classes = [AllowAny]

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **named: Any
    ) -> Response:
        final: Response = super().finalize_response(request, response, *args, **named)
        if request.method in SAFE:
            final["Access-Control-Allow-Origin"] = "*"
        return final
