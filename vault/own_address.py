"""This site's own address, for links that are copied out of a page."""

from django.conf import settings
from django.http import HttpRequest


def absolute(*, request: HttpRequest, path: str) -> str:
    """Give the whole address of a path here.

    A server in front ends TLS, and this process hears plain HTTP; where cookies are sent over TLS alone,
    people come by HTTPS.
    """
    scheme = "https" if settings.SESSION_COOKIE_SECURE else request.scheme
    return f"{scheme}://{request.get_host()}{path}"
