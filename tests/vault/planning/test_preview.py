"""What a round could show, tell, prove and find, computed of a round that is not saved."""

from typing import Any

import pytest

from stats import ledger
from stats.planning_effect import detectable_overstatement
from tests.vault.factories import World, make_world
from vault import holdout_ledger
from vault.detectable import Detectable
from vault.models import Benchmark, Holdout, Round
from vault.planning import preview as round_preview

pytestmark = pytest.mark.usefixtures("vault_keys")


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("preview", n_query=200, n_fresh=400)


def drafted(**changed: Any) -> Round:
    """Nothing of it is saved, and nothing is looked up by its key."""
    benchmark = Benchmark(task="binary", primary_metric="accuracy", classes=["0", "1"])
    query = Holdout(kind="iid", n_items=4_000, batch="0" * 32)
    given = {
        "benchmark": benchmark,
        "query_holdout": query,
        "mechanism": "guarded_ladder",
        "parameters": {"b": 10, "c": 1.0, "z": 2.0},
        "total_limit": 100,
        "max_teams": 20,
        "publication": "coarse",
    }
    return Round(**given | changed)


def fresh(*sizes: int, **how: Any) -> list[Holdout]:
    given = {"kind": "iid", "batch": "0" * 32} | how
    return [Holdout(n_items=n, **given) for n in sizes]


def shares(found: list[Detectable]) -> dict[float, tuple[float, float | None]]:
    return {each.share: (each.low, each.high) for each in found}


def test_nats_add_up_and_the_proven_error_is_of_their_sum() -> None:
    account = holdout_ledger.account_of(round=drafted())
    found = round_preview.reach(account=account, k=100, n_teams=20, n_references=2, told=7.0)

    alone, one = account.nats(k=100), account.nats(k=1)
    known = 7.0 + 2 * one
    assert (found.of_team, found.of_teams) == (alone, 20 * alone)
    assert found.alone.nats == pytest.approx(known + alone)
    assert found.together.nats == pytest.approx(known + 20 * alone)
    assert (found.alone.k, found.together.k) == (100, 2_000)
    assert found.together.error == ledger.proven_error(
        account=account, nats=found.together.nats, k=2_000
    )
    assert found.alone.error is not None
    assert found.together.error is not None
    assert found.alone.error < found.together.error


def test_published_figures_have_steps_of_the_fresh_holdouts_that_decide() -> None:
    """1 / (2 sqrt(2,500)) is .01; a holdout of another draw or kind does not count."""
    holdouts = [*fresh(1_000, 1_500), *fresh(9_000, batch="1" * 32), *fresh(9_000, kind="temporal")]

    def step(round: Round, holdouts: list[Holdout]) -> float | None:
        return round_preview.published_step(round=round, fresh_holdouts=holdouts)

    assert step(drafted(), holdouts) == pytest.approx(0.01)
    assert step(drafted(publication="full"), holdouts) == 0.0
    assert step(drafted(), holdouts[2:]) is None


def test_detectable_overstatement_is_that_of_the_audit() -> None:
    found = shares(round_preview.detectable(round=drafted(), fresh_holdouts=fresh(6_000, 4_000)))

    by_hand = detectable_overstatement(
        disagreement=0.1, n=4_000, m=10_000, n_teams=20, delta0=0.005
    )
    assert list(found) == [0.05, 0.1, 0.2, 0.5]
    assert found[0.1] == (by_hand, by_hand)
    assert by_hand == pytest.approx(0.0281, abs=1e-4)


def test_small_holdouts_find_nothing_that_a_file_with_few_differences_can_reach() -> None:
    round = drafted(query_holdout=Holdout(kind="iid", n_items=200, batch="0" * 32))

    found = round_preview.detectable(round=round, fresh_holdouts=fresh(400))

    assert [each.is_reachable for each in found] == [False, False, True, True]
    assert found[0].low > 0.05


def test_groups_that_err_as_one_count_by_what_they_are_worth() -> None:
    """Of 4,000 items in 400 groups of 10; two fresh holdouts worth 500 and 100 of 5,000 items each."""
    query = Holdout(
        kind="iid", n_items=4_000, batch="0" * 32, draws_groups=True, n_units=400, n_effective=400.0
    )
    holdouts = [
        *fresh(5_000, draws_groups=True, n_units=500, n_effective=500.0),
        *fresh(5_000, draws_groups=True, n_units=500, n_effective=100.0),
    ]
    # (5,000 + 5,000)^2 / (5,000^2/500 + 5,000^2/100)
    assert round_preview.effective_number(holdouts) == pytest.approx(1_000 / 3)

    found = shares(
        round_preview.detectable(round=drafted(query_holdout=query), fresh_holdouts=holdouts)
    )

    low, high = found[0.2]
    assert found[0.05][1] is not None  # more than such a file can gain, and known all the same
    assert high == pytest.approx(
        detectable_overstatement(disagreement=0.2, n=400, m=1_000 / 3, n_teams=20, delta0=0.005)
    )
    query.n_effective = None
    unknown = round_preview.detectable(round=drafted(query_holdout=query), fresh_holdouts=holdouts)
    assert shares(unknown)[0.2] == (low, None)


def test_of_losses_the_share_is_of_the_range() -> None:
    """A typical difference of a tenth of a cap of 1,000."""
    loss = Benchmark(task="regression", primary_metric="mae", loss_cap=1_000.0, delta0=0.0)

    found = shares(
        round_preview.detectable(round=drafted(benchmark=loss), fresh_holdouts=fresh(10_000))
    )

    by_hand = detectable_overstatement(disagreement=0.01, n=4_000, m=10_000, n_teams=20)
    assert found[0.1][0] == pytest.approx(1_000 * by_hand)


def test_where_nothing_can_be_named_beforehand_the_reason_is() -> None:
    def reason(round: Round, holdouts: list[Holdout]) -> str:
        return round_preview.undetectable(round=round, fresh_holdouts=holdouts)

    few = Holdout(kind="iid", n_items=5, batch="0" * 32)
    ranked = Benchmark(
        task="binary", primary_metric="roc_auc", prediction_form="probability", classes=["0", "1"]
    )

    assert reason(drafted(), fresh(6_000)) == ""
    assert "no team is tested" in reason(drafted(), [])
    assert "too few other draws" in reason(drafted(query_holdout=few), fresh(5))
    assert "ROC AUC is no mean of items" in reason(drafted(benchmark=ranked), fresh(6_000))


def test_a_saved_round_has_the_same_figures(world: World) -> None:
    round = world.round
    unsaved = Round(
        benchmark=round.benchmark,
        query_holdout=round.query_holdout,
        mechanism=round.mechanism,
        parameters=round.parameters,
        max_teams=round.max_teams,
    )

    assert round_preview.detectable(
        round=round, fresh_holdouts=round.fresh_holdouts.all()
    ) == round_preview.detectable(round=unsaved, fresh_holdouts=[world.fresh])
