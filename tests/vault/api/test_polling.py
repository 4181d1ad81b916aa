"""Polling: strong ETags, 304, waiting on request, and how many may wait."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.vault.api.stage import Caller, handed_in, problem, scored
from tests.vault.factories import World
from vault.api import polling, submission_state, throttles
from vault.api.polling import Waiters
from vault.api.submission_state import Polled
from vault.models import Final, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def test_nothing_new_is_a_304_without_a_body(world: World, bot: Caller, team: Team) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    first = bot.get(path)

    again = bot.get(path, **{"If-None-Match": first["ETag"]})

    assert first["ETag"].startswith('"')
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Retry-After"] == "1"


def test_another_state_than_is_asked_for_is_a_problem(
    world: World, bot: Caller, team: Team
) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"

    assert bot.get(path, **{"If-Match": bot.get(path)["ETag"]}).status_code == 200
    for other in ('"b"', "no etag", ""):
        assert problem(bot.get(path, **{"If-Match": other})) == (412, "precondition_failed")
    known = {"If-None-Match": bot.get(path)["ETag"]}
    assert problem(bot.get(path, **known, **{"If-Match": '"b"'}))[0] == 412
    # There is no Last-Modified that a date could be compared with.
    old = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert bot.get(path, **old).status_code == 200


def test_what_has_changed_meanwhile_is_left_alone(world: World, bot: Caller, team: Team) -> None:
    """With If-Match an act is of the state that its caller has seen."""
    submission = scored(world, team)
    path = f"submissions/{submission.pk}/"
    other = {"headers": {"If-Match": '"another"'}}

    for method, act in (("DELETE", ""), ("POST", "final/"), ("POST", "withdraw/")):
        refused = bot.ask(method, f"/api/v1/{path}{act}", **other)
        assert problem(refused) == (412, "precondition_failed")

    submission.refresh_from_db()
    assert submission.status == "SCORED"
    seen = {"headers": {"If-Match": bot.get(path)["ETag"]}}
    assert bot.ask("POST", f"/api/v1/{path}withdraw/", **seen).status_code == 200


def test_every_change_is_a_new_etag(world: World, bot: Caller, team: Team) -> None:
    submission = handed_in(world, team)
    path = f"submissions/{submission.pk}/"
    rows = Submission.objects.filter(pk=submission.pk)
    etags = [bot.get(path)["ETag"]]
    rows.update(status="SCORING", leased_until=timezone.now())
    etags.append(bot.get(path)["ETag"])
    rows.update(status="QUEUED", leased_until=None)
    world.score(submission)
    etags.append(bot.get(path)["ETag"])
    now = timezone.now()
    Final.objects.create(
        round=world.round, team=team, submission=submission, is_declared=True, chosen_at=now
    )
    etags.append(bot.get(path)["ETag"])
    rows.update(status="WITHDRAWN")
    etags.append(bot.get(path)["ETag"])

    assert len(set(etags)) == 5


def test_submissions_in_the_same_state_have_other_etags(
    world: World, bot: Caller, team: Team
) -> None:
    one, two = handed_in(world, team, 1), handed_in(world, team, 2)

    assert bot.get(f"submissions/{one.pk}/")["ETag"] != bot.get(f"submissions/{two.pk}/")["ETag"]


def test_unchanged_poll_is_one_query(
    world: World, bot: Caller, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is remembered from the first poll, and Django's own cursors are not asked at all."""
    path = f"submissions/{scored(world, team).pk}/"
    etag = bot.get(path)["ETag"]
    looks = []
    honest = submission_state.polled

    def counted(**named: Any) -> Polled | None:
        looks.append(named)
        return honest(**named)

    monkeypatch.setattr(polling, "polled", counted)
    with CaptureQueriesContext(connection) as queries:
        assert bot.get(path, **{"If-None-Match": etag}).status_code == 304

    assert len(looks) == 1
    assert not any("vault_" in each["sql"] for each in queries.captured_queries)


