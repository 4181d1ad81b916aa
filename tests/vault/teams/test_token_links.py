"""A link shows a token once: whoever asks twice, late, at once or for another team gets none."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction

from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, acting_as
from vault.errors import (
    TokenLinkError,
    TooManyTokensError,
    UnknownTokenLinkError,
)
from vault.models import Team, TeamToken, TokenLink
from vault.teams import token_links, tokens

pytestmark = pytest.mark.django_db
WEEK = dt.timedelta(days=7)
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="alpha")


def made(team: Team, *, row: int = 2, ends: dt.datetime | None = None) -> str:
    return token_links.make(
        team=team,
        batch=uuid.UUID(int=7),
        row=row,
        expires_at=NOW + WEEK,
        token_expires_at=ends,
        actor="organiser",
        now=NOW,
    )


def test_a_link_shows_a_token_once(team: Team) -> None:
    secret = made(team, ends=NOW + 2 * WEEK)
    assert not TeamToken.objects.exists()

    with acting_as("web"):
        token, plain = token_links.redeem(secret=secret, now=LATER)
        with pytest.raises(TokenLinkError, match=r"used on 02 March 2026 at 12:00 UTC"):
            token_links.redeem(secret=secret, now=LATER)

    assert tokens.authenticate(plain=plain, now=LATER) == token
    assert (token.team, token.scopes, token.expires_at) == (
        team,
        ["read", "submit"],
        NOW + 2 * WEEK,
    )
    link = TokenLink.objects.get()
    assert (link.used_at, link.token, token_links.status_of(link, now=LATER)) == (
        LATER,
        token,
        "used",
    )
    assert TeamToken.objects.count() == 1


def test_the_secret_is_kept_nowhere(team: Team) -> None:
    secret = made(team)

    row = TokenLink.objects.values().get()
    assert len(secret) == len(token_links.PREFIX) + 43
    assert secret[8:] not in str(row)
    assert row["digest"] in str(row)


def test_a_link_ends(team: Team) -> None:
    secret = made(team)

    with pytest.raises(TokenLinkError, match="has ended"):
        token_links.redeem(secret=secret, now=NOW + WEEK)

    link = TokenLink.objects.get()
    assert token_links.status_of(link, now=LATER) == "waits"
    assert token_links.status_of(link, now=NOW + WEEK) == "ended"


def test_links_that_wait_are_cancelled(team: Team) -> None:
    used, other = made(team), made(team, row=3)
    theirs = made(Team.objects.create(name="beta"), row=4)
    token_links.redeem(secret=used, now=NOW)

    with acting_as("researcher"):
        assert token_links.cancel(team=team, actor="ada", now=LATER) == 1

    with pytest.raises(TokenLinkError, match="has ended"):
        token_links.redeem(secret=other, now=LATER)
    assert token_links.redeem(secret=theirs, now=LATER)[0].team.name == "beta"


def test_a_wrong_secret_and_a_team_that_is_not_active_get_nothing(team: Team) -> None:
    secret = made(team)
    Team.objects.update(is_active=False)

    for given in ("", secret[:-1], "hv_" + "x" * 43):
        with pytest.raises(UnknownTokenLinkError, match="no such link"):
            token_links.redeem(secret=given, now=NOW)
    with pytest.raises(TokenLinkError, match="not active"):
        token_links.redeem(secret=secret, now=NOW)
    assert not TeamToken.objects.exists()


def test_a_team_with_too_many_tokens_keeps_its_link(team: Team) -> None:
    secret = made(team)
    for _ in range(tokens.MAX_LIVE):
        tokens.issue(team=team, label="", scopes=["read"], expires_at=None, now=NOW)

    with pytest.raises(TooManyTokensError):
        token_links.redeem(secret=secret, now=NOW)
    TeamToken.objects.update(revoked_at=NOW)
    assert token_links.redeem(secret=secret, now=NOW)[0].label == token_links.LABEL


def test_a_list_makes_a_link_once_per_row(team: Team) -> None:
    made(team)

    with pytest.raises(IntegrityError, match="tokenlink_once_per_row"), transaction.atomic():
        made(team)


def test_a_link_is_used_with_its_token_and_not_without(team: Team) -> None:
    made(team)

    with pytest.raises(IntegrityError, match="tokenlink_used_with"), transaction.atomic():
        TokenLink.objects.update(used_at=NOW)


def test_times_that_cannot_be_are_refused(team: Team) -> None:
    with pytest.raises(ValueError, match="its token later"):
        made(team, ends=NOW + WEEK)


def test_an_address_has_its_secret_behind_the_hash() -> None:
    for api_url in ("https://vault.example", "https://vault.example/"):
        address = token_links.address(api_url=api_url, secret="hvl_x")
        assert address == "https://vault.example/token/#hvl_x"


@pytest.mark.django_db(transaction=True)
def test_who_asks_at_once_gets_one_token_together(team: Team) -> None:
    secret = made(team)

    def ask(_: int) -> bool:
        try:
            token_links.redeem(secret=secret, now=LATER)
        except TokenLinkError:
            return False
        return True

    assert sum(all_at_once(5, ask)) == 1
    assert TeamToken.objects.count() == 1
