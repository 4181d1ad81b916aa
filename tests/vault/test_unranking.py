"""Unranking: marked, with its reason, reversible, journaled, and without any other consequence."""

import json
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from tests.vault.factories import World, acting_as, make_world
from vault import history, leaderboard, notices, rounds, unranking
from vault.errors import UnrankingError
from vault.leaderboard import Row
from vault.models import JournalEntry, PublishedResult, Unranking

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world() -> World:
    """Three teams: a before b before c."""
    world = make_world("unranking")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    for name, wrong in {"a": 10, "b": 30, "c": 60}.items():
        world.answered(world.team(name), world.wrong_at(range(wrong)))
    return world


def unrank(world: World, name: str, reason: str = "two accounts of one person") -> None:
    with acting_as("researcher"):
        unranking.unrank(
            round=world.round, team=world.teams[name], reason=reason, actor="ada", now=world.now
        )


def rank_again(world: World, name: str, reason: str = "it was another person") -> None:
    with acting_as("researcher"):
        unranking.rank_again(
            round=world.round, team=world.teams[name], reason=reason, actor="ada", now=world.now
        )


def board(world: World) -> dict[str, Row]:
    with acting_as("web"):
        rows = leaderboard.board(round=world.round)
    return {row.team.removeprefix("unranking-"): row for row in rows}


def ranks(world: World) -> list[tuple[str, int | None]]:
    return [(name, row.rank) for name, row in board(world).items()]


def journaled() -> list[tuple[str, str, dict[str, str]]]:
    entries = JournalEntry.objects.filter(kind__startswith="team_").order_by("sequence")
    return [(each.kind, each.actor, json.loads(each.payload)) for each in entries]


def test_both_acts_stand_in_the_rounds_changes_with_their_reasons(world: World) -> None:
    unrank(world, "a")
    rank_again(world, "a")

    with acting_as("web"):
        changes = notices.changes(round=world.round)
    assert [(each.kind, each.team, each.reason) for each in changes] == [
        ("team_unranked", "unranking-a", "two accounts of one person"),
        ("team_reranked", "unranking-a", "it was another person"),
    ]
    assert [(kind, payload["reason"]) for kind, _, payload in journaled()] == [
        (each.kind, each.reason) for each in changes
    ]


def test_others_move_up_and_everybody_reads_why(world: World) -> None:
    before = board(world)
    unrank(world, "a")

    after = board(world)
    assert ranks(world) == [("b", 1), ("c", 2), ("reference", None), ("a", None)]
    assert after["a"] == replace(
        before["a"], rank=None, is_unranked=True, unranked_reason="two accounts of one person"
    )
    assert not after["b"].is_unranked
    assert after["b"].unranked_reason is None


def test_it_is_reversed_by_another_act(world: World) -> None:
    before = board(world)
    unrank(world, "b", "looked wrong")
    rank_again(world, "b", "was right")

    assert board(world) == before
    acts = Unranking.objects.order_by("pk").values_list("is_reversal", "reason", "actor")
    assert list(acts) == [(False, "looked wrong", "ada"), (True, "was right", "ada")]
    team = world.teams["b"].name
    assert journaled() == [
        ("team_unranked", "ada", {"round": 1, "team": team, "reason": "looked wrong"}),
        ("team_reranked", "ada", {"round": 1, "team": team, "reason": "was right"}),
    ]


def test_it_changes_nothing_that_a_verdict_rests_on(world: World) -> None:
    """The order of the board, which an audit only describes, is without the team."""
    with acting_as("audit"):
        before = history.round_history(round=world.round)
    unrank(world, "a")

    with acting_as("audit"):
        after = history.round_history(round=world.round)
    assert after.unranked == {world.teams["a"].pk}
    assert replace(after, unranked=before.unranked) == before


def test_published_ranks_leave_the_team_out_too(world: World) -> None:
    rounds.request_close(round=world.round, actor="test", now=world.now)
    rounds.close(round=world.round, actor="test", now=world.now)
    rounds.mark_audited(round=world.round, actor="test", now=world.now)
    results = [
        PublishedResult(
            team_id=world.teams[name].pk,
            submission_id=world.teams[name].submissions.get().pk,
            fresh_value=fresh,
            verdict="NO_EVIDENCE",
        )
        for name, fresh in {"a": 0.9, "b": 0.7, "c": 0.8}.items()
    ]
    rounds.publish(round=world.round, results=results, actor="test", now=world.now)
    unrank(world, "a")

    rows = board(world)
    assert ranks(world) == [("c", 1), ("b", 2), ("reference", None), ("a", None)]
    assert [(row.rank_before, row.rank_change) for row in rows.values()] == [
        *((2, 1), (1, -1)),
        *((None, None), (None, None)),
    ]
    assert (rows["a"].fresh, rows["a"].verdict) == (0.9, "NO_EVIDENCE")


def test_deactivated_team_stays_where_it_is(world: World) -> None:
    before = board(world)
    team = world.teams["a"]
    team.is_active = False
    team.save(update_fields=["is_active"])

    assert board(world) == before


@pytest.mark.parametrize(
    ("reason", "message"),
    [("", "give a reason"), (" \n", "give a reason"), ("x" * 501, "501"), ("a\x1bb", "control")],
)
def test_reason_is_a_line_that_can_be_shown(world: World, reason: str, message: str) -> None:
    with pytest.raises(UnrankingError, match=message) as refused:
        unranking.unrank(
            round=world.round, team=world.teams["a"], reason=reason, actor="ada", now=world.now
        )

    assert refused.value.data["field"] == "reason"
    assert not Unranking.objects.exists()
    assert journaled() == []


def test_lines_of_a_reason_are_joined(world: World) -> None:
    unrank(world, "a", "  one\r\n  two ")

    assert board(world)["a"].unranked_reason == "one two"


def test_what_makes_no_sense_is_refused(world: World) -> None:
    unrank(world, "a")
    with pytest.raises(UnrankingError, match="unranked already"):
        unranking.unrank(
            round=world.round, team=world.teams["a"], reason="x", actor="ada", now=world.now
        )
    with pytest.raises(UnrankingError, match="is not unranked"):
        unranking.rank_again(
            round=world.round, team=world.teams["b"], reason="x", actor="ada", now=world.now
        )
    with pytest.raises(UnrankingError, match="does not compete"):
        unranking.unrank(
            round=world.round,
            team=world.teams["reference"],
            reason="x",
            actor="ada",
            now=world.now,
        )
    planned = make_world("planned")
    with pytest.raises(UnrankingError, match="has not opened"):
        unranking.unrank(
            round=planned.round, team=planned.team("a"), reason="x", actor="ada", now=world.now
        )


def test_acts_are_never_edited(world: World) -> None:
    unrank(world, "a")
    for change in (
        lambda: Unranking.objects.update(reason="nothing"),
        lambda: Unranking.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
