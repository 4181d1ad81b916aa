"""Links of accounts: with a reason, journaled, reversible, appealed against, and of no other consequence."""

import datetime as dt
import json

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from tests.vault.factories import World, acting_as, make_world
from vault import account_links, leaderboard
from vault.errors import ActError
from vault.models import AccountAppeal, AccountLink, JournalEntry, Team, Unranking

pytestmark = [pytest.mark.usefixtures("vault_keys")]
TODAY = dt.date(2026, 3, 1)


@pytest.fixture
def world() -> World:
    world = make_world("links")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    for name, wrong in {"a": 10, "b": 30, "c": 60}.items():
        world.answered(world.team(name), world.wrong_at(range(wrong)))
    return world


def link(world: World, *names: str, reason: str = "they share an address") -> AccountLink:
    teams = [world.teams[name].pk for name in names]
    with acting_as("researcher"):
        return account_links.link(
            round=world.round, teams=teams, reason=reason, actor="ada", now=world.now
        )


def take_back(world: World, *names: str) -> AccountLink:
    teams = [world.teams[name].pk for name in names]
    with acting_as("researcher"):
        return account_links.take_back(
            round=world.round, teams=teams, reason="a seminar", actor="ada", now=world.now
        )


def appeal(world: World, held: AccountLink, name: str, **given: object) -> AccountAppeal:
    values: dict[str, object] = {"text": "We share a course.", "received_on": world.now.date()}
    with acting_as("researcher"):
        return account_links.record_appeal(
            link=held,
            team=world.teams[name],
            actor="ada",
            now=world.now,
            **{**values, **given},  # type: ignore[arg-type]
        )


def linked(world: World) -> list[set[int]]:
    with acting_as("researcher"):
        return [set(each) for each in account_links.linked(round=world.round)]


def journaled() -> list[tuple[str, str, dict[str, object]]]:
    kinds = ("accounts_linked", "accounts_unlinked", "appeal_recorded")
    entries = JournalEntry.objects.filter(kind__in=kinds).order_by("sequence")
    return [(each.kind, each.actor, json.loads(each.payload)) for each in entries]


def test_a_link_holds_until_it_is_taken_back_and_both_are_journaled(world: World) -> None:
    link(world, "b", "a")
    assert linked(world) == [{world.teams["a"].pk, world.teams["b"].pk}]

    take_back(world, "a", "b")
    assert linked(world) == []
    link(world, "a", "b")
    assert len(linked(world)) == 1

    names = [world.teams["a"].name, world.teams["b"].name]
    number = world.round.number
    linking = {"round": number, "teams": names, "reason": "they share an address"}
    assert journaled() == [
        ("accounts_linked", "ada", linking),
        ("accounts_unlinked", "ada", {**linking, "reason": "a seminar"}),
        ("accounts_linked", "ada", linking),
    ]


def test_nothing_else_follows(world: World) -> None:
    with acting_as("web"):
        before = leaderboard.board(round=world.round)
    held = link(world, "a", "b")
    appeal(world, held, "a")
    with acting_as("web"):
        after = leaderboard.board(round=world.round)

    assert after == before
    assert not Unranking.objects.exists()
    assert Team.objects.filter(is_active=False).count() == 0


def test_only_two_or_more_accounts_of_the_round_are_linked_once(world: World) -> None:
    stranger = Team.objects.create(name="stranger")
    world.teams["stranger"] = stranger
    for names in (("a",), ("a", "a"), (), ("a", "stranger"), ("a", "baseline")):
        with pytest.raises(ActError) as refused:
            link(world, *(name for name in names if name in world.teams))
        assert refused.value.data["field"] == "accounts"
    link(world, "a", "b")
    with pytest.raises(ActError, match="linked already"):
        link(world, "b", "a")
    link(world, "a", "b", "c")
    assert len(linked(world)) == 2


def test_a_link_says_why(world: World) -> None:
    for reason in ("", "  "):
        with pytest.raises(ActError):
            link(world, "a", "b", reason=reason)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountLink.objects.create(round=world.round, reason="", actor="ada", at=world.now)
    assert journaled() == []
    assert not AccountLink.objects.exists()


def test_what_is_not_linked_cannot_be_taken_back(world: World) -> None:
    link(world, "a", "b", "c")
    with pytest.raises(ActError, match="not linked"):
        take_back(world, "a", "b")


def test_an_appeal_is_recorded_word_for_word_and_decides_nothing(world: World) -> None:
    held = link(world, "a", "b")
    made = appeal(world, held, "b", text=" We share a course.\nAsk <them>. ")

    assert made.text == "We share a course.\nAsk <them>."
    assert (made.actor, made.received_on) == ("ada", world.now.date())
    assert len(linked(world)) == 1
    kind, actor, payload = journaled()[-1]
    assert (kind, actor) == ("appeal_recorded", "ada")
    assert payload["team"] == world.teams["b"].name
    assert payload["text"] == made.text


def test_an_appeal_is_of_a_linked_team_of_a_day_and_says_something(world: World) -> None:
    held = link(world, "a", "b")
    tomorrow = world.now.date() + dt.timedelta(days=1)
    for name, given, field in (
        ("c", {}, "team"),
        ("a", {"received_on": tomorrow}, "received_on"),
        ("a", {"text": " \n "}, "text"),
    ):
        with pytest.raises(ActError) as refused:
            appeal(world, held, name, **given)
        assert refused.value.data["field"] == field
    assert not AccountAppeal.objects.exists()


@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
def test_no_other_role_links_or_reads(world: World, role: str) -> None:
    link(world, "a", "b")
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        list(AccountLink.objects.all())
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        AccountLink.objects.create(round=world.round, reason="x", actor="x", at=world.now)
