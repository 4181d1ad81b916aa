"""A team's own tokens over HTTP: none gives more than it has, and each text is shown to its asker alone."""

import datetime as dt
import json
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, problem
from tests.vault.factories import World
from vault.errors import TokenRefusedError, TransitionError
from vault.models import IdempotentAnswer, Team, TeamToken
from vault.teams import tokens

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def send(bot: Caller, path: str, content: Any = None, **headers: str) -> Any:
    body = b"" if content is None else json.dumps(content).encode()
    return bot.post(path, body, content_type="application/json", headers=headers)


def bearer(plain: str) -> Caller:
    caller = Caller()
    caller.headers["Authorization"] = f"Bearer {plain}"
    return caller


def test_new_token_works_and_is_shown_once(bot: Caller) -> None:
    response = send(bot, "tokens/", {"label": "nightly", "scopes": ["read"]})

    made = response.json()
    assert (response.status_code, made["label"], made["scopes"]) == (201, "nightly", ["read"])
    other = bearer(made["token"])
    assert other.get("benchmarks/weather/budget/").status_code == 200
    assert problem(send(other, "webhooks-or-anything/"))[0] == 404
    assert problem(other.post("benchmarks/weather/validate/"))[0] == 403
    listed = bot.get("tokens/").json()["results"]
    assert [each["label"] for each in listed] == ["nightly", ""]
    assert [each["is_current"] for each in listed] == [False, True]
    assert made["token"] not in bot.get("tokens/").content.decode()
    assert made["token"].startswith(made["prefix"])


def test_an_end_that_has_passed_meanwhile_is_refused_with_its_field(team: Team) -> None:
    """It was an error of the server: a form is checked some moments before the token is made."""
    now = timezone.now()

    with pytest.raises(TokenRefusedError, match="ends in the future") as refused:
        tokens.issue(team=team, label="", scopes=["read"], expires_at=now, now=now)

    assert refused.value.data == {"field": "expires_at"}


def test_lost_answer_is_shown_again_and_is_not_kept_in_the_clear(bot: Caller) -> None:
    first = send(bot, "tokens/", {"label": "x"}, **{"Idempotency-Key": "k"})
    again = send(bot, "tokens/", {"label": "x"}, **{"Idempotency-Key": "k"})

    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert TeamToken.objects.count() == 2
    kept = bytes(IdempotentAnswer.objects.get().body)
    assert first.json()["token"].encode() not in kept
    assert b"label" not in kept


def test_another_token_of_the_team_cannot_fetch_that_answer(team: Team, bot: Caller) -> None:
    send(bot, "tokens/", {"label": "x"}, **{"Idempotency-Key": "k"})

    response = send(Caller(team), "tokens/", {"label": "x"}, **{"Idempotency-Key": "k"})

    assert problem(response) == (422, "idempotency_key_reused")


def test_token_gives_no_scope_that_it_has_not(team: Team) -> None:
    writer = Caller(team, scopes=["submit"])

    refused = send(writer, "tokens/", {"scopes": ["read", "submit"]})

    assert problem(refused) == (403, "token_refused")
    assert send(writer, "tokens/").json()["scopes"] == ["submit"]


def test_token_that_only_reads_makes_no_other(team: Team) -> None:
    """Who finds one in a log cannot stay when it is revoked; it may be rotated, which its team notices."""
    reader = Caller(team, scopes=["read"])

    assert problem(send(reader, "tokens/")) == (403, "forbidden")
    (own,) = reader.get("tokens/").json()["results"]
    assert send(reader, f"tokens/{own['id']}/rotate/").status_code == 201


