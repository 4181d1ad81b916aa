"""A `Host` that is not this service's is refused before anything else is done.

Django itself looks at it only where an address is built from it. The probes ask by whatever address the
machine has, and answer nothing that depends on it.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PROBES = ("/healthz", "/readyz")


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        if request.path_info not in PROBES:
            request.get_host()
        return get_response(request)

    return respond
