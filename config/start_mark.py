"""Which start of the service a web process belongs to: the launcher asks before it calls the service ready.

Something else may answer at the same address: what an earlier start left, or another service that shares
the port.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Asked and answered in the same header; who does not ask is not told.
HEADER = "Holdout-Vault-Start"


def middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if HEADER in request.headers:
            response[HEADER] = settings.START
        return response

    return answer