def test_token_cannot_outlive_the_one_that_made_it(team: Team, bot: Caller) -> None:
    end = timezone.now() + dt.timedelta(hours=1)
    TeamToken.objects.update(expires_at=end)

    for asked in (None, (end + dt.timedelta(days=1)).isoformat()):
        made = send(bot, "tokens/", {"expires_at": asked}).json()
        assert TeamToken.objects.get(pk=made["id"]).expires_at == end
    sooner = (end - dt.timedelta(minutes=30)).isoformat()
    made = send(bot, "tokens/", {"expires_at": sooner}).json()
    assert TeamToken.objects.get(pk=made["id"]).expires_at == end - dt.timedelta(minutes=30)


def test_last_moment_of_the_calendar_is_an_end(bot: Caller) -> None:
    made = send(bot, "tokens/", {"expires_at": "9999-12-31T23:59:59+00:00"})

    assert (made.status_code, made.json()["expires_at"]) == (201, "9999-12-31T23:59:59Z")
    assert len(bot.get("tokens/").json()["results"]) == 2
    assert send(bot, f"tokens/{made.json()['id']}/rotate/").status_code == 201


def test_rotation_gives_a_successor_and_ends_the_old_one(bot: Caller) -> None:
    (old,) = bot.get("tokens/").json()["results"]

    made = send(bot, f"tokens/{old['id']}/rotate/", {"grace_seconds": 60}).json()

    assert made["scopes"] == old["scopes"]
    assert bearer(made["token"]).get("tokens/").status_code == 200
    end = TeamToken.objects.get(pk=old["id"]).expires_at
    assert end is not None
    assert 50 < (end - timezone.now()).total_seconds() <= 60
    assert TeamToken.objects.get(pk=made["id"]).expires_at is None


def test_rotation_without_grace_ends_the_old_one_now(bot: Caller) -> None:
    (old,) = bot.get("tokens/").json()["results"]

    # JSON has one kind of number.
    made = send(bot, f"tokens/{old['id']}/rotate/", {"grace_seconds": 0.0}).json()

    assert problem(bot.get("tokens/")) == (401, "invalid_token")
    assert bearer(made["token"]).get("tokens/").status_code == 200


@pytest.mark.parametrize("lifetime", [None, dt.timedelta(minutes=5)])
@pytest.mark.parametrize("grace", [dt.timedelta(0), dt.timedelta(hours=1)])
def test_of_two_rotations_at_once_one_is_made(
    team: Team, grace: dt.timedelta, lifetime: dt.timedelta | None
) -> None:
    """The second had looked at its clock and at the token before the first one rotated it."""
    now = timezone.now()
    end = None if lifetime is None else now + lifetime
    token, _ = tokens.issue(team=team, label="", scopes=["read"], expires_at=end, now=now)
    looked_at = TeamToken.objects.get(pk=token.pk)
    later = now + dt.timedelta(milliseconds=2)

    tokens.rotate(token=token, by=token, grace=grace, now=later)
    with pytest.raises(TransitionError, match="rotated meanwhile"):
        tokens.rotate(token=looked_at, by=looked_at, grace=grace, now=now)

    assert tokens.live(team=team, now=later).count() == (2 if grace else 1)


def ends_of(*made: Any) -> list[dt.datetime | None]:
    return [TeamToken.objects.get(pk=each["id"]).expires_at for each in made]


def test_short_lived_token_takes_over_no_lasting_one_beside_it(team: Team, bot: Caller) -> None:
    """A token of twelve seconds once got a secret that never ends, of a sibling."""
    (lasting,) = bot.get("tokens/").json()["results"]
    soon = timezone.now() + dt.timedelta(seconds=12)
    sibling = send(bot, "tokens/", {"label": "sibling", "expires_at": soon.isoformat()}).json()
    child = send(bot, "tokens/", {"label": "child"}).json()
    other = Caller(team)

    for asking in (bearer(sibling["token"]), other):
        for taken in (lasting, child):
            refused = send(asking, f"tokens/{taken['id']}/rotate/", {"grace_seconds": 0})
            assert problem(refused) == (403, "token_refused")
            assert refused.json()["field"] == "token_id"
    assert TeamToken.objects.count() == 4
    assert ends_of(lasting, child) == [None, None]


