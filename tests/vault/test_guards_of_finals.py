"""What the database refuses the web role, where teams declare, and lets no other role declare."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from tests.vault.corrected import flip
from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.test_accepting_late import AFTER, END, allow, hand_in, withdraw
from tests.vault.test_guards import final_of, refused, sent
from vault import rounds, submissions
from vault.models import Final, Round, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    """Two teams with two files each, of which the second of team b is its final."""
    made = make_world("finals", closes_at=END, total_limit=9)
    made.open(baseline=made.wrong_at(range(60)))
    for name in ("a", "b"):
        team = made.team(name)
        for first in (10, 40):
            made.answered(team, made.wrong_at(range(first, first + 9)))
    submissions.declare_final(submission=sent(made, "b", 2), now=NOW)
    return made


def declared(world: World, name: str, sequence: int) -> Final:
    return final_of(world, name, sequence, is_declared=True)


@pytest.mark.parametrize("status", ["QUEUED", "SCORING", "FAILED", "CANCELLED", "WITHDRAWN"])
@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
def test_a_final_is_a_scored_file(world: World, role: str, status: str) -> None:
    others: dict[str, Any] = {"finished_at": None} if status in ("QUEUED", "SCORING") else {}
    if status == "SCORING":
        others["leased_until"] = NOW
    for name in ("a", "b"):
        mine = Submission.objects.filter(team=world.teams[name], sequence=1)
        mine.update(status=status, **others)

    row = final_of(world, "a", 1, is_declared=role == "web")
    refused(role, row.save, "a final is a scored file")
    if role != "audit":
        final = Final.objects.filter(team=world.teams["b"])
        final.update(is_declared=role == "web")
        refused(role, lambda: final.update(submission=sent(world, "b", 1)), "is a scored file")
    assert not Final.objects.filter(team=world.teams["a"]).exists()


@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
def test_a_reference_has_no_final(world: World, role: str) -> None:
    row = final_of(world, "reference", 1, is_declared=role == "web")

    refused(role, row.save, "of no reference")


def test_a_final_is_of_the_round_of_its_file(world: World) -> None:
    other = Round.objects.get()
    other.pk, other.number, other.status, other.unaudited = None, 2, "PLANNED", True
    other.closes_at, other.opened_at = END + dt.timedelta(days=9), None
    other.save(force_insert=True)
    Round.objects.filter(pk=world.round.pk).update(status="CLOSING", stopped_at=END)
    Round.objects.filter(pk=other.pk).update(status="OPEN", opened_at=END)
    row = final_of(world, "a", 1, is_declared=True, round=other)

    refused("web", row.save, "in its round")
    final = Final.objects.filter(team=world.teams["b"])
    refused("web", lambda: final.update(is_declared=False), "permission denied")


@pytest.mark.parametrize("role", ["scoring", "audit"])
def test_the_workers_declare_nothing(world: World, role: str) -> None:
    refused(role, declared(world, "a", 1).save, "a team alone declares")


@pytest.mark.parametrize("status", ["OPEN", "CLOSING"])
def test_what_a_team_declared_no_worker_changes(world: World, status: str) -> None:
    stopped = END if status == "CLOSING" else None
    Round.objects.update(status=status, stopped_at=stopped)
    final = Final.objects.filter(team=world.teams["b"])
    changes: list[dict[str, Any]] = [
        {"submission": sent(world, "b", 1)},
        {"submission": sent(world, "b", 1), "chosen_at": AFTER},
        {"chosen_at": AFTER},
        {"submission": sent(world, "b", 2)},
    ]
    for change in changes:
        refused("scoring", partial(final.update, **change), "changed by a team alone")
    refused("audit", lambda: final.update(chosen_at=AFTER), "permission denied")
    assert final.get().submission == sent(world, "b", 2)
    # One that was filled in is chosen again.
    final.update(is_declared=False)
    with acting_as("scoring"):
        assert final.update(submission=sent(world, "b", 1), chosen_at=AFTER) == 1


def test_the_web_role_fills_no_final_in(world: World) -> None:
    """The close would find a row where it adds one, and the round would never be closed."""
    refused("web", final_of(world, "a", 1).save, "fills none in")
    refused("web", lambda: Final.objects.update(is_declared=False), "fills none in")


def test_while_a_round_closes_no_team_but_a_late_one_decides(world: World) -> None:
    ours = world.teams["a"]
    allow(world, ours)
    world.submit(world.teams["b"], world.wrong_at([1]))
    rounds.close_what_is_due(now=END)
    assert Round.objects.get().status == "CLOSING"

    of_b = Final.objects.filter(team=world.teams["b"])
    refused("web", lambda: of_b.update(submission=sent(world, "b", 1)), "may not be late")
    refused("web", of_b.delete, "may not be late")
    with acting_as("web"):
        submissions.declare_final(submission=sent(world, "a", 1), now=AFTER)
        submissions.withdraw(submission=sent(world, "a", 1), now=AFTER)
    withdraw(world, ours)
    refused("web", declared(world, "a", 2).save, "may not be late")
    assert Final.objects.get().submission == sent(world, "b", 2)


def test_what_teams_and_workers_do_goes_on(world: World) -> None:
    """Declared, declared anew, withdrawn; late; filled in at the close, and after corrected labels."""
    with acting_as("web"):
        for sequence in (1, 2, 1):
            submissions.declare_final(submission=sent(world, "a", sequence), now=NOW)
        submissions.withdraw(submission=sent(world, "a", 1), now=NOW)
    allow(world, world.teams["b"])
    rounds.close_what_is_due(now=END)
    late = world.score(hand_in(world, world.teams["b"], 5))
    with acting_as("web"):
        submissions.declare_final(submission=late, now=AFTER)
    with acting_as("scoring"):
        rounds.close_what_is_due(now=AFTER)
    assert Round.objects.get().status == "CLOSED"
    ended = {world.teams["a"].pk: sent(world, "a", 2).pk, world.teams["b"].pk: late.pk}
    assert dict(Final.objects.values_list("team", "submission")) == ended
    flip(world, range(30))
    assert dict(Final.objects.values_list("team", "submission")) == ended
