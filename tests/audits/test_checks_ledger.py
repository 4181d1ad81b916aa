"""The ledger: what was reserved for the answers guarantees an error, or plainly nothing."""

import numpy as np
import pytest

from audits.checks import ledger
from stats.ledger import Account, attack_cap, guaranteed_error
from stats.mechanisms import MECHANISMS
from tests.audits.histories import collected, context, entrant

LADDER = MECHANISMS["guarded_ladder"]


def account(n: int, *, unit: float = 1.0, is_mean: bool = True) -> Account:
    return Account(
        mechanism=LADDER, parameters=LADDER.parameters(), n=n, unit=unit, is_mean=is_mean
    )


def test_states_the_bound_for_all_teams_together() -> None:
    teams = [entrant(i, np.ones((4_000, 3)), np.ones((10, 3))) for i in (1, 2)]

    (found,) = ledger.check(collected(*teams), context(nats=20.0, account=account(4_000)))

    assert found.team_id is None
    # sqrt((20 + ln(2 * 6 / .05)) / 8000) + .016
    assert found.estimate == pytest.approx(0.0725, abs=5e-4)
    assert found.estimate == guaranteed_error(nats=20.0, k=6, n=4_000, grid=1 / np.sqrt(4_000))
    assert found.evidence == {
        "nats": 20.0,
        "n_submissions": 6,
        "guarantees_something": True,
        "wear": "",
        "nats_by_source": {},
        "share": 0.0,
        "is_worn": False,
        "attack_cap": attack_cap(n=4_000, tau=0.05),
    }


def test_says_when_a_small_holdout_guarantees_nothing() -> None:
    team = entrant(1, np.ones((50, 1)), np.ones((10, 1)))

    (found,) = ledger.check(collected(team), context(nats=500.0, account=account(50)))

    assert found.estimate is None
    assert found.evidence["guarantees_something"] is False


def test_says_nothing_of_a_metric_that_is_no_mean() -> None:
    team = entrant(1, np.ones((4_000, 1)), np.ones((10, 1)))

    (found,) = ledger.check(
        collected(team), context(nats=0.0, account=account(4_000, is_mean=False))
    )

    assert found.estimate is None
    assert found.evidence["guarantees_something"] is False


def test_scales_with_the_unit() -> None:
    team = entrant(1, np.ones((400, 1)), np.ones((10, 1)))

    (plain,) = ledger.check(collected(team), context(nats=5.0, account=account(400)))
    (loss,) = ledger.check(collected(team), context(nats=5.0, account=account(400, unit=4.6)))

    assert plain.estimate is not None
    assert loss.estimate == pytest.approx(4.6 * plain.estimate)


def test_without_a_submission_there_is_nothing_to_bound() -> None:
    assert ledger.check(collected(n=100, m=100), context(nats=0.0, account=account(100))) == []


@pytest.mark.parametrize(
    ("answered", "reserved", "share", "is_worn"),
    [(79.0, 100.0, 0.79, False), (80.0, 100.0, 0.8, True), (0.0, 0.0, 0.0, False)],
)
def test_the_whole_ledger_says_how_much_of_what_was_reserved_is_spent(
    answered: float, reserved: float, share: float, is_worn: bool
) -> None:
    team = entrant(1, np.ones((400, 1)), np.ones((10, 1)))
    nats = {"answered": answered, "reserved": reserved, "told": 3.0}
    worn = context(account=account(400), nats_by_source=nats)
    (found,) = ledger.check(collected(team), worn)

    assert found.evidence["share"] == pytest.approx(share)
    assert found.evidence["is_worn"] is is_worn
    assert found.evidence["nats_by_source"]["told"] == 3.0


def test_a_share_of_nothing_is_no_number() -> None:
    team = entrant(1, np.ones((400, 1)), np.ones((10, 1)))
    (found,) = ledger.check(
        collected(team), context(account=account(400), nats_by_source={"answered": 1.0})
    )

    assert found.evidence["share"] is None
    assert found.evidence["is_worn"] is True
