"""References over the API: so many files before a round opens, and each is in the journal."""

import json

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, file_number, problem
from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import acting_as
from vault import journal, submissions
from vault.errors import RoundClosedError
from vault.files import canonical
from vault.models import JournalEntry, Submission
from vault.references.files import MAX_OF_HOLDOUT, MAX_OF_TEAM

pytestmark = [pytest.mark.usefixtures("vault_keys")]

POST = "benchmarks/weather/submissions/"


def test_the_api_says_how_many_there_may_be() -> None:
    reference = Caller(a_world(is_open=False).team("reference", is_reference=True))
    for number in range(MAX_OF_TEAM):
        assert reference.post(POST, file_number(number)).status_code == 202

    answer = reference.post(POST, file_number(MAX_OF_TEAM))

    assert problem(answer) == (409, "too_many_references")
    assert answer.json()["limit"] == MAX_OF_TEAM


def test_two_teams_at_once_do_not_pass_the_limit() -> None:
    world = a_world(is_open=False)
    others = [world.team(f"reference-{place}", is_reference=True) for place in range(4)]
    for number in range(17):
        # Three places are left then, and five teams ask for them.
        world.submit(others[number % 4], world.wrong_at([number]))
    more = [world.team(name, is_reference=True) for name in ("x", "y")]
    asking = [Caller(team) for team in (*others[1:], *more)]

    answers = all_at_once(5, lambda place: asking[place].post(POST, file_number(40 + place)))

    assert sorted(each.status_code for each in answers) == [202] * 3 + [409] * 2
    assert Submission.objects.count() == MAX_OF_HOLDOUT


def test_each_file_is_in_the_journal_with_who_handed_it_in() -> None:
    world = a_world(is_open=False)
    team = world.team("reference", is_reference=True)
    with acting_as("web"):
        Caller(team).post(POST, file_number(1))
        Caller(team).post(POST, file_number(1))

    entry = JournalEntry.objects.get(kind="reference_received")
    submission = Submission.objects.get()
    assert entry.actor == team.name
    assert json.loads(entry.payload) == {
        "round": 1,
        "team": team.name,
        "submission": str(submission.pk),
        "sha256": submission.sha256,
        "by": "token",
    }
    assert journal.verify(benchmark_id=world.benchmark.pk).sequence == entry.sequence


def test_a_file_that_arrives_after_the_end_of_a_planned_round_is_refused() -> None:
    """It was found while its end was ahead: what would be scored for it tells of labels for nothing."""
    world = a_world(is_open=False)
    team = world.team("reference", is_reference=True)
    found = submissions.current_round(benchmark=world.benchmark, team=team, now=timezone.now())

    with pytest.raises(RoundClosedError, match="has not opened, and its end has passed"):
        submissions.receive(
            team=team,
            round=found,
            panel=world.panel,
            predictions=canonical.encode(world.labels),
            provenance=submissions.Provenance(),
            now=found.closes_at,
        )
    assert not Submission.objects.exists()
