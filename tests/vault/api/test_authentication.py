"""The one header that says who asks, in every shape that it may and may not have."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tests.vault.api.stage import Caller, file_number, problem
from tests.vault.factories import World
from vault.api import authentication
from vault.api.authentication import RecentTokens
from vault.models import Team, TeamToken
from vault.teams import tokens

OWN = "benchmarks/weather/budget/"
PUBLIC = "benchmarks/weather/"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def plain_of(team: Team) -> str:
    return Caller(team).headers["Authorization"].removeprefix("Bearer ")


def asked(path: str, authorization: str) -> Any:
    return Caller().get(path, Authorization=authorization)


@pytest.mark.parametrize("spelling", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_token_is_taken(team: Team, spelling: str) -> None:
    assert asked(OWN, spelling.format(plain_of(team))).status_code == 200


def test_without_a_token_one_is_asked_for(world: World) -> None:
    response = Caller().get(OWN)

    assert problem(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer hv_",
        "Bearer hv_" + "x" * 43,
        "Bearer " + "hv_" * 100_000,
        "Bearer hv_\xe9\xff",
        "Bearer hv_\x00",
        "Basic aHZfOng=",
        "Token hv_abc",
        "hv_abc",
        "\xff\xfe",
        "Bearer\thv_abc",
        "Digest " + "a" * 10_000,
    ],
)
@pytest.mark.parametrize("path", [OWN, PUBLIC])
def test_what_is_no_token_is_refused(world: World, authorization: str, path: str) -> None:
    """On public routes too: a program with a broken token should notice."""
    response = asked(path, authorization)

    assert problem(response) == (401, "invalid_token")
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "hv_" not in response.json()["detail"]


def test_part_of_a_token_is_none(team: Team) -> None:
    plain = plain_of(team)
    digest = TeamToken.objects.get().digest

    for wrong in (plain[:-1], plain + "x", plain.swapcase(), digest, f"hv_{digest}", plain[3:]):
        assert problem(asked(OWN, f"Bearer {wrong}")) == (401, "invalid_token")


@pytest.mark.parametrize("change", ["revoked", "inactive", "narrowed"])
def test_change_of_a_token_is_noticed_when_it_is_looked_up_again(
    team: Team, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    clock = Clock()
    monkeypatch.setattr(authentication, "RECENT", RecentTokens(clock=clock))
    bot = Caller(team)
    assert bot.get(OWN).status_code == 200

    if change == "revoked":
        tokens.revoke(token=TeamToken.objects.get(), now=timezone.now())
    elif change == "inactive":
        Team.objects.update(is_active=False)
    else:
        TeamToken.objects.update(scopes=["submit"])

    clock.now += settings.TOKEN_CACHE_SECONDS - 0.01
    assert bot.get(OWN).status_code == 200
    clock.now += 0.01
    assert bot.get(OWN).status_code == (403 if change == "narrowed" else 401)
    assert settings.TOKEN_CACHE_SECONDS <= 10


def test_nothing_is_remembered_where_the_setting_says_so(team: Team, settings: Any) -> None:
    settings.TOKEN_CACHE_SECONDS = 0
    bot = Caller(team)
    assert bot.get(OWN).status_code == 200

    tokens.revoke(token=TeamToken.objects.get(), now=timezone.now())

    assert problem(bot.get(OWN)) == (401, "invalid_token")


def test_expiry_is_noticed_at_once(team: Team) -> None:
    bot, recent, now = Caller(team), RecentTokens(clock=Clock()), timezone.now()
    TeamToken.objects.update(expires_at=now + dt.timedelta(seconds=1))
    plain = bot.headers["Authorization"].removeprefix("Bearer ")

    assert recent.authenticate(plain, now=now) is not None
    assert recent.authenticate(plain, now=now + dt.timedelta(seconds=1)) is None


def test_memory_of_tokens_is_bounded(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "MAX_REMEMBERED", 3)
    recent, now = RecentTokens(clock=Clock()), timezone.now()
    for _ in range(10):
        plain = Caller(team).headers["Authorization"].removeprefix("Bearer ")
        assert recent.authenticate(plain, now=now) is not None

    assert len(recent._known) <= 3


def test_expired_token_is_refused(team: Team) -> None:
    bot = Caller(team)
    TeamToken.objects.update(expires_at=timezone.now())

    assert problem(bot.get(OWN)) == (401, "invalid_token")


def test_team_that_is_put_to_rest_has_no_valid_token(team: Team) -> None:
    bot = Caller(team)
    Team.objects.update(is_active=False)

    assert problem(bot.get(OWN)) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("scopes", "reads", "submits"),
    [([], 403, 403), (["read"], 200, 403), (["submit"], 403, 202), (["admin", "write"], 403, 403)],
)
def test_scopes_are_all_that_a_token_may(
    team: Team, scopes: list[str], reads: int, submits: int
) -> None:
    bot = Caller(team)
    TeamToken.objects.update(scopes=scopes)

    read, submitted = bot.get(OWN), bot.post(f"{PUBLIC}submissions/", file_number(1))

    assert (read.status_code, submitted.status_code) == (reads, submits)
    if reads == 403:
        assert problem(read) == (403, "forbidden")
        assert read.json()["detail"] == "The token needs the scope 'read'"
    # What anybody may read needs no scope.
    assert bot.get(PUBLIC).status_code == 200


def test_token_in_the_address_or_a_cookie_is_not_looked_at(team: Team) -> None:
    plain = plain_of(team)

    assert Caller().get(f"{OWN}?access_token={plain}&token={plain}").status_code == 401
    assert Caller().get(OWN, Cookie=f"Authorization=Bearer {plain}").status_code == 401


def test_use_is_noted_once_a_minute(team: Team, settings: Any) -> None:
    settings.TOKEN_CACHE_SECONDS = 0
    bot = Caller(team)
    bot.get(OWN)
    noted = TeamToken.objects.get().last_used_at

    bot.get(OWN)
    assert noted is not None
    assert TeamToken.objects.get().last_used_at == noted

    TeamToken.objects.update(last_used_at=noted - dt.timedelta(minutes=2))
    bot.get(OWN)
    last = TeamToken.objects.get().last_used_at
    assert last is not None
    assert last >= noted
