"""One-time links: a page for people that uses nothing by itself, and the request that shows the token.

The secret stands behind the `#` of the link, which browsers keep to themselves; the page's script sends it
in the body of a request when a person asks for it. So no log and no program that follows links sees it.
"""

from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from rest_framework.request import Request

from vault.api import bodies, negotiation
from vault.api.answers import json_answer
from vault.api.bodies import Body
from vault.api.publicly import TokenlessView
from vault.api.representations.tokens import REDEEMED
from vault.teams import token_links

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LINK = Body(
    name="TokenLink",
    members={
        "secret": bodies.text(
            "What stands behind the `#` of the link.",
            longest=200,
            is_required=True,
            pattern="^[!-~]+$",
        )
    },
    example={"secret": "hvl_..."},
)


class TokenLinkPage(TokenlessView):
    content_negotiation_class = negotiation.ViewChooses

    def get(self, request: Request) -> HttpResponseBase:
        return HttpResponse(render_to_string("vault/token_link.html"), headers=PAGE_HEADERS)


class TokenLinkRedemption(TokenlessView):
    """Whoever holds a link has no token yet."""

    def post(self, request: Request) -> HttpResponse:
        secret = LINK.read(request)["secret"]
        if not secret:
            raise bodies.refused("secret", "what stands behind the # of the link")
        token, plain = token_links.redeem(secret=secret, now=timezone.now())
        return json_answer(REDEEMED.show(token, is_current=False, token=plain), status=201)