def test_token_rotates_what_was_made_with_it_and_with_those(bot: Caller) -> None:
    first = send(bot, "tokens/", {"label": "first"}).json()
    second = send(bearer(first["token"]), "tokens/", {"label": "second"}).json()

    new = send(bot, f"tokens/{second['id']}/rotate/", {"grace_seconds": 0})

    assert (new.status_code, new.json()["made_by"]) == (201, first["id"])
    assert problem(bearer(second["token"]).get("tokens/")) == (401, "invalid_token")


def test_successor_and_what_it_takes_over_end_with_the_one_that_asks(bot: Caller) -> None:
    """Tokens may live longer than their maker, whose own end came nearer when it was rotated."""
    first = send(bot, "tokens/", {"label": "first"}).json()
    second = send(bearer(first["token"]), "tokens/", {"label": "second"}).json()
    end = timezone.now() + dt.timedelta(minutes=5)
    TeamToken.objects.filter(made_by=None).update(expires_at=end)

    new = send(bot, f"tokens/{first['id']}/rotate/", {"grace_seconds": 3600}).json()

    assert ends_of(new, second) == [end, end]
    assert TeamToken.objects.get(pk=second["id"]).made_by_id == new["id"]


@pytest.mark.parametrize("path", ["tokens/", "tokens/{id}/rotate/"])
def test_end_that_came_nearer_elsewhere_counts_at_once(
    bot: Caller, path: str, settings: Any
) -> None:
    """A process remembers a token for some seconds, and with it an end that is no more."""
    settings.TOKEN_CACHE_SECONDS = 60
    (own,) = bot.get("tokens/").json()["results"]
    end = timezone.now() + dt.timedelta(minutes=5)
    TeamToken.objects.update(expires_at=end)

    made = send(bot, path.format(id=own["id"])).json()

    assert ends_of(made) == [end]


def test_token_in_its_grace_has_no_successor_that_outlives_it(bot: Caller) -> None:
    (own,) = bot.get("tokens/").json()["results"]
    send(bot, f"tokens/{own['id']}/rotate/", {"grace_seconds": 60})

    before = ends_of(own)

    again = send(bot, f"tokens/{own['id']}/rotate/", {"grace_seconds": 3600}).json()

    assert ends_of(again) == before


def test_revoked_token_is_over(bot: Caller, team: Team) -> None:
    (own,) = bot.get("tokens/").json()["results"]

    assert bot.ask("DELETE", f"/api/v1/tokens/{own['id']}/").status_code == 204

    assert problem(bot.get("tokens/")) == (401, "invalid_token")
    assert TeamToken.objects.get().revoked_at is not None


def test_what_a_token_made_is_revoked_with_it(bot: Caller, team: Team) -> None:
    """Nobody stays by a token that was made with a lost one."""
    first = send(bot, "tokens/", {"label": "first"}).json()
    second = send(bearer(first["token"]), "tokens/", {"label": "second"}).json()
    third = send(bearer(second["token"]), f"tokens/{second['id']}/rotate/").json()
    other = Caller(team)
    made_by = {each["label"]: each["made_by"] for each in bot.get("tokens/").json()["results"]}

    assert bot.ask("DELETE", f"/api/v1/tokens/{first['id']}/").status_code == 204

    assert made_by == {
        "": None,
        "first": TeamToken.objects.earliest("id").pk,
        "second": first["id"],
    }
    assert third["made_by"] == first["id"]
    for each in (first, second, third):
        assert problem(bearer(each["token"]).get("tokens/")) == (401, "invalid_token")
    assert [each.get("tokens/").status_code for each in (bot, other)] == [200, 200]


