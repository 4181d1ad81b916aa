"""The admin's pages for what it does not do: each says why in a sentence, and leads back."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from vault.admin.site import site

_TEMPLATE = "vault/admin/refused.html"


def handle_400(request: HttpRequest, exception: Exception) -> HttpResponse:
    title, sentence = (
        "The request is malformed",
        "The browser sent something that the admin cannot read: an address or a form that was cut or "
        "changed, or a host's name that this installation does not answer to.",
    )
    if isinstance(exception, DisallowedHost):
        title, sentence = (
            "This installation does not answer to that name",
            "The request is malformed, or came by a host's name that is not set up here. Whoever runs the "
            "installation adds the name to HOLDOUT_VAULT_ALLOWED_HOSTS and starts it again.",
        )
    return _answer(request, 400, title, sentence, is_known=False)


def handle_403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show the reason if it was given in words: ours alone are."""
    return _answer(
        request,
        403,
        "Your account may not do this",
        str(exception)
        or "This page is for people with another role. A superuser of this installation gives roles.",
    )


def handle_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(
        request,
        404,
        "There is nothing here",
        "The address was mistyped or cut, or it belongs to another installation: nothing that was in the "
        "admin is ever deleted.",
    )


def handle_500(request: HttpRequest) -> HttpResponse:
    """Ask nobody anything: the database may be what failed."""
    return _answer(
        request,
        500,
        "Something failed here",
        "It is logged. What you sent may or may not have been done: look at the object before you repeat it. "
        "If this goes on, whoever runs the installation finds the reason in the log.",
        is_known=False,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without the cookie that it was shown with; nothing was done."""
    return _answer(
        request,
        403,
        "The form is too old, or is not ours",
        "Nothing was done. You may have logged in or out in another window since the form was shown, or the "
        "browser keeps no cookies for this site. Open the form again and send it anew.",
        again=request.path,
    )


def _answer(
    request: HttpRequest,
    status: int,
    title: str,
    sentence: str,
    *,
    is_known: bool = True,
    again: str = "",
) -> HttpResponse:
    """`is_known`: who asks, and what that person may see, can be found out."""
    said = {"title": title, "sentence": sentence, "again": again}
    if is_known and hasattr(request, "user"):
        context = {**site.each_context(request), **said}
        return render(request, _TEMPLATE, context, status=status)
    # Without the request: what it brings to a page asks the database who came.
    named = {"site_title": site.site_title, "site_header": site.site_header}
    return HttpResponse(render_to_string(_TEMPLATE, {**named, **said}), status=status)
