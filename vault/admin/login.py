"""The form at the admin's door. It asks `vault.people.sign_in` before it looks at a password."""

import datetime as dt
import math
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from vault.admin import devices
from vault.api.throttles import network
from vault.people import sign_in

# In the query of the log-in page: what `unlock_sign_in` prints.
PASS = "pass"  # noqa: S105 - a parameter's name
# Where the wrong passwords came from, and what else helps.
KNOWN = ("from this browser", "")
STRANGE = (
    "from here, or from many places",
    " A browser that you signed in from before need not wait; a superuser can let you in sooner.",
)


class SignInForm(AdminAuthenticationForm):
    wait = dt.timedelta(0)

    def clean(self) -> dict[str, Any]:
        username, password = (self.cleaned_data.get(each) for each in ("username", "password"))
        if not username or not password:
            return super().clean()
        request = self.request
        assert request is not None  # the log-in page gives it
        now = timezone.now()
        device: str | None = None
        if plain := request.GET.get(PASS):
            device = sign_in.device_of_pass(username=username, plain=plain, now=now)
        place: dict[str, Any] = {
            "username": username,
            "network": network(BaseThrottle().get_ident(Request(request))),
            "device": device or devices.known(request).get(username),
        }
        self.wait = sign_in.reserve(**place, now=now)
        if self.wait:
            seconds = math.ceil(self.wait.total_seconds())
            time = f"{seconds} seconds" if seconds < 100 else f"{math.ceil(seconds / 60)} minutes"
            whose, ways = STRANGE if place["device"] is None else KNOWN
            raise ValidationError(
                f"Too many wrong passwords for this name {whose}. Try again in {time}.{ways}"
            )
        cleaned = super().clean()
        sign_in.succeeded(**place)
        return cleaned