def test_usual_and_unusual_polls_are_answered_alike(
    world: World, bot: Caller, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way and the long one: same status, fields and bytes."""
    path = f"submissions/{handed_in(world, team).pk}/"
    etag = bot.get(path)["ETag"]
    short = bot.get(path, **{"If-None-Match": etag})
    monkeypatch.setattr(polling, "unchanged", lambda *_: None)

    long = bot.get(path, **{"If-None-Match": etag})

    def said(response: Any) -> Any:
        fields = {name: text for name, text in response.items() if name != "Allow"}
        return response.status_code, response.content, fields

    assert said(short) == said(long)


def test_short_way_is_no_way_round_what_a_token_may(
    world: World, bot: Caller, team: Team, settings: Any
) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    etag = bot.get(path)["ETag"]
    writer, rival = Caller(team, scopes=["submit"]), Caller(world.team("rival"))
    for caller, expected in ((writer, 403), (rival, 404), (Caller(), 401)):
        caller.get("benchmarks/")
        assert caller.get(path, **{"If-None-Match": etag}).status_code == expected

    settings.TOKEN_REQUESTS_PER_MINUTE = 3
    throttles._flood.cache_clear()
    asked = [bot.get(path, **{"If-None-Match": etag}).status_code for _ in range(5)]
    assert asked == [304, 304, 304, 429, 429]


@pytest.mark.parametrize("other", ['"00000000000000000000000000000000"', "*", 'W/"x"', "", "x"])
def test_other_etags_are_read_as_the_standard_says(
    world: World, bot: Caller, team: Team, other: str
) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    etag = bot.get(path)["ETag"]

    assert bot.get(path, **{"If-None-Match": other}).status_code == (304 if other == "*" else 200)
    assert bot.get(path, **{"If-None-Match": f"{other}, W/{etag}"}).status_code == 304


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=7", 7),
        ("respond-async, wait=7", 7),
        ("WAIT = 7;x=y", 7),
        ('wait="7"', 7),
        ("wait=99999", polling.MAX_WAIT),
        *[(text, 0) for text in ("", "wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "await=7")],
        *[(text, 0) for text in ("wait=999999999", "wait=٣", "return=minimal")],
    ],
)
def test_preference_is_read_as_the_standard_says(header: str, seconds: int) -> None:
    request = HttpRequest()
    request.META["HTTP_PREFER"] = header

    assert polling.preferred_wait(request) == seconds


def test_waiting_is_answered_with_what_was_honored(world: World, bot: Caller, team: Team) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    start = time.monotonic()

    response = bot.get(path, Prefer="wait=1")

    assert time.monotonic() - start >= 1
    assert response["Preference-Applied"] == "wait=1"
    assert response.json()["status"] == "QUEUED"


def test_finished_submission_is_not_waited_for(world: World, bot: Caller, team: Team) -> None:
    path = f"submissions/{scored(world, team).pk}/"
    start = time.monotonic()

    response = bot.get(path, Prefer="wait=30")

    assert time.monotonic() - start < 5
    assert "Preference-Applied" not in response


def test_who_finds_no_place_is_answered_at_once(
    world: World, bot: Caller, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "WAITERS", Waiters(most=0))
    path = f"submissions/{handed_in(world, team).pk}/"
    start = time.monotonic()

    response = bot.get(path, Prefer="wait=30")

    assert time.monotonic() - start < 5
    assert "Preference-Applied" not in response
    assert response["Retry-After"] == "1"


def a_poll(status: str = "QUEUED") -> Polled:
    return Polled(
        submission_id=uuid.UUID(int=7),
        submitted_at=timezone.now(),
        status=status,
        finished_at=None,
        error_code="",
        on_display=None,
        outcome=None,
        is_final=False,
    )


def test_only_so_many_wait_and_places_come_back() -> None:
    waiters, opened = Waiters(most=2), threading.Event()

    def look() -> Polled:
        return a_poll("SCORED" if opened.is_set() else "SCORING")

    with ThreadPoolExecutor(5) as threads:
        asked = [
            threads.submit(waiters.wait, a_poll(), look, seconds=20, team_id=team_id)
            for team_id in range(5)
        ]
        while sum(each.done() for each in asked) < 3:
            time.sleep(0.01)
        opened.set()
        answers = [each.result() for each in asked]

    assert sum(each is None for each in answers) == 3
    assert [each.status for each in answers if each is not None] == ["SCORED"] * 2
    after = waiters.wait(a_poll(), look, seconds=20, team_id=0)
    assert after is not None


@pytest.mark.parametrize(("most", "of_one"), [(1, 1), (2, 1), (3, 1), (5, 2)])
def test_one_team_leaves_places_to_others(most: int, of_one: int) -> None:
    """Each place holds a thread back: one team's requests once took them all."""
    waiters, opened = Waiters(most=most), threading.Event()

    def look() -> Polled:
        return a_poll("SCORED" if opened.is_set() else "SCORING")

    with ThreadPoolExecutor(most + 1) as threads:
        asked = [
            threads.submit(waiters.wait, a_poll(), look, seconds=20, team_id=1)
            for _ in range(most + 1)
        ]
        while sum(each.done() for each in asked) < most + 1 - of_one:
            time.sleep(0.01)
        rooms = [waiters.has_room(team_id=team_id) for team_id in (1, 2)]
        opened.set()
        answers = [each.result() for each in asked]

    assert sum(each is not None for each in answers) == of_one
    assert rooms == [False, most > of_one]
    assert waiters.has_room(team_id=1)


def test_place_comes_back_after_an_error() -> None:
    waiters = Waiters(most=1)

    def fail() -> Polled:
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            waiters.wait(a_poll(), fail, seconds=1, team_id=1)
