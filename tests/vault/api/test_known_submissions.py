"""Polls of what this process has shown before: the long way's bytes, without asking for rows."""

from collections import OrderedDict
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, file_number, handed_in, scored
from tests.vault.factories import World
from vault.api import known_submissions
from vault.api.submission_state import Polled
from vault.models import Final, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


def queued(submission: Submission) -> Polled:
    return Polled(
        submission_id=submission.pk,
        submitted_at=submission.submitted_at,
        status="QUEUED",
        finished_at=None,
        error_code="",
        on_display=None,
        outcome=None,
        is_final=False,
    )


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_submissions, "_known", OrderedDict())
    monkeypatch.setattr(known_submissions, "_rounds", {})


def asked_for_rows(queries: CaptureQueriesContext) -> list[str]:
    roles = ("SET ROLE", "RESET ROLE")  # of the test
    return [each["sql"] for each in queries if not each["sql"].startswith(roles)]


def test_a_file_just_received_is_shown_without_asking_for_it(world: World, bot: Caller) -> None:
    received = bot.post("benchmarks/weather/submissions/", file_number(1))

    with CaptureQueriesContext(connection) as queries:
        shown = bot.get(received["Location"].removeprefix("/api/v1/"))

    assert shown.content == received.content
    assert asked_for_rows(queries) == []


@pytest.mark.parametrize("outcome", ["scored", "improved", "no_improvement", "cap_used", "blind"])
@pytest.mark.parametrize("is_final", [False, True])
def test_the_known_one_is_shown_as_the_long_way_shows_it(
    world: World, bot: Caller, team: Team, outcome: str, is_final: bool
) -> None:
    value = None if outcome == "blind" else 0.75
    submission = scored(world, team, outcome=outcome, value=value)
    if is_final:
        Final.objects.create(
            round=world.round,
            team=team,
            submission=submission,
            is_declared=True,
            chosen_at=timezone.now(),
        )
    path = f"submissions/{submission.pk}/"
    long_way = bot.get(path)

    with CaptureQueriesContext(connection) as queries:
        short_way = bot.get(path)

    assert asked_for_rows(queries) == []
    assert short_way.content == long_way.content
    assert short_way["ETag"] == long_way["ETag"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "SCORING", "leased_until": timezone.now()},
        {"status": "FAILED", "finished_at": timezone.now(), "error_code": "scoring_failed"},
        {"status": "CANCELLED", "finished_at": timezone.now()},
    ],
)
def test_what_has_changed_since_is_shown(
    world: World, bot: Caller, team: Team, change: dict[str, Any]
) -> None:
    submission = handed_in(world, team)
    path = f"submissions/{submission.pk}/"
    bot.get(path)
    Submission.objects.filter(pk=submission.pk).update(**change)
    short_way = bot.get(path)
    known_submissions._known.clear()

    assert short_way.content == bot.get(path).content
    assert short_way.json()["status"] == change["status"]


def test_a_known_one_is_found_by_its_team_alone(world: World, bot: Caller, team: Team) -> None:
    path = f"submissions/{handed_in(world, team).pk}/"
    bot.get(path)

    assert Caller(world.team("others")).get(path).status_code == 404


def test_the_remembered_row_itself_never_changes(world: World, team: Team) -> None:
    submission = handed_in(world, team)
    known_submissions.remember(submission, team=team)
    later = queued(submission)._replace(status="SCORED", on_display=0.5, outcome="scored")

    first = known_submissions.as_polled(later)
    second = known_submissions.as_polled(queued(submission))

    assert first is not None
    assert second is not None
    assert (first.status, first.release.value) == ("SCORED", 0.5)
    assert (second.status, getattr(second, "release", None)) == ("QUEUED", None)
    assert submission.status == "QUEUED"


def test_references_are_not_remembered(world: World) -> None:
    reference = world.team("reference", is_reference=True)
    made = Submission(team=reference)

    known_submissions.remember(made, team=reference)

    assert known_submissions.as_polled(queued(made)) is None


def test_no_more_than_so_many_are_remembered(
    world: World, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_submissions, "MAX_KNOWN", 1)
    first, second = handed_in(world, team, 1), handed_in(world, team, 2)
    for each in (first, second):
        known_submissions.remember(each, team=team)

    assert known_submissions.as_polled(queued(first)) is None
    assert known_submissions.as_polled(queued(second)) is not None


def test_rows_of_a_round_share_its_benchmark(world: World, bot: Caller, team: Team) -> None:
    """Its rules may be long, and each row is found with a benchmark of its own."""
    paths = [f"submissions/{handed_in(world, team, number).pk}/" for number in (1, 2)]
    for path in paths:
        bot.get(path)

    first, second = known_submissions._known.values()
    assert first.round is second.round


def test_no_more_rounds_than_so_many_are_kept(
    world: World, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever refers to a round that is forgotten is forgotten with it."""
    monkeypatch.setattr(known_submissions, "MAX_ROUNDS", 1)
    first = handed_in(world, team)
    other = a_world("other")
    second = handed_in(other, other.team("others"))

    known_submissions.remember(first, team=team)
    known_submissions.remember(second, team=second.team)

    assert list(known_submissions._rounds) == [second.round_id]
    assert list(known_submissions._known) == [second.pk]
