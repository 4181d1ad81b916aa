"""One-time links: a page for people that uses nothing by itself, and the request that shows the token.

The secret stands behind the `#` of the link, which browsers keep to themselves; the page's script sends it
in the body of a request when a person asks for it. So no log and no program that follows links sees it.
"""

from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from vault.api import bodies, forms
from vault.api.answers import json_answer
from vault.api.bodies import Body
from vault.api.permissions import Public
from vault.api.shown.tokens import REDEEMED
from vault.teams import token_links

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
LINK = Body(
    name="TokenLink",
    members={
        "secret": bodies.text(
            "What stands behind the `#` of the link.",
            longest=200,
            pattern="^[!-~]+$",
            is_required=True,
        )
    },
    example={"secret": "hvl_..."},
)


class TokenLinkPage(APIView):
    authentication_classes = []
    permission_classes = [Public]
    content_negotiation_class = forms.ViewChooses

    def get(self, request: Request) -> HttpResponseBase:
        response = HttpResponse(render_to_string("vault/token_link.html"))
        response["Content-Security-Policy"] = PAGE_POLICY
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        return response


class TokenLinkRedemption(APIView):
    """Asks for no token: whoever holds a link has none yet."""

    authentication_classes = []
    permission_classes = [Public]

    def post(self, request: Request) -> HttpResponse:
        secret = LINK.read(request)["secret"]
        if not secret:
            raise bodies.refused("secret", "what stands behind the # of the link")
        token, plain = token_links.redeem(secret=secret, now=timezone.now())
        return json_answer(REDEEMED.show(token, is_current=False, token=plain), status=201)
