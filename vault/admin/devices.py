"""Browsers that people have signed in from: a signed cookie says so, for one year, for a few names.

It opens nothing. It gives guesses from this browser an allowance of their own: see `vault.people.sign_in`.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE = "hv_device"
LASTS = 365 * 24 * 3600
MAX_NAMES = 5
_SALT = "vault.admin.devices"


def known(request: HttpRequest) -> dict[str, str]:
    """Give, for each user name that signed in from this browser, how the browser is called."""
    return named_by(cookie=request.COOKIES.get(COOKIE, ""))


def named_by(*, cookie: str) -> dict[str, str]:
    """Read the same from a cookie's value; nothing from one that this service did not sign."""
    try:
        found = signing.loads(cookie, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        return {}
    return dict(found)


def remember(request: HttpRequest, response: HttpResponseBase, *, username: str) -> None:
    """Let this browser be known from now on."""
    names = known(request)
    device = names.pop(username, None) or secrets.token_hex(16)
    kept = dict([*names.items(), (username, device)][-MAX_NAMES:])
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=_SALT, compress=True),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
