"""Files of references before a round opens: so many and no more, through whichever process."""

import datetime as dt
import threading
import time
from dataclasses import replace

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import locks, rounds, submissions
from vault.errors import TooManyReferencesError
from vault.models import Round, Submission, Team
from vault.references.files import MAX_OF_HOLDOUT, MAX_OF_TEAM

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
    with pytest.raises(TooManyReferencesError, match="Failed and cancelled files count") as refused:
        world.submit(team, world.wrong_at([9]))
    assert Submission.objects.count() == MAX_OF_TEAM
    assert str(refused.value) == (
        f"the team {team.name} can hand in no more: it has handed in 5 files to round 1, and one reference "
        "may hand in 5. Failed and cancelled files count. An organizer can open the round by hand with the "
        "references that are scored, or cancel it and plan one on another query holdout"
    )


def test_a_refusal_counts_what_is_there(world: World) -> None:
    """A round may hold more files than are taken now, from before there was a limit."""
    team = world.team("reference", is_reference=True)
    hand_in(world, team, 0, MAX_OF_TEAM)
    for sequence in range(10, 12):
        insert(world, team, sequence)  # by the tables' owner, who is not held to it

    with pytest.raises(TooManyReferencesError, match="it has handed in 7 files to round 1"):
        world.submit(team, world.wrong_at([9]))


def test_all_references_together_hand_in_twenty(world: World) -> None:
    fill(world)

    with pytest.raises(TooManyReferencesError, match=r"20 files .* \(20 in round 1\), and 20 are"):
        world.submit(world.team("late", is_reference=True), world.wrong_at([50]))
    assert Submission.objects.count() == MAX_OF_HOLDOUT


def test_cancelling_a_round_and_planning_another_asks_the_same_labels(world: World) -> None:
    """Otherwise an organizer who cancels and plans again has as many answers as there are plans."""
    fill(world)
    rounds.cancel(round=world.round, reason="again", actor="test", now=NOW)
    world.round = planned_again(world)
    team = world.team("another", is_reference=True)

    with pytest.raises(TooManyReferencesError) as refused:
        world.submit(team, world.wrong_at([50]))
    assert str(refused.value).startswith(
        f"the team {team.name} can hand in no more: references have handed in 20 files about the round's "
        "query holdout (20 in round 1), and 20 are taken. Failed and cancelled"
    )


@pytest.mark.parametrize("status", ["CLOSED", "PUBLISHED"])
def test_what_became_of_a_round_frees_no_place(world: World, status: str) -> None:
    """A status can be changed by whoever hands in."""
    fill(world)
    Round.objects.update(status=status)
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    world.round = planned_again(world)
    team = world.team("another", is_reference=True)

    with pytest.raises(TooManyReferencesError, match="20 in round 1"):
        world.submit(team, world.wrong_at([50]))
    Round.objects.filter(number=1).update(status=status)
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    with acting_as("researcher"), pytest.raises(ProgrammingError, match="as many"):
        insert(world, team, 0)


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


INSERT = (
    "INSERT INTO vault_submission (id, team_id, round_id, panel_id, sequence, sha256, file_key, "
    "status, submitted_at, fence, n_exceptions, n_faults, error_code, model_name, commit, "
    "ci_run_url, idempotency_key, is_late) VALUES (uuidv7(), %s, %s, %s, %s, %s, 'x', 'QUEUED', now(), "
    "0, 0, 0, '', '', '', '', '', false)"
)


def insert(world: World, team: Team, sequence: int) -> None:
    """As whoever has the admin's database role would, past all of this code."""
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [team.pk, world.round.pk, world.panel.pk, sequence, f"{team.pk:032x}{sequence:032x}"],
        )


@pytest.mark.parametrize("role", ["researcher", "web"])
def test_the_database_holds_each_role_to_the_same_numbers(world: World, role: str) -> None:
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    teams = [world.team(f"reference-{place}", is_reference=True) for place in range(5)]
    with acting_as(role):
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


def test_two_planned_rounds_of_one_holdout_share_its_places(world: World) -> None:
    """With two transactions at once: the second waits for the first, and counts what that has added."""
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    first, second = world.round, Round.objects.get(pk=world.round.pk)
    second.pk, second.number = None, 2
    second.save(force_insert=True)
    teams = [world.team(f"reference-{place}", is_reference=True) for place in range(8)]
    for place in range(MAX_OF_HOLDOUT - 1):
        insert(world, teams[place // MAX_OF_TEAM], place)
    refused: list[str] = []
    start = threading.Barrier(2)

    def one_more(round: Round, team: Team) -> None:
        try:
            with acting_as("researcher"), transaction.atomic():
                start.wait()
                insert(replace(world, round=round), team, 0)
                # Whoever does not wait for this one's end has inserted by then.
                time.sleep(0.2)
        except ProgrammingError as error:
            refused.append(str(error))
        finally:
            connection.close()

    both = [
        threading.Thread(target=one_more, args=(round, team))
        for round, team in ((first, teams[4]), (second, teams[5]))
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert len(refused) == 1
    assert "as many files as they may" in refused[0]
    assert Submission.objects.count() == MAX_OF_HOLDOUT


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_no_transaction_counts_what_was_there_before_it_had_the_lock(
    world: World, level: str
) -> None:
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    team = world.team("reference", is_reference=True)
    with acting_as("researcher"), transaction.atomic():
        isolate(level)
        with pytest.raises(ProgrammingError, match="isolation level"):
            insert(world, team, 0)
        transaction.set_rollback(True)

    assert not Submission.objects.exists()


def isolate(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")


def test_both_checks_take_the_same_lock(world: World) -> None:
    """The database's and this program's, or two at once would pass the limit."""
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    team = world.team("reference", is_reference=True)
    with acting_as("researcher"), transaction.atomic():
        insert(world, team, 0)
        of_database = held()
    with transaction.atomic():
        locks.hold_references(holdout_id=world.query.pk)
        of_program = held()

    assert of_database == of_program != []


def held() -> list[tuple[int]]:
    """Second halves of the keys of the locks about references that this transaction has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = 4812 "
            "AND pid = pg_backend_pid()"
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize("role", ["researcher", "web"])
@pytest.mark.parametrize("absent", ["team", "round"])
def test_no_role_hands_in_for_what_is_still_to_come(world: World, role: str, absent: str) -> None:
    """Keys are checked at the commit: until then an organizer may make the team a reference, or the round."""
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    team = world.team("reference", is_reference=True)
    if absent == "team":
        team = Team(pk=team.pk + 1)
    else:
        world.round = Round(pk=world.round.pk + 1)
    with acting_as(role), pytest.raises(ProgrammingError), transaction.atomic():
        insert_in(world, team)


def insert_in(world: World, team: Team) -> None:
    """The panel is of the world's first round, which need not be its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM vault_panel LIMIT 1")
        (panel_id,) = cursor.fetchone()
        cursor.execute(INSERT, [team.pk, world.round.pk, panel_id, 0, "0" * 64])


@pytest.mark.parametrize("role", ["researcher", "web"])
def test_no_role_hands_in_for_a_reference_once_the_round_is_open(world: World, role: str) -> None:
    """What it asks then is in no ledger."""
    world.open()
    Round.objects.update(closes_at=timezone.now() + dt.timedelta(days=1))
    team = world.team("reference", is_reference=True)
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="references of planned rounds only"),
        transaction.atomic(),
    ):
        insert(world, team, 0)
