"""What the admin refuses it refuses on pages of its own: a reason, and a way back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.vault.admin.stage import BACKEND, SUPERUSER, Stage, client_of, url
from tests.vault.factories import acting_as
from vault.people.groups import ORGANIZER, RESEARCHER

HOME = reverse("admin:index", urlconf="config.admin_urls")


def check(response: Any, *, status: int, says: str) -> str:
    text: str = response.content.decode()
    assert response.status_code == status
    assert says in text
    assert 'id="site-name"' in text  # the admin's own frame
    assert f'class="button" href="{HOME}"' in text
    return text


def test_the_site_itself_leads_to_the_admin(stage: Stage) -> None:
    response = Client().get("/")

    assert (response.status_code, response["Location"]) == (302, HOME)


@pytest.mark.parametrize("address", ["/nowhere", "/adminn/", "/admin/vault/nothing/"])
def test_nothing_there(stage: Stage, address: str) -> None:
    with acting_as("researcher"):
        response = client_of(ORGANIZER).get(address)

    text = check(response, status=404, says="There is nothing here")
    assert "Log out" in text


def test_nothing_there_for_a_stranger_tells_no_more(stage: Stage) -> None:
    with acting_as("researcher"):
        text = check(Client().get("/nowhere"), status=404, says="There is nothing here")

    assert "Log out" not in text
    assert "weather" not in text


def test_act_of_a_researcher_is_refused_with_the_role_that_it_takes(stage: Stage) -> None:
    with acting_as("researcher"):
        response = client_of(RESEARCHER).post(url("vault_round_act", stage.world.round.pk, "close"))

    check(response, status=403, says="Organizers act")


def test_page_for_another_role_is_refused(stage: Stage) -> None:
    with acting_as("researcher"):
        response = client_of(ORGANIZER).get(url("auth_user_changelist"))

    check(response, status=403, says="A superuser of this installation")


def test_form_of_another_site_is_refused_and_can_be_opened_again(stage: Stage) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username=ORGANIZER), backend=BACKEND)
    address = url("vault_round_act", stage.world.round.pk, "close")

    with acting_as("researcher"):
        text = check(client.post(address), status=403, says="Nothing was done")

    assert f'href="{address}"' in text


def test_malformed_request_is_refused(stage: Stage, settings: Any) -> None:
    with acting_as("researcher"):
        nul = client_of(ORGANIZER).get(url("vault_round_changelist"), {"q": "\x00"})
        settings.ALLOWED_HOSTS = ["vault.example"]
        host = Client().get(HOME, headers={"Host": "evil.example"})

    for response in (nul, host):
        text = check(response, status=400, says="malformed")
        assert "evil" not in text
    assert "adds the name to HOLDOUT_VAULT_ALLOWED_HOSTS" in host.content.decode()
    assert "ALLOWED_HOSTS" not in nul.content.decode()


def test_failure_asks_nothing_of_the_database(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("password=hunter2")

    client = client_of(ORGANIZER)
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.auth.get_user", fail)
    monkeypatch.setattr("django.contrib.auth.middleware.get_user", fail)
    monkeypatch.setattr("vault.admin.site.VaultSite.each_context", fail)

    text = check(client.get(HOME), status=500, says="It is logged")

    assert "hunter2" not in text


def test_address_of_the_log_out_button_logs_nobody_out(stage: Stage) -> None:
    client = client_of(SUPERUSER)

    with acting_as("researcher"):
        response = client.get(url("logout"))
        after = client.get(HOME)

    assert (response.status_code, response["Location"]) == (302, HOME)
    assert after.status_code == 200
