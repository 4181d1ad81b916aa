"""Accounts are made by superusers, and nobody but the person ever knows a password."""

import logging
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from tests.vault.admin.stage import BACKEND, OUTSIDER, SUPERUSER, client_of, url
from tests.vault.factories import acting_as
from vault.errors import PersonError
from vault.people import accounts, sign_in
from vault.people.groups import ORGANIZER, RESEARCHER, may_act

pytestmark = pytest.mark.usefixtures("installation")

NEW = {"username": "grace", "first_name": "Grace", "last_name": "H", "email": "", "role": ORGANIZER}
CHOSEN = "a password of one's own"


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(username: str) -> User:
    return User.objects.get(username=username)


def post(name: str, *args: Any, given: Any = None, by: str = SUPERUSER) -> Any:
    with acting_as("researcher"):
        return client_of(by).post(url(name, *args), given or {})


def act(name: str, username: str, by: str = SUPERUSER) -> Any:
    return post("auth_user_act", person(username).pk, name, by=by)


def link_of(response: Any) -> str:
    found = re.search(r'vault-secret">https?://testserver(/[^<]+)<', response.content.decode())
    assert found is not None
    return found[1]


def choose(link: str, password: str = CHOSEN, client: Client | None = None) -> Any:
    """Follow a link, and set the password if it lets one."""
    browser = client or Client()
    with acting_as("researcher"):
        first = browser.get(link)
        if first.status_code != 302:
            return first
        given = {"new_password1": password, "new_password2": password}
        return browser.post(first["Location"], given)


def login(username: str, password: str = CHOSEN) -> int:
    with acting_as("researcher"):
        given = {"username": username, "password": password}
        return int(Client().post(url("login"), given).status_code)


@pytest.mark.parametrize("role", accounts.ROLES)
def test_superuser_makes_an_account_and_the_person_sets_the_password(role: str) -> None:
    made = post("auth_user_add", given={**NEW, "role": role})
    link = link_of(made)

    assert not person("grace").has_usable_password()
    answer = choose(link)

    assert (answer.status_code, answer["Location"]) == (302, url("login"))
    assert login("grace") == 302
    grace = person("grace")
    assert may_act(grace) is (role == ORGANIZER)
    assert [group.name for group in grace.groups.all()] == [role]
    assert not grace.is_superuser
    assert LogEntry.objects.filter(object_id=str(grace.pk), user=person(SUPERUSER)).exists()


def test_second_superuser_may_be_made() -> None:
    post("auth_user_add", given={**NEW, "is_superuser": "on"})

    assert person("grace").is_superuser


def test_link_works_once() -> None:
    link = link_of(post("auth_user_add", given=NEW))
    choose(link)

    again = choose(link, "another long password")

    assert again.status_code == 410
    assert "does not work any more" in again.content.decode()
    assert login("grace") == 302


def test_newer_link_ends_the_older_one_the_password_and_the_sessions() -> None:
    older = link_of(post("auth_user_add", given=NEW))
    newer = link_of(act("password-link", "grace"))
    assert choose(older).status_code == 410
    choose(newer)
    client = Client()
    client.force_login(person("grace"), backend=BACKEND)

    newest = link_of(act("password-link", "grace"))

    assert login("grace") == 200
    with acting_as("researcher"):
        assert client.get(url("index")).status_code == 302
    choose(newest)
    assert login("grace") == 302


def test_link_lasts_three_days(settings: Any) -> None:
    settings.PASSWORD_RESET_TIMEOUT = -1

    assert choose(link_of(post("auth_user_add", given=NEW))).status_code == 410


@pytest.mark.parametrize(
    "link", ["MQ/x-y", "MQ/set-password", "x/x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk/x-y"]
)
def test_made_up_links_do_not_work(link: str) -> None:
    assert choose(f"/admin/password/{link}/").status_code == 410


def test_weak_password_is_refused() -> None:
    answer = choose(link_of(post("auth_user_add", given=NEW)), "short")

    assert answer.status_code == 200
    assert "at least 12 characters" in answer.content.decode()


def test_deactivated_account_is_shut_with_all_that_opened_it() -> None:
    link = link_of(post("auth_user_add", given=NEW))
    client = Client()
    client.force_login(person("grace"), backend=BACKEND)

    assert act("deactivate", "grace").status_code == 302

    assert choose(link).status_code == 410
    with acting_as("researcher"):
        assert client.get(url("index")).status_code == 302
    reopened = link_of(act("activate", "grace"))
    with acting_as("researcher"):
        assert client.get(url("index")).status_code == 302
    assert choose(link).status_code == 410
    assert choose(reopened).status_code == 302
    assert login("grace") == 302


