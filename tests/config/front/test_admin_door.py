"""Whose places the admin's forms take while they come in."""

from django.http import HttpResponse
from django.test import RequestFactory

from config.front.admin_door import AdminDoor
from config.front.doors import MAX_BYTES_OF_STRANGERS
from vault.admin import devices


def caller(cookie: str = "") -> tuple[str, int, bool]:
    found = AdminDoor().looked_up({"REMOTE_ADDR": "192.0.2.7", "HTTP_COOKIE": cookie})
    return found.name, found.largest, found.is_known


def test_a_browser_that_signed_in_before_has_places_of_its_own() -> None:
    """Else whoever shares its address could keep all places, and its person could not sign in."""
    answer = HttpResponse()
    devices.remember(RequestFactory().get("/"), answer, username="olivia")
    known = answer.cookies[devices.COOKIE].value
    device = devices.named_by(cookie=known)["olivia"]

    assert caller(f"{devices.COOKIE}={known}") == (
        f"browser {device}",
        MAX_BYTES_OF_STRANGERS,
        True,
    )


def test_strangers_and_forgers_share_the_places_of_their_address() -> None:
    of_address = ("address 192.0.2.7", MAX_BYTES_OF_STRANGERS, False)

    assert caller() == of_address
    assert caller(f"{devices.COOKIE}=forged:1") == of_address
