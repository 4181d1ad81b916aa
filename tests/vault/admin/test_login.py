"""The admin's front door, with the database rights of its own process."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import acting_as
from vault.groups import ORGANISER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def _passwords(installation: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save()


def login(client: Client, username: str, password: str = PASSWORD) -> Any:
    with acting_as("researcher"):
        return client.post(url("login"), {"username": username, "password": password})


@pytest.mark.parametrize("person", [RESEARCHER, ORGANISER])
def test_people_come_in_and_go_out(person: str) -> None:
    client = Client()

    assert "hv_session" in login(client, person).cookies
    with acting_as("researcher"):
        assert client.get(url("index")).status_code == 200
        assert client.post(url("logout")).status_code == 200
        assert client.get(url("index")).status_code == 302


def test_a_wrong_password_and_an_outsider_are_not_told_apart() -> None:
    answers = [
        login(Client(), RESEARCHER, "wrong"),
        login(Client(), "outsider"),
        login(Client(), "nobody"),
    ]

    said = "Please enter the correct username and password for a staff account"
    assert all(said in answer.content.decode() for answer in answers)
    assert all("hv_session" not in answer.cookies for answer in answers)


def test_guessing_locks_out(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    client = Client()

    answers = [login(client, RESEARCHER, f"guess {i}").status_code for i in range(3)]

    assert answers == [200, 200, 429]
    assert login(client, RESEARCHER).status_code == 429
    assert login(Client(), ORGANISER).status_code == 302


def test_a_shut_account_ends_its_sessions() -> None:
    client = client_of(ORGANISER)
    User.objects.filter(username=ORGANISER).update(is_active=False)

    with acting_as("researcher"):
        assert client.get(url("index")).status_code == 302
        assert client.post(url("vault_team_add"), {"name": "alpha"}).status_code == 302


def test_a_researcher_may_change_the_own_password() -> None:
    client = client_of(RESEARCHER)
    new = {"new_password1": "another long password", "new_password2": "another long password"}

    with acting_as("researcher"):
        answer = client.post(url("password_change"), {"old_password": PASSWORD, **new})

    assert answer.status_code == 302
    assert User.objects.get(username=RESEARCHER).check_password("another long password")
