"""More queries for a team: exact under concurrency, reserved anew, visible at once, never taken back."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from stats.ledger import MAX_QUERIES
from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import budget, more_queries, notices
from vault.errors import ActError, BudgetError, NotAdmittedError, TotalExhaustedError
from vault.models import Admission, BudgetEntry, JournalEntry, Round, RoundNotice, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

REASON = "a bug of ours made three of its files worthless"


@pytest.fixture
def world() -> World:
    world = make_world("more", total_limit=2)
    world.open()
    return world


def give(world: World, team: Team, k: int, **given: Any) -> RoundNotice:
    named = {"reason": REASON, "actor": "ada", "now": NOW, **given}
    with acting_as("researcher"):
        return more_queries.give(round=world.round, team=team, k=k, **named)


def test_what_was_used_up_is_not_any_more(world: World) -> None:
    Round.objects.update(window_limit=5)
    world.round.refresh_from_db()
    team = world.team("a")
    for number in (1, 2):
        world.answered(team, world.wrong_at([number]))
    with pytest.raises(TotalExhaustedError):
        world.submit(team, world.wrong_at([3]))
    before = Admission.objects.get()

    give(world, team, 3)

    admission = Admission.objects.get()
    assert admission.k == 3
    assert admission.reserved_nats == budget.account_of(round=world.round).nats(k=3)
    assert admission.reserved_nats > before.reserved_nats
    left = budget.remaining(round=world.round, team=team, now=NOW)
    assert (left.total_limit, left.total_used, left.next_slot_at) == (3, 2, NOW)
    world.answered(team, world.wrong_at([3]))
    with pytest.raises(TotalExhaustedError):
        world.submit(team, world.wrong_at([4]))
    payload = json.loads(JournalEntry.objects.get(kind="queries_added").payload)
    assert payload.pop("reserved_nats") == admission.reserved_nats
    assert payload == {
        "round": 1,
        "team": team.name,
        "reason": REASON,
        "before": {"queries": 2},
        "after": {"queries": 3},
    }


def test_a_team_is_named_to_others_only_once_the_board_names_it(world: World) -> None:
    team = world.team("a")
    give(world, team, 3)

    assert [each.team for each in notices.changes(round=world.round)] == [None]
    world.answered(team, world.labels)
    assert [each.team for each in notices.changes(round=world.round)] == [team.name]


def test_a_blind_team_gets_queries_and_nothing_is_reserved(world: World) -> None:
    team = world.team("a", is_blind=True)

    give(world, team, 7)

    admission = Admission.objects.get()
    assert (admission.k, admission.reserved_nats) == (7, 0)


def test_what_is_no_raise_or_too_much_is_refused(world: World) -> None:
    team = world.team("a")
    for k in (-1, 0, 1, 2, MAX_QUERIES + 1):
        with pytest.raises(ActError, match="give 3 to 1,000,000 in all") as refused:
            give(world, team, k)
        assert refused.value.data == {"field": "k"}
    stranger = Team.objects.create(name="stranger")
    with pytest.raises(NotAdmittedError):
        give(world, stranger, 5)
    with pytest.raises(ActError, match="give a reason"):
        give(world, team, 5, reason=" ")
    assert Admission.objects.get().k == 2
    assert not RoundNotice.objects.exists()


@pytest.mark.parametrize("status", ["CLOSING", "CLOSED", "AUDITED", "PUBLISHED"])
def test_only_while_the_round_receives(world: World, status: str) -> None:
    team = world.team("a")
    with pytest.raises(ActError, match="has stopped receiving: let the team hand in late"):
        give(world, team, 3, now=world.round.closes_at)
    Round.objects.update(status=status)

    with pytest.raises(ActError, match=f"this one is {status}"):
        give(world, team, 3)


def test_twice_at_once_gives_once(world: World) -> None:
    team = world.team("a")
    refused: list[ActError] = []

    def act(_: int) -> None:
        try:
            more_queries.give(
                round=Round.objects.get(), team=team, k=5, reason=REASON, actor="ada", now=NOW
            )
        except ActError as error:
            refused.append(error)

    all_at_once(4, act)

    assert len(refused) == 3
    assert (Admission.objects.get().k, RoundNotice.objects.count()) == (5, 1)


def test_files_that_come_in_meanwhile_are_exactly_as_many_as_were_given() -> None:
    """Invariant 1: whatever the order, a budget of 2 that becomes 4 takes in at most 4, and 4 in the end."""
    world = make_world("exact", total_limit=2, window_limit=2)
    Round.objects.update(window_limit=100)
    world.open()
    team = world.team("a")
    refused: list[BudgetError] = []

    def act(number: int) -> None:
        if number == 7:
            more_queries.give(
                round=Round.objects.get(), team=team, k=4, reason=REASON, actor="ada", now=NOW
            )
            return
        try:
            world.submit(team, world.wrong_at([number]))
        except BudgetError as error:
            refused.append(error)

    all_at_once(8, act)

    charged = BudgetEntry.objects.count()
    assert 2 <= charged <= 4
    assert charged + len(refused) == 7
    for number in range(charged, 4):
        world.submit(team, world.wrong_at([20 + number]))
    with pytest.raises(TotalExhaustedError):
        world.submit(team, world.wrong_at([30]))
    assert BudgetEntry.objects.count() == 4


@pytest.mark.parametrize("role", ["web", "scoring", "researcher"])
def test_no_role_raises_an_account_without_a_notice(world: World, role: str) -> None:
    """Web and scoring may update k, without which nobody could lock the row."""
    world.team("a")
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        Admission.objects.update(k=1000)
    with acting_as(role):
        Admission.objects.update(k=2)  # nothing changes


def test_nothing_is_taken_back_by_any_role(world: World) -> None:
    team = world.team("a")
    give(world, team, 5, now=NOW + dt.timedelta(minutes=1))
    for given in ({"k": 4}, {"k": 6}, {"reserved_nats": 0}):
        with (
            acting_as("researcher"),
            pytest.raises(ProgrammingError, match="permission denied: an account is given more"),
            transaction.atomic(),
        ):
            Admission.objects.update(**given)