def test_nobody_shuts_the_own_account_or_gives_up_the_own_rights() -> None:
    for name in ("deactivate", "password-link"):
        answer = act(name, SUPERUSER)
        assert "own" in answer.content.decode()
    given = {"first_name": "S", "last_name": "", "email": "", "role": RESEARCHER}
    assert post("auth_user_change", person(SUPERUSER).pk, given=given).status_code == 302

    own = person(SUPERUSER)
    assert (own.is_active, own.is_superuser, own.first_name) == (True, True, "S")
    assert not own.groups.exists()


def test_role_is_changed_and_the_name_is_not() -> None:
    given = {**NEW, "username": "renamed"}

    assert post("auth_user_change", person(RESEARCHER).pk, given=given).status_code == 302

    assert may_act(person(RESEARCHER))
    assert accounts.role_of(person=person(RESEARCHER)) == ORGANIZER


def test_account_without_a_role_gets_one_with_entry() -> None:
    post("auth_user_change", person(OUTSIDER).pk, given={**NEW, "role": RESEARCHER})

    assert person(OUTSIDER).is_staff


@pytest.mark.parametrize("username", ["organiser", "Organiser", "a b", "a\x00b", "x" * 151, ""])
def test_names_that_may_not_be(username: str) -> None:
    """The journal must not know two people by names that look the same."""
    n = User.objects.count()

    answer = post("auth_user_add", given={**NEW, "username": username})

    assert answer.status_code == 200
    assert "Please correct" in answer.content.decode()
    assert User.objects.count() == n


@pytest.mark.parametrize("by", [ORGANIZER, RESEARCHER])
def test_permissions_without_being_a_superuser_open_nothing(by: str) -> None:
    """Who may change accounts could make a superuser of the own one."""
    person(by).user_permissions.add(*Permission.objects.filter(content_type__app_label="auth"))
    pk = person(by).pk

    answers = [
        post("auth_user_add", given=NEW, by=by),
        post("auth_user_change", pk, given={**NEW, "is_superuser": "on"}, by=by),
        act("password-link", OUTSIDER, by=by),
        act("deactivate", SUPERUSER, by=by),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert not User.objects.filter(username="grace").exists()
    assert not person(by).is_superuser
    assert person(SUPERUSER).is_active


def test_no_password_is_shown_filtered_by_or_typed_for_another() -> None:
    grace = User.objects.create_user("grace", password=CHOSEN, is_staff=True)
    client = client_of(SUPERUSER)

    with acting_as("researcher"):
        pages = [
            client.get(url("auth_user_change", grace.pk)),
            client.get(url("auth_user_changelist")),
            client.get(url("auth_user_add")),
        ]
        by_password = client.get(url("auth_user_changelist"), {"password__startswith": "md5"})
        typed = client.post(
            f"{url('auth_user_change', grace.pk)[:-7]}password/", {"password1": "x"}
        )

    assert [page.status_code for page in pages] == [200] * 3
    for page in pages:
        assert grace.password not in page.content.decode()
        assert "md5" not in page.content.decode()
        assert 'type="password"' not in page.content.decode()
    assert by_password.status_code == 400
    assert typed.status_code in (302, 403, 404)
    assert person("grace").check_password(CHOSEN)


def test_links_and_passwords_are_in_no_log_and_no_history(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        link = link_of(post("auth_user_add", given=NEW))
        choose(link)
        choose(link)

    token = link.split("/")[-2]
    told = caplog.text + str(list(LogEntry.objects.values()))
    assert CHOSEN not in told
    assert token not in told


def test_link_is_https_where_cookies_are(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True

    assert "https://testserver/admin/password/" in post("auth_user_add", given=NEW).content.decode()


def test_superuser_lets_somebody_in_whom_failures_keep_out() -> None:
    choose(link_of(post("auth_user_add", given=NEW)))
    for number in range(sign_in.FREE):
        login("grace", f"guess {number}")
    assert login("grace") == 429

    answer = act("unlock", "grace")

    assert answer.status_code == 302
    assert login("grace") == 302


def test_whoever_set_a_password_is_known_by_this_browser() -> None:
    client = Client()
    choose(link_of(post("auth_user_add", given=NEW)), client=client)
    for number in range(sign_in.FREE):
        login("grace", f"guess {number}")

    with acting_as("researcher"):
        answer = client.post(url("login"), {"username": "grace", "password": CHOSEN})

    assert answer.status_code == 302


def test_roles_are_those_of_the_groups() -> None:
    with pytest.raises(ValueError, match="organiser, researcher"):
        accounts.save(
            person=person(OUTSIDER), role="reviewer", by=person(OUTSIDER), now=timezone.now()
        )
    with pytest.raises(PersonError):
        accounts.check_username(username="ORGANISER")
    assert set(accounts.ROLES) <= set(Group.objects.values_list("name", flat=True))
