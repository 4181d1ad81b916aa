"""The ledger is the holdout's: answers of all its rounds, publications about it, references on a board."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from audits.checks import ledger as ledger_check
from stats import ledger
from stats.planning import Plan, planned
from tests.audits.histories import collected, context, entrant
from tests.vault.corrected import ask_to_replace, ask_to_void
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import budget, holdout_ledger, journal, rounds
from vault.admin.rounds import proven_error
from vault.models import Admission, Holdout, HoldoutTold, Round
from vault.sealing import corrections

pytestmark = [pytest.mark.usefixtures("vault_keys")]

TEAMS, K = 8, 50


@pytest.fixture
def world(vault_keys: None) -> World:
    """Eight teams with 50 queries each on 4,000 items, of which 93 nats were told before."""
    world = make_world(
        "ledger", n_query=4_000, n_fresh=10, mechanism="guarded_ladder", total_limit=K
    )
    for number in range(TEAMS):
        world.team(f"team-{number}")
    return world


def told(world: World, nats: float) -> None:
    rounds.count_publication(round=world.round, holdout=world.query, nats=nats, now=NOW)


def test_what_was_told_before_widens_the_proven_error(world: World) -> None:
    """243 nats of answers and 93 of publications and references: .224, and not .194."""
    assert holdout_ledger.holdout_nats(holdout=world.query) == pytest.approx(243, abs=0.5)
    account = holdout_ledger.account_of(round=world.round)
    answers = holdout_ledger.holdout_nats(holdout=world.query)
    alone = ledger.proven_error(account=account, nats=answers, k=TEAMS * K)
    assert alone == pytest.approx(0.194, abs=5e-4)

    told(world, 93)

    nats = rounds.holdout_nats(round=world.round)
    assert nats == pytest.approx(336, abs=0.5)
    menu = entrant(1, np.ones((4_000, TEAMS * K)), np.ones((10, TEAMS * K)))
    (found,) = ledger_check.check(collected(menu), context(account=account, nats=nats))
    assert found.estimate == pytest.approx(0.224, abs=5e-4)
    assert found.evidence["nats"] == nats
    assert proven_error(world.round).startswith(
        f"{found.estimate:.4g} at most if all 400 admitted queries are used, even if all teams act as one"
    )


def of_groups(world: World, **worth: Any) -> None:
    """As if the query holdout had been drawn in whole groups."""
    Holdout.objects.filter(pk=world.query.pk).update(draws_groups=True, **worth)
    world.query.refresh_from_db()
    world.round.query_holdout = world.query


def test_of_groups_so_much_is_proven_as_of_the_items_that_they_are_worth(world: World) -> None:
    """The audit, the admin and a plan of the same round prove the same: .706 by 200 items, not .194."""
    of_groups(world, n_units=200, n_effective=200.0)
    nats = rounds.holdout_nats(round=world.round)
    account = rounds.account(round=world.round)
    menu = entrant(1, np.ones((4_000, TEAMS * K)), np.ones((10, TEAMS * K)))

    (found,) = ledger_check.check(collected(menu), context(account=account, nats=nats))

    by_hand = np.sqrt((nats + np.log(2 * TEAMS * K / 0.05)) / (2 * 200)) + 1 / np.sqrt(4_000)
    assert found.estimate == pytest.approx(by_hand)
    assert proven_error(world.round).startswith(f"{by_hand:.4g}")
    table = planned(plan=Plan(n=4_000, n_effective=200, tau=0.5, k=K, teams=TEAMS))
    assert table.colluding.bound == pytest.approx(by_hand)


def test_of_groups_of_unknown_sizes_nothing_is_proven(world: World) -> None:
    """They were sealed before their sizes were kept."""
    of_groups(world)

    assert proven_error(world.round) == (
        "nothing is guaranteed if all 400 admitted queries are used and all teams act as one"
    )
    nats = rounds.holdout_nats(round=world.round)
    (found,) = ledger_check.check(
        collected(entrant(1, np.ones((4_000, 1)), np.ones((10, 1)))),
        context(account=rounds.account(round=world.round), nats=nats),
    )
    assert found.estimate is None
    assert found.evidence["guarantees_something"] is False


@pytest.mark.parametrize("role", ["web", "researcher", "audit"])
def test_items_left_out_are_taken_off_what_is_proven(role: str) -> None:
    """Nobody may learn which of them were query items, so all count as such: 1,400 of 4,000."""
    world = make_world("ledger", n_query=4_000, n_fresh=200, mechanism="guarded_ladder")
    world.team("ours", k=K)
    for corrected in (range(1_000), range(1_000, 1_400)):
        before = holdout_ledger.account_to_bound(round=world.round)
        ask_to_void(world, corrected)
        assert holdout_ledger.account_to_bound(round=world.round) == before
        assert corrections.carry_out(request_id=corrections.due()[0], clock=lambda: NOW)

    with acting_as(role):
        account = holdout_ledger.account_to_bound(round=world.round)

    assert (account.n, account.n_left_out) == (4_000, 1_400)
    nats = account.nats(k=K)
    by_hand = np.sqrt((nats + np.log(2 * K / 0.05)) / (2 * 2_600)) + 1 / np.sqrt(4_000)
    assert ledger.proven_error(account=account, nats=nats, k=K) == pytest.approx(by_hand)


def test_replaced_labels_count_all(world: World) -> None:
    ask_to_replace(world, {0: 1, 1: 1})
    assert corrections.carry_out(request_id=corrections.due()[0], clock=lambda: NOW)

    assert holdout_ledger.account_to_bound(round=world.round).n_left_out == 0


def test_noise_reserves_more_nats_for_groups() -> None:
    """Twenty alike items move the score twenty times as far as one: 20/(2 c^2) a query."""
    world = make_world("noise", n_query=2_000, n_fresh=10, mechanism="gaussian", total_limit=K)
    of_groups(world, n_units=100, n_effective=100.0)

    world.team("team")

    admission = Admission.objects.get(team=world.teams["team"])
    assert admission.reserved_nats == pytest.approx(20 * K / (2 * 2**2))


def test_a_team_reckons_with_what_everybody_was_told(world: World) -> None:
    team = world.teams["team-0"]
    told(world, 93)

    left = budget.remaining(round=world.round, team=team, now=NOW)

    own = Admission.objects.get(team=team).reserved_nats
    assert (left.nats_reserved, left.nats_told) == (own, 93)
    assert holdout_ledger.team_nats(round=world.round, team=team) == pytest.approx(own + 93)


def test_displayed_references_are_counted_when_the_round_opens(world: World) -> None:
    """Each is an answer to one query that everybody reads: ln(1 + 64) of 64 lines."""
    for number in range(2):
        team = world.team(f"reference-{number}", is_reference=True)
        world.answered(team, world.wrong_at(range(1_000 + number)))
    with acting_as("researcher"):
        rounds.open_round(round=world.round, references=None, actor="test", now=NOW)

    (row,) = HoldoutTold.objects.all()
    assert (row.what, row.holdout, row.round) == ("references", world.query, world.round)
    assert row.nats == pytest.approx(2 * np.log(65))
    with acting_as("web"):
        assert holdout_ledger.told_nats(holdout=world.query) == row.nats


def test_a_reference_that_is_not_shown_tells_nothing() -> None:
    world = make_world("hidden", mechanism="gaussian")
    world.answered(world.team("reference", is_reference=True), world.wrong_at(range(10)))

    world.open()

    assert holdout_ledger.told_nats(holdout=world.query) == 0


def test_rounds_on_one_holdout_share_its_ledger(world: World) -> None:
    before = holdout_ledger.holdout_nats(holdout=world.query)
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    world.round.pk, world.round.number = None, 2
    world.round.save(force_insert=True)
    budget.admit(
        round=world.round,
        team=world.teams["team-0"],
        k=None,
        is_blind=False,
        actor="test",
        now=NOW,
    )

    assert holdout_ledger.holdout_nats(holdout=world.query) == pytest.approx(before * 9 / 8)
    assert holdout_ledger.team_nats(round=world.round, team=world.teams["team-0"]) == pytest.approx(
        before * 2 / 8
    )


@pytest.mark.parametrize(
    "change", ["UPDATE vault_holdouttold SET nats = 0", "DELETE FROM vault_holdouttold"]
)
def test_what_was_told_cannot_be_taken_back(world: World, change: str) -> None:
    told(world, 1)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        from_rows(change)


def from_rows(statement: str) -> None:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(statement)


def test_publications_of_before_enter_the_ledger_with_the_table(world: World) -> None:
    """They were journaled with their nats; running the migration's step twice counts them once."""
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    journal.append(
        benchmark_id=world.benchmark.pk,
        kind="fresh_figures_published",
        actor="test",
        payload={"holdout": str(world.fresh.pk), "nats": 93.0},
        now=NOW,
    )
    count = import_module("vault.migrations.0015_what_holdouts_told").count_what_was_told

    for _ in range(2):
        count(apps, None)

    (row,) = HoldoutTold.objects.all()
    assert (row.holdout, row.round, row.what) == (world.fresh, world.round, "publication")
    assert (row.nats, row.at) == (93.0, NOW)
