"""Polling: strong ETags, 304, waiting on request, and how many may wait."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, handed_in, scored
from tests.vault.factories import World
from vault.api import polling
from vault.api.polling import Polled, State, Waiters
from vault.models import Final, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


@pytest.fixture
def bot(team: Team) -> Caller:
    return Caller(team)


def test_nothing_new_is_a_304_without_a_body(world: World, bot: Caller, team: Team) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    first = bot.get(path)

    again = bot.get(path, **{"If-None-Match": first["ETag"]})

    assert first["ETag"].startswith('"')
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Retry-After"] == "1"


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


@pytest.mark.parametrize("change", ["queued", "scored"])
def test_quick_look_and_whole_row_agree(world: World, team: Team, change: str) -> None:
    """The ETag of the one query is the ETag of the row that is shown."""
    made = handed_in(world, team) if change == "queued" else scored(world, team)
    row = Submission.objects.select_related("release").get(pk=made.pk)

    looked = polling.polled(submission_id=made.pk, team_id=team.pk)

    assert looked == polling.of_row(row)


def test_unchanged_poll_is_one_query(world: World, bot: Caller, team: Team) -> None:
    """The token is remembered from the first poll."""
    path = f"submissions/{scored(world, team).pk}/"
    etag = bot.get(path)["ETag"]

    with CaptureQueriesContext(connection) as queries:
        assert bot.get(path, **{"If-None-Match": etag}).status_code == 304

    assert sum("vault_" in each["sql"] for each in queries.captured_queries) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=7", 7),
        ("respond-async, wait=7", 7),
        ("WAIT = 7;x=y", 7),
        ('wait="7"', 7),
        ("wait=99999", polling.LONGEST_WAIT),
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
    state = State(
        status=status,
        finished_at=None,
        error_code="",
        released=None,
        outcome=None,
        is_final=False,
    )
    return Polled(submission_id=uuid.UUID(int=7), submitted_at=timezone.now(), state=state)


def test_only_so_many_wait_and_places_come_back() -> None:
    waiters, opened = Waiters(most=2), threading.Event()

    def look() -> Polled:
        return a_poll("SCORED" if opened.is_set() else "SCORING")

    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(waiters.wait, a_poll(), look, seconds=20) for _ in range(5)]
        while sum(each.done() for each in asked) < 3:
            time.sleep(0.01)
        opened.set()
        answers = [each.result() for each in asked]

    assert sum(each is None for each in answers) == 3
    assert [each.state.status for each in answers if each is not None] == ["SCORED"] * 2
    after = waiters.wait(a_poll(), look, seconds=20)
    assert after is not None


def test_place_comes_back_after_an_error() -> None:
    waiters = Waiters(most=1)

    def fail() -> Polled:
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            waiters.wait(a_poll(), fail, seconds=1)
