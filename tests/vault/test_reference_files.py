"""Files of references before a round opens: so many and no more, through whichever process."""

import datetime as dt

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import round_cancelling, rounds, submissions
from vault.errors import TooManyReferencesError
from vault.models import Round, Submission, Team
from vault.reference_files import MAX_OF_HOLDOUT, MAX_OF_TEAM

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("references")


def hand_in(world: World, team: Team, first: int, n: int) -> None:
    for number in range(first, first + n):
        world.submit(team, world.wrong_at([number]))


def fill(world: World) -> None:
    """Four teams hand in all that is taken."""
    for place in range(MAX_OF_HOLDOUT // MAX_OF_TEAM):
        team = world.team(f"reference-{place}", is_reference=True)
        hand_in(world, team, place * MAX_OF_TEAM, MAX_OF_TEAM)


def test_a_reference_hands_in_five_files_and_no_more(world: World) -> None:
    team = world.team("reference", is_reference=True)
    hand_in(world, team, 0, MAX_OF_TEAM)
    Submission.objects.filter(sequence=1).update(status="FAILED", finished_at=NOW)
    submissions.cancel(submission=Submission.objects.get(sequence=2), now=NOW)

    # What it has handed in already is no new file, whatever it is worth.
    assert not world.submit(team, world.wrong_at([4])).is_new
    with pytest.raises(TooManyReferencesError, match="failed and cancelled files count"):
        world.submit(team, world.wrong_at([9]))
    assert Submission.objects.count() == MAX_OF_TEAM


def test_all_references_together_hand_in_twenty(world: World) -> None:
    fill(world)

    with pytest.raises(TooManyReferencesError, match="20 files to round 1 and cancelled rounds"):
        world.submit(world.team("late", is_reference=True), world.wrong_at([50]))
    assert Submission.objects.count() == MAX_OF_HOLDOUT


def test_cancelling_a_round_and_planning_another_asks_the_same_labels(world: World) -> None:
    """Otherwise an organizer who cancels and plans again has as many answers as there are plans."""
    fill(world)
    round_cancelling.cancel(round=world.round, reason="again", actor="test", now=NOW)
    world.round = planned_again(world)
    team = world.team("another", is_reference=True)

    with pytest.raises(TooManyReferencesError, match="of its query holdout"):
        world.submit(team, world.wrong_at([50]))


def planned_again(world: World) -> Round:
    old = world.round
    return rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh],
        mechanism="exact",
        parameters={},
        window_seconds=old.window_seconds,
        window_limit=old.window_limit,
        total_limit=old.total_limit,
        concurrent_limit=old.concurrent_limit,
        max_teams=old.max_teams,
        opens_at=old.opens_at,
        closes_at=old.closes_at,
        actor="test",
        now=old.opens_at,
    )


def test_teams_that_compete_are_not_counted(world: World) -> None:
    fill(world)
    Submission.objects.update(status="SCORED", finished_at=NOW)
    world.open()

    hand_in(world, world.team("ours"), 50, MAX_OF_TEAM + 1)

    assert Submission.objects.filter(team__is_reference=False).count() == MAX_OF_TEAM + 1


def insert(world: World, team: Team, sequence: int) -> None:
    """As whoever has the admin's database role would, past all of this code."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO vault_submission (id, team_id, round_id, panel_id, sequence, sha256, file_key, "
            "status, submitted_at, fence, n_exceptions, n_faults, error_code, model_name, commit, "
            "ci_run_url, idempotency_key) VALUES (uuidv7(), %s, %s, %s, %s, %s, 'x', 'QUEUED', now(), 0, 0, "
            "0, '', '', '', '', '')",
            [team.pk, world.round.pk, world.panel.pk, sequence, f"{team.pk:032x}{sequence:032x}"],
        )


def test_the_database_holds_the_admins_role_to_the_same_numbers(world: World) -> None:
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    teams = [world.team(f"reference-{place}", is_reference=True) for place in range(5)]
    with acting_as("researcher"):
        for team in teams[:4]:
            for sequence in range(MAX_OF_TEAM):
                insert(world, team, sequence)
            if team == teams[0]:
                with pytest.raises(ProgrammingError, match="as many"), transaction.atomic():
                    insert(world, team, MAX_OF_TEAM)
        with (
            pytest.raises(ProgrammingError, match="as many files as they may"),
            transaction.atomic(),
        ):
            insert(world, teams[4], 0)

    assert Submission.objects.count() == MAX_OF_HOLDOUT
