"""The task an attacker plays on, and what it is told."""

import numpy as np
import pytest

from lab.attacks.arena import Arena, make_task
from stats.mechanisms import MECHANISMS


def test_baseline_is_exactly_as_good_as_said() -> None:
    task = make_task(n=4000, rng=np.random.default_rng(1), base=0.75, contested=0.2)

    right = task.baseline == task.labels
    assert right.mean() == 0.75
    assert len(task.contested) == 800
    assert right[task.contested].mean() == 0.5
    assert task.gain(task.baseline) == pytest.approx(0)


def test_gain_is_what_query_labels_gave() -> None:
    """Ten contested answers turned right show .0025 of 4,000 items; on fresh items they are a coin flip."""
    task = make_task(n=4000, rng=np.random.default_rng(2), base=0.75, contested=0.2)
    final = task.baseline.copy()
    wrong = task.contested[(task.baseline != task.labels)[task.contested]][:10]
    final[wrong] ^= 1

    assert task.gain(final) == pytest.approx(10 / 4000)
    # Turning right answers elsewhere is a loss on fresh items as well: no gain was taken.
    elsewhere = np.setdiff1d(np.arange(4000), task.contested)
    final = task.baseline.copy()
    final[elsewhere] ^= 1
    assert task.gain(final) == pytest.approx(0)


@pytest.mark.parametrize(("base", "contested"), [(0.9, 1.0), (0.05, 0.2), (0.5, 1.5)])
def test_what_cannot_hold_together_is_refused(base: float, contested: float) -> None:
    with pytest.raises(ValueError, match="base and contested"):
        make_task(n=100, rng=np.random.default_rng(1), base=base, contested=contested)


def test_nothing_contested_means_no_votes() -> None:
    task = make_task(n=100, rng=np.random.default_rng(1), base=0.9, contested=0)

    with pytest.raises(ValueError, match="contested"):
        task.votes(3, np.random.default_rng(1))


def test_an_account_is_told_what_the_mechanism_releases() -> None:
    """The paired standard error against the incumbent, by hand: 30 answers turned right of 400."""
    rng = np.random.default_rng(3)
    task = make_task(n=400, rng=rng)
    ladder = MECHANISMS["guarded_ladder"]
    arena = Arena(task=task, mechanism=ladder, parameters=ladder.parameters(), rng=rng)
    account = arena.account()
    better = task.baseline.copy()
    better[np.flatnonzero(task.baseline != task.labels)[:30]] ^= 1

    answer = account.ask(better)

    # Level floor(.575 / .05) = 11 of the grid 1/sqrt(400).
    assert answer.value == pytest.approx(0.55)
    assert answer.accepted
    assert (account.incumbent == (better == task.labels)).all()
    differences = (better == task.labels).astype(float) - (task.baseline == task.labels)
    free = MECHANISMS["parameter_free_ladder"]
    se = differences.std(ddof=1) / 20
    for z, accepted in ((0.075 / se - 1e-6, True), (0.075 / se + 1e-6, False)):
        other = Arena(task=task, mechanism=free, parameters=free.parameters(z=z), rng=rng)
        assert other.account().ask(better).accepted is accepted


def test_accounts_have_states_of_their_own() -> None:
    rng = np.random.default_rng(4)
    task = make_task(n=400, rng=rng)
    ladder = MECHANISMS["guarded_ladder"]
    arena = Arena(task=task, mechanism=ladder, parameters=ladder.parameters(b=1), rng=rng)
    one, other = arena.account(), arena.account()

    assert one.ask(task.labels).accepted
    assert other.ask(task.labels).accepted
    assert one.ask(task.labels).outcome == "cap_used"
    assert (one.asked, other.asked) == (2, 1)