def test_successor_stays_when_its_predecessor_is_revoked(bot: Caller) -> None:
    (old,) = bot.get("tokens/").json()["results"]
    before = send(bot, "tokens/", {"label": "made before"}).json()
    new = send(bot, f"tokens/{old['id']}/rotate/").json()

    assert bot.ask("DELETE", f"/api/v1/tokens/{old['id']}/").status_code == 204

    successor = bearer(new["token"])
    made_by = {each["id"]: each["made_by"] for each in successor.get("tokens/").json()["results"]}
    assert made_by == {new["id"]: None, before["id"]: new["id"]}


def test_token_that_has_ended_meanwhile_makes_none(team: Team, bot: Caller) -> None:
    """A process trusts a token for some seconds after another process has revoked it."""
    bot.get("tokens/")
    TeamToken.objects.update(revoked_at=timezone.now())

    assert problem(send(bot, "tokens/")) == (409, "wrong_status")
    assert TeamToken.objects.count() == 1


def test_read_token_touches_no_stronger_one(team: Team, bot: Caller) -> None:
    reader = Caller(team, scopes=["read"])
    (strong,) = (each["id"] for each in bot.get("tokens/").json()["results"] if each["is_current"])

    assert problem(reader.ask("DELETE", f"/api/v1/tokens/{strong}/")) == (403, "forbidden")
    assert problem(send(reader, f"tokens/{strong}/rotate/")) == (403, "forbidden")
    assert bot.get("tokens/").status_code == 200


def test_tokens_of_others_are_not_found(world: World, bot: Caller) -> None:
    rival = Caller(world.team("rival"))
    (own,) = bot.get("tokens/").json()["results"]

    assert problem(rival.ask("DELETE", f"/api/v1/tokens/{own['id']}/")) == (404, "not_found")
    assert problem(send(rival, f"tokens/{own['id']}/rotate/")) == (404, "not_found")
    assert len(rival.get("tokens/").json()["results"]) == 1


def test_number_of_live_tokens_is_bounded(bot: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_LIVE", 3)
    made = [send(bot, "tokens/") for _ in range(3)]

    assert [each.status_code for each in made] == [201, 201, 409]
    assert problem(made[2]) == (409, "too_many_tokens")
    bot.ask("DELETE", f"/api/v1/tokens/{made[0].json()['id']}/")
    assert send(bot, "tokens/").status_code == 201


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"label": "x" * 101}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"label": 7}, "label"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": [["read"]]}, "scopes"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2999-13-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        # In UTC they lie outside of the calendar's 9999 years.
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59.999999-00:01"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at"),
        ({"expires_at": 7}, "expires_at"),
        ({"team": "other"}, "team"),
    ],
)
def test_content_that_does_not_fit_names_the_field(
    bot: Caller, content: dict[str, Any], field: str
) -> None:
    response = send(bot, "tokens/", content)

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == field
    assert TeamToken.objects.count() == 1


@pytest.mark.parametrize("grace", [-1, 86_401, 1.5, "60", True, None])
def test_grace_is_a_number_of_seconds(bot: Caller, grace: Any) -> None:
    (own,) = bot.get("tokens/").json()["results"]

    response = send(bot, f"tokens/{own['id']}/rotate/", {"grace_seconds": grace})

    assert response.json()["field"] == "grace_seconds"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed_request")),
        (b"[]", "application/json", (400, "malformed_request")),
        (b'{"label":"a","label":"b"}', "application/json", (400, "malformed_request")),
        (b'{"label":"\\ud800"}', "application/json", (400, "malformed_request")),
        (b'{"\\ud800":1}', "application/json", (400, "malformed_request")),
        (b'{"label":NaN}', "application/json", (400, "malformed_request")),
        (b"\xff", "application/json", (400, "malformed_request")),
        (b"[" * 60_000, "application/json", (400, "malformed_request")),
        (b"{}", "text/csv", (415, "unsupported_media_type")),
        (b" " * 65_537, "application/json", (413, "content_too_large")),
    ],
)
def test_bodies_are_read_strictly(
    bot: Caller, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    assert problem(bot.post("tokens/", body, content_type=content_type)) == expected
