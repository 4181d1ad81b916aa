"""Who may send a body to the API, and how much of it is received."""

import pytest
from django.urls import reverse

from config.front.doors import MAX_BYTES_OF_STRANGERS, OPEN_TO_STRANGERS, STRANGER, ApiDoor


@pytest.mark.parametrize("header", ["", "Basic eDp5"])
def test_strangers_send_nothing_but_what_a_link_asks_for(header: str) -> None:
    def caller(path: str):  # type: ignore[no-untyped-def]
        environ = {"PATH_INFO": path, "REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": header}
        return ApiDoor().at_once(environ) or ApiDoor().looked_up(environ)

    assert caller("/api/v1/benchmarks/rain/submissions/") == STRANGER
    link = caller(OPEN_TO_STRANGERS)
    assert (link.name, link.largest) == ("address 192.0.2.7", MAX_BYTES_OF_STRANGERS)
    assert not link.is_known


@pytest.mark.urls("config.urls")
def test_the_address_is_that_of_links() -> None:
    assert reverse("token-link") == OPEN_TO_STRANGERS
