"""Teams and tokens: the plain text is on the answering page, once, and nowhere else."""

import datetime as dt
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone
from psycopg import sql

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import acting_as
from vault.models import Team, TeamToken
from vault.people.groups import ORGANIZER
from vault.teams import tokens

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="alpha")


def post(address: str, **given: Any) -> Any:
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        return client.post(address, given)


def everything_stored() -> str:
    """All rows of all tables as text."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(sql.SQL("SELECT row_to_json(t)::text FROM {} AS t").format(table))
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def issue(team: Team, **given: Any) -> Any:
    return post(url("vault_team_act", team.pk, "issue"), **{"scopes": ["read", "submit"], **given})


def plain(response: Any) -> str:
    found = re.findall(r"hv_[\w-]{43}", response.content.decode())
    assert len(found) == 1
    return str(found[0])


def test_a_token_is_shown_once_and_never_stored(team: Team) -> None:
    answer = issue(team, label="ci")

    secret = plain(answer)
    token = TeamToken.objects.get()
    assert tokens.authenticate(plain=secret, now=timezone.now()) == token
    assert (token.label, token.scopes) == ("ci", ["read", "submit"])
    assert "no-store" in answer["Cache-Control"]
    stored = everything_stored()
    assert token.digest in stored  # the search sees what is there
    assert secret not in stored
    assert secret[tokens.SHOWN + 1 :] not in stored


def test_no_later_page_shows_it(team: Team) -> None:
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        secret = plain(client.post(url("vault_team_act", team.pk, "issue"), {"scopes": "read"}))
        token = TeamToken.objects.get()
        later = [
            client.get(url("index")),
            client.get(url("vault_team_change", team.pk)),
            client.get(url("vault_team_history", team.pk)),
            client.get(url("vault_teamtoken_changelist")),
            client.get(url("vault_teamtoken_change", token.pk)),
        ]

    for answer in later:
        page = answer.content.decode()
        assert secret not in page
        assert token.digest not in page
    assert token.prefix in later[1].content.decode()


def test_a_token_that_cannot_be_is_refused(team: Team) -> None:
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}
    refused: list[dict[str, Any]] = [
        {"scopes": []},
        {"scopes": ["admin"]},
        {"label": "x" * 101},
        past,
    ]
    for given in refused:
        answer = issue(team, **given)
        assert answer.status_code == 200
        assert "Nothing was done" in answer.content.decode()

    assert not TeamToken.objects.exists()


def test_a_token_ends_when_it_is_told_to(team: Team) -> None:
    later = timezone.now() + dt.timedelta(days=2)
    issue(team, expires_at_0=f"{later:%Y-%m-%d}", expires_at_1="12:00")

    expires_at = TeamToken.objects.get().expires_at
    assert expires_at == later.replace(hour=12, minute=0, second=0, microsecond=0)


def test_revoking_shuts_the_door_at_once_and_for_good(team: Team) -> None:
    token, secret = tokens.issue(
        team=team, label="", scopes=["read"], expires_at=None, now=timezone.now()
    )
    address = url("vault_teamtoken_act", token.pk, "revoke")

    assert post(address).status_code == 302
    token.refresh_from_db()
    revoked_at = token.revoked_at
    assert revoked_at is not None
    assert tokens.authenticate(plain=secret, now=timezone.now()) is None

    assert post(address).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at == revoked_at


def test_revoking_ends_what_the_team_made_with_it_and_says_so(team: Team) -> None:
    now = timezone.now()
    token, _ = tokens.issue(team=team, label="lost", scopes=["submit"], expires_at=None, now=now)
    _, secret = tokens.issue_from(
        parent=token, label="made", scopes=["submit"], expires_at=None, now=now
    )
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        answer = client.post(url("vault_teamtoken_act", token.pk, "revoke"), follow=True)
        page = client.get(url("vault_team_change", team.pk)).content.decode()

    assert f"Token {token.prefix}… is revoked, and 1 that it made." in answer.content.decode()
    assert page.count(f"<td>{token.prefix}…</td>") == 1  # as the maker of the other
    assert tokens.authenticate(plain=secret, now=now) is None


def test_an_inactive_team_gets_no_token(team: Team) -> None:
    Team.objects.update(is_active=False)

    assert issue(team).status_code == 302
    assert not TeamToken.objects.exists()


def test_a_team_keeps_its_name_and_its_kind() -> None:
    assert post(url("vault_team_add"), name="beta", is_active="on").status_code == 302
    team = Team.objects.get()

    answer = post(
        url("vault_team_change", team.pk),
        name="gamma",
        title="The second letter",
        is_reference="on",
        is_active="on",
    )

    assert answer.status_code == 302
    team.refresh_from_db()
    assert (team.name, team.title, team.is_reference) == ("beta", "The second letter", False)


def add(name: str, **given: Any) -> Any:
    return post(url("vault_team_add"), **{"name": name, "title": "", "is_active": "on", **given})


def test_a_name_is_stored_in_one_normal_form() -> None:
    answer = add(" e\u0301quipe 団 ", title="L'\xe9quipe")

    assert answer.status_code == 302
    made = Team.objects.get()
    assert (made.name, made.title) == ("\xe9quipe 団", "L'\xe9quipe")


@pytest.mark.parametrize("name", ["ALPHA", "alpha", "Alpha"])
def test_a_name_that_differs_in_case_alone_is_taken(team: Team, name: str) -> None:
    answer = add(name)

    assert "There is a team &#x27;alpha&#x27;" in answer.content.decode()
    assert Team.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\u202eb", "U+202E cannot be seen"),
        ("\ufb1d" * 100, "at most 100 characters"),
        ("x" * 101, "at most 100 characters"),
        ("", "This field is required"),
    ],
)
def test_a_name_that_is_none_is_refused_in_words(name: str, message: str) -> None:
    answer = add(name)

    assert message in answer.content.decode()
    assert not Team.objects.exists()


def test_the_page_says_what_deactivating_leaves(team: Team) -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_team_change", team.pk)).content.decode()

    assert "unrank it in the round for that" in page
    answer = post(url("vault_team_change", team.pk), title="A new title")
    team.refresh_from_db()
    assert answer.status_code == 302
    assert (team.name, team.title, team.is_active) == ("alpha", "A new title", False)


def test_page_of_a_reference_says_that_it_is_not_admitted(team: Team) -> None:
    reference = Team.objects.create(name="majority", is_reference=True)

    assert "Not admitted to any round." in text_of(team)
    assert "A reference team is not admitted to rounds" in text_of(reference)
    assert "Not admitted to any round." not in text_of(reference)


def text_of(team: Team) -> str:
    return str(client_of(ORGANIZER).get(url("vault_team_change", team.pk)).content.decode())
