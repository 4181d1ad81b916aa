"""Django's common middleware for the API: unknown hosts are refused, and answers say how long they are.

The probes ask by whatever address the machine has, and answer nothing that depends on it.
"""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

PROBES = ("/healthz", "/readyz")


class KnownHosts(CommonMiddleware):
    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in PROBES else super().process_request(request)
