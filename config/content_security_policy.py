"""A strict content security policy for the admin: nothing inline, nothing from elsewhere.

A report, which has its style in it, names that by its hash (`audits.admin`).
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # A view may say what a document of its own needs.
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond
