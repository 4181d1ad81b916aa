"""The ledger: what was reserved for the answers guarantees an error, or plainly nothing."""

import numpy as np
import pytest

from audits.checks import ledger
from stats.ledger import attack_cap, guaranteed_error
from tests.audits.histories import collected, entrant


def test_states_the_bound_for_all_teams_together() -> None:
    teams = [entrant(i, np.ones((4_000, 3)), np.ones((10, 3))) for i in (1, 2)]

    (found,) = ledger.check(collected(*teams), reserved_nats=20.0, grid=0.016)

    assert found.team_id is None
    # sqrt((20 + ln(2 * 6 / .05)) / 8000) + .016
    assert found.estimate == pytest.approx(0.0725, abs=5e-4)
    assert found.estimate == guaranteed_error(nats=20.0, k=6, n=4_000, grid=0.016)
    assert found.evidence == {
        "nats_reserved": 20.0,
        "n_submissions": 6,
        "guarantees_something": True,
        "attack_cap": attack_cap(n=4_000, tau=0.05),
    }


def test_says_when_a_small_holdout_guarantees_nothing() -> None:
    team = entrant(1, np.ones((50, 1)), np.ones((10, 1)))

    (found,) = ledger.check(collected(team), reserved_nats=500.0, grid=0.14)

    assert found.estimate is not None
    assert found.estimate > 1
    assert found.evidence["guarantees_something"] is False


def test_scales_with_the_unit() -> None:
    team = entrant(1, np.ones((400, 1)), np.ones((10, 1)))

    (plain,) = ledger.check(collected(team), reserved_nats=5.0, grid=0.0)
    (loss,) = ledger.check(collected(team, unit=4.6), reserved_nats=5.0, grid=0.0)

    assert plain.estimate is not None
    assert loss.estimate == pytest.approx(4.6 * plain.estimate)


def test_without_a_submission_there_is_nothing_to_bound() -> None:
    assert ledger.check(collected(n=100, m=100), reserved_nats=0.0, grid=0.1) == []
