"""The admin's site: who may come in, who may act, and that nothing is ever deleted.

Two locks, each enough by itself: the groups' permissions, which every page asks for, and the site's own
rule that a request which could change something comes from an organizer. Acts go through the functions of
the domain, which journal them in the name of the person.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from vault.admin import devices
from vault.admin.login import SignInForm
from vault.people.groups import may_act

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What everybody may post about themselves.
OWN_ACCOUNT = ("logout", "password_change")
LOOKS_ONLY = (
    "Your account may look at everything here and change nothing. Organizers act: a superuser of this "
    "installation gives that role."
)

# The order of the pages is the order of the work.
ORDER = (
    *("Benchmark", "Holdout", "Round", "Team", "TeamToken", "Admission", "Submission"),
    *("BudgetEntry", "JournalEntry", "AuditRun", "Finding", "Report", "Publication"),
)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class VaultSite(admin.AdminSite):
    site_title = site_header = "Holdout Vault"
    index_title = "Benchmarks, rounds and audits"
    site_url = None
    login_form = SignInForm

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _holds_nul(request):
                raise BadRequest("an address holds no NUL")
            # Of whoever is logged in, organizers alone may do more than look. Others are sent to log in.
            if request.method not in SAFE_METHODS and self.has_permission(request):
                match = request.resolver_match
                is_own = match is not None and match.url_name in OWN_ACCOUNT
                if not (is_own or may_act(request.user)):
                    raise PermissionDenied(LOOKS_ONLY)
            return inner(request, *args, **kwargs)

        return cast(View, guarded)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method != "POST":
            return response
        if response.status_code == 302:
            devices.remember(request, response, username=request.user.get_username())
        elif isinstance(response, TemplateResponse):
            wait = (response.context_data or {})["form"].wait
            if wait:
                response.status_code = 429
                response["Retry-After"] = str(math.ceil(wait.total_seconds()))
        return response

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead home, still logged in, whoever opens its address rather than presses its button."""
        if request.method in SAFE_METHODS:
            return HttpResponseRedirect(reverse("admin:index"))
        return super().logout(request, extra_context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=_place)
        return sorted(apps, key=lambda app: _place(app["models"][0]))


def _holds_nul(request: HttpRequest) -> bool:
    """PostgreSQL takes no text with a NUL, and Django hands filters on as they come."""
    values = (each for _, many in request.GET.lists() for each in many)
    return any("\x00" in each for each in (request.path, *request.GET, *values))


def _place(model: dict[str, Any]) -> int:
    name = model["object_name"]
    return ORDER.index(name) if name in ORDER else len(ORDER)


site = VaultSite(name="admin")
