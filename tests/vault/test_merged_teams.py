"""One row on the board, one final and one menu of the audit for two teams that are one."""

import datetime as dt

import pytest

from tests.vault.factories import World, acting_as
from tests.vault.teams.test_merging import asked, merge, opened
from vault import history, leaderboard, rounds, submissions
from vault.history import TeamHistory
from vault.leaderboard import Row
from vault.models import Final, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return opened()


def board(world: World) -> dict[str, Row]:
    with acting_as("web"):
        rows = leaderboard.board(round=world.round)
    return {row.team.removeprefix("merging-"): row for row in rows}


def close(world: World) -> dict[str, TeamHistory]:
    with acting_as("scoring"):
        rounds.request_close(round=world.round, actor="test", now=world.now)
        assert rounds.close(round=world.round, actor="test", now=world.now)
    with acting_as("audit"):
        found = history.round_history(round=world.round)
    return {each.name.removeprefix("merging-"): each for each in found.teams}


def later(world: World, name: str, wrong: int) -> Submission:
    world.now += dt.timedelta(minutes=1)
    return asked(world, name, wrong)[0]


def test_there_is_one_row_with_the_better_released_value(world: World) -> None:
    asked(world, "a", 100, 90)
    asked(world, "b", 40)
    asked(world, "c", 20)
    before = board(world)
    assert set(before) == {"reference", "a", "b", "c"}

    merge(world)

    after = board(world)
    assert set(after) == {"reference", "a", "c"}
    assert (after["a"].released, after["a"].attempts) == (before["b"].released, 3)
    assert after["a"].absorbed == ["merging-b"]
    assert (after["c"].rank, after["a"].rank) == (1, 2)
    assert after["c"] == before["c"]


def test_a_row_of_files_of_the_absorbed_team_alone(world: World) -> None:
    asked(world, "b", 40)
    merge(world)

    assert board(world)["a"].attempts == 1
    assert board(world)["a"].rank == 1
    assert close(world)["a"].attempts == 1


def test_the_audit_has_one_menu_in_the_order_of_time(world: World) -> None:
    order = [("b", 110), ("a", 100), ("b", 70), ("a", 90), ("c", 10)]
    made = [later(world, name, wrong) for name, wrong in order]
    merge(world)
    made.append(later(world, "a", 95))

    found = close(world)

    assert set(found) == {"reference", "a", "c"}
    menu = [each.id for each in found["a"].submissions]
    assert menu == [made[place].pk for place in (0, 1, 2, 3, 5)]
    assert found["a"].attempts == 5
    assert found["a"].final_id in menu
    with acting_as("audit"):
        assert found["a"].released == board(world)["a"].released


def test_the_kept_teams_declared_final_is_the_final(world: World) -> None:
    own, better = later(world, "a", 100), later(world, "b", 40)
    submissions.declare_final(submission=own, now=world.now)
    submissions.declare_final(submission=better, now=world.now)
    merge(world)

    found = close(world)["a"]

    assert (found.final_id, found.final_is_declared) == (own.pk, True)
    assert Final.objects.filter(team=world.teams["b"]).exists()  # it stays, and counts no more
    assert board(world)["a"].released == pytest.approx(own.release.value)


def test_else_the_better_released_improvement_of_both(world: World) -> None:
    later(world, "a", 100)
    better = later(world, "b", 40)
    submissions.declare_final(submission=better, now=world.now)
    merge(world)
    later(world, "a", 60)

    found = close(world)["a"]

    assert (found.final_id, found.final_is_declared) == (better.pk, False)
    assert board(world)["a"].released == pytest.approx(better.release.value)


def test_else_the_file_that_was_handed_in_last(world: World) -> None:
    later(world, "a", 149)
    last = later(world, "b", 148)
    merge(world)

    assert close(world)["a"].final_id == last.pk


def test_withdrawn_files_of_both_are_audited(world: World) -> None:
    own, theirs = later(world, "a", 100), later(world, "b", 40)
    for each in (own, theirs):
        submissions.withdraw(submission=each, now=world.now)
    merge(world)

    found = close(world)["a"]

    assert [each.status for each in found.submissions] == ["WITHDRAWN", "WITHDRAWN"]
    assert found.final_id is None
    assert board(world)["a"].rank is None
