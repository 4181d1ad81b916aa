"""The admin's front door, with the database rights of its own process."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import acting_as
from vault.admin import devices
from vault.people import sign_in
from vault.people.groups import ORGANIZER, RESEARCHER

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


@pytest.mark.parametrize("person", [RESEARCHER, ORGANIZER])
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


def failures(client: Client, n: int, person: str = ORGANIZER) -> list[int]:
    return [login(client, person, f"guess {i}").status_code for i in range(n)]


def test_guessing_has_to_wait() -> None:
    client = Client()

    assert failures(client, sign_in.FREE) == [200] * sign_in.FREE
    refused = login(client, ORGANIZER)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 15
    assert "Too many wrong passwords for this name from here" in refused.content.decode()
    assert login(Client(), RESEARCHER).status_code == 302


def test_stranger_of_the_same_address_does_not_keep_the_organizer_out() -> None:
    """All the world may share an address: a proxy, an office, this machine."""
    own = Client()
    login(own, ORGANIZER)
    own.cookies.pop("hv_session")

    assert failures(Client(), 12)[-1] == 429

    assert login(Client(), ORGANIZER).status_code == 429
    assert login(own, ORGANIZER).status_code == 302


def test_many_addresses_do_not_keep_the_organizer_out() -> None:
    own = Client()
    login(own, ORGANIZER)
    for number in range(sign_in.FREE_TOGETHER):
        assert failures(Client(REMOTE_ADDR=f"198.51.100.{number}"), 1) == [200]

    assert failures(Client(REMOTE_ADDR="203.0.113.5"), 1) == [429]
    assert login(own, ORGANIZER).status_code == 302


def test_known_browser_guesses_no_more_than_others() -> None:
    own = Client()
    login(own, ORGANIZER)

    assert failures(own, sign_in.FREE + 1)[-1] == 429
    assert login(Client(), ORGANIZER).status_code == 302


@pytest.mark.parametrize("forged", ["", "x", "eyJvcmdhbmlzZXIiOiJhYiJ9:1tXyz:forged"])
def test_browser_is_known_by_what_this_site_signed_alone(forged: str) -> None:
    failures(Client(), sign_in.FREE)
    client = Client()
    client.cookies[devices.COOKIE] = forged

    assert login(client, ORGANIZER).status_code == 429


def test_browser_is_known_for_those_who_signed_in_from_it() -> None:
    researchers = Client()
    login(researchers, RESEARCHER)
    failures(Client(), sign_in.FREE)

    assert login(researchers, ORGANIZER).status_code == 429


def test_cookie_of_a_known_browser_is_out_of_reach_of_scripts(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True

    cookie = login(Client(), ORGANIZER).cookies[devices.COOKIE]

    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Strict"
    assert int(cookie["max-age"]) == devices.LASTS


def test_names_that_nobody_has_are_treated_alike() -> None:
    assert failures(Client(), sign_in.FREE + 1, "nobody") == [200] * sign_in.FREE + [429]


def test_pass_of_the_operator_lets_one_browser_in() -> None:
    failures(Client(), sign_in.FREE)
    plain = sign_in.make_pass(username=ORGANIZER, now=timezone.now())
    given = {"username": ORGANIZER, "password": PASSWORD}
    client = Client()

    with acting_as("researcher"):
        for wrong in ("x", "device", ""):
            assert client.post(f"{url('login')}?pass={wrong}", given).status_code == 429
        assert client.post(f"{url('login')}?pass={plain}", given).status_code == 302
        assert Client().post(f"{url('login')}?pass={plain}", given).status_code == 429

    assert login(client, ORGANIZER).status_code == 302


def test_a_shut_account_ends_its_sessions() -> None:
    client = client_of(ORGANIZER)
    User.objects.filter(username=ORGANIZER).update(is_active=False)

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


def test_foreign_next_page_leads_to_the_index() -> None:
    """It led to an address of Django's that nobody has."""
    with acting_as("researcher"):
        answer = Client().post(
            url("login"),
            {"username": ORGANIZER, "password": PASSWORD, "next": "https://evil.example/"},
        )

    assert (answer.status_code, answer["Location"]) == (302, url("index"))
