"""The planner's table: what it promises, and what it does not."""

import math
from typing import Any

import pytest

from stats.ledger import guaranteed_error, permissible_queries
from stats.mechanisms import MECHANISMS
from stats.planning import MechanismRow, Plan, Planned, Proof, planned


def row(table: Planned, mechanism: str) -> MechanismRow:
    return next(each for each in table.mechanisms if each.mechanism == mechanism)


def test_every_mechanism_and_bound_has_a_row() -> None:
    table = planned(plan=Plan(n=50_000, tau=0.05))

    assert [each.mechanism for each in table.mechanisms] == list(MECHANISMS)
    assert len(table.bounds) == 5
    assert table.attack_cap == pytest.approx(789.5, abs=0.1)
    assert not table.guarantees_nothing


def test_rows_hold_the_ledgers_figures() -> None:
    plan = Plan(n=50_000, tau=0.05, k=200, b=3)
    ladder = row(planned(plan=plan), "guarded_ladder")
    account = plan.account(mechanism="guarded_ladder")

    assert ladder.parameters["b"] == 3
    assert ladder.nats == account.nats(k=200)
    assert ladder.proof.error == guaranteed_error(
        nats=ladder.nats, k=200, n=50_000, grid=1 / math.sqrt(50_000)
    )
    assert ladder.permissible == permissible_queries(account=account, tau=0.05)


def test_a_bound_beyond_tau_promises_nothing() -> None:
    """4,000 items at .02: one single answer is already off by .0215 in one of 20 holdouts."""
    table = planned(plan=Plan(n=4_000, tau=0.02))

    assert table.guarantees_nothing
    assert table.least_error == pytest.approx(math.sqrt(math.log(40) / 8_000))
    assert {each.proof.error for each in table.mechanisms} == {None}
    assert {each.permissible for each in table.mechanisms} == {0}
    assert {each.proof.error for each in table.bounds} == {None}
    assert table.colluding.error is None
    assert table.alone.error is None
    assert table.alone.bound is not None
    assert table.alone.bound > 0.02


def test_colluding_teams_add_their_nats_and_queries() -> None:
    plan = Plan(n=1_000_000, tau=0.05, k=100, teams=20)
    table = planned(plan=plan)
    nats = plan.account(mechanism="guarded_ladder").nats(k=100)

    assert table.colluding.error == guaranteed_error(
        nats=20 * nats, k=2_000, n=1_000_000, grid=1e-3
    )
    assert table.alone.error == guaranteed_error(nats=nats, k=100, n=1_000_000, grid=1e-3)


@pytest.mark.parametrize("metric", ["roc_auc", "macro_f1", "mcc"])
def test_metrics_that_are_no_means_have_no_proven_bound(metric: str) -> None:
    table = planned(plan=Plan(n=1_000_000, tau=0.1, metric=metric))

    assert {each.is_provable for each in table.mechanisms} == {False}
    assert {each.permissible for each in table.mechanisms} == {None}
    assert {each.proof.bound for each in table.mechanisms} == {None}
    assert table.bounds == []
    assert table.guarantees_nothing
    assert table.attack_cap is None


def test_of_log_loss_only_the_raw_score_is_without_a_bound() -> None:
    table = planned(plan=Plan(n=1_000_000, tau=0.1, metric="log_loss", unit=4.6))

    unproven = [each.mechanism for each in table.mechanisms if not each.is_provable]
    assert unproven == ["exact"]
    assert row(table, "guarded_ladder").proof.error is not None
    assert table.bounds == []


def test_a_gain_of_half_and_more_has_no_attack_cap() -> None:
    assert planned(plan=Plan(n=1_000, tau=0.6)).attack_cap is None


def test_proof_says_whether_the_bound_is_within_tau() -> None:
    assert Proof(bound=0.05, tau=0.05).error == 0.05
    assert Proof(bound=0.051, tau=0.05).error is None
    assert Proof(bound=None, tau=0.05).error is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 0},
        {"n": 10**12 + 1},
        {"k": 0},
        {"k": 10**6 + 1},
        {"teams": 0},
        {"tau": 0.0},
        {"tau": 1.0},
        {"tau": math.nan},
        {"beta": 0.0},
        {"beta": 1.0},
        {"b": 0},
        {"b": 1_001},
        {"metric": "novelty"},
        {"unit": math.nan},
        {"unit": math.inf},
        {"unit": -1.0},
        {"told": -1.0},
        {"told": math.inf},
    ],
    ids=str,
)
def test_plans_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} must be"):
        Plan(**{"n": 100, "tau": 0.1, **wrong})


def test_a_plan_for_groups_proves_what_their_effective_number_allows() -> None:
    """2,000 items in 100 equal groups: one answer may be off by .136, and not by .030."""
    table = planned(plan=Plan(n=2_000, n_effective=100, tau=0.2, k=1))

    assert table.least_error == pytest.approx(math.sqrt(math.log(40) / 200))
    ladder = row(table, "guarded_ladder")
    assert ladder.proof.bound == guaranteed_error(
        nats=ladder.nats, k=1, n=100, grid=1 / math.sqrt(2_000)
    )
    assert table.alone.bound == ladder.proof.bound
    assert table.bounds == []
    assert table.attack_cap is None


def test_more_independent_items_than_items_are_no_plan() -> None:
    with pytest.raises(ValueError, match="n_effective must be from 1 to n"):
        Plan(n=100, n_effective=101, tau=0.1)
