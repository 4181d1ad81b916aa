"""Where a one-time link leads: a person sets the own password, and this browser is known from then on."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy

from vault.admin import devices
from vault.admin.site import site
from vault.people import sign_in

GONE = 410


class SetPassword(PasswordResetConfirmView):
    template_name = "vault/admin/set_password.html"
    success_url = reverse_lazy("admin:login")

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(*args, **kwargs)
        if response.status_code != 200 or self.validlink:
            return response
        if kwargs["token"] != self.reset_url_token:
            # Refusals are logged with their addresses: a link's secret is in none.
            named = [kwargs["uidb64"], self.reset_url_token]
            return HttpResponseRedirect(reverse("set_password", args=named))
        response.status_code = GONE
        return response

    def get_user(self, uidb64: str) -> User | None:
        person = super().get_user(uidb64)
        return person if isinstance(person, User) and person.is_active and person.is_staff else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**site.each_context(self.request), **super().get_context_data(**kwargs)}
        title = "Set your password" if self.validlink else "This link does not work any more"
        return {**context, "title": title}

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        person = form.user
        messages.success(self.request, f"Your password is set. Log in as {person}.")
        sign_in.forget(username=person.username)
        devices.remember(self.request, response, username=person.username)
        return response
