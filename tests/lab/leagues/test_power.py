"""The attackers of the study: what they gain, and how their disguises look."""

import numpy as np
import pytest
import scipy.stats as sps

from lab.leagues import power
from lab.leagues.power import ATTEMPTS, Attempt, measure


def test_linear_vote_gains_what_theory_says() -> None:
    """d (Phi(sqrt(k/(d n))) - 1/2) on the contested share d = .2: .0383 at n = 2,000, k = 100.

    Seed 64, 40 attacks; the gain's standard deviation over attacks is about .005, so the mean is within
    .004 (5 standard errors).
    """
    rng = np.random.default_rng(64)
    theory = 0.2 * (sps.norm.cdf(np.sqrt(100 / 400)) - 0.5)
    gains = []
    for _ in range(40):
        task = power.make_task(n=2000, m=2000, rng=rng)
        right = power.linear_vote(task, 100, rng)
        expected = np.where(task.contested, 0.5, 0.8125)[:2000].mean()
        base = right[:2000, 0].mean() - expected
        gains.append(right[:2000, -1].mean() - expected - base * 0.8)

    assert np.mean(gains) == pytest.approx(theory, abs=0.004)


def test_hill_climb_never_falls() -> None:
    rng = np.random.default_rng(65)
    task = power.make_task(n=500, m=1000, rng=rng)
    right = power.hill_climb(task, 50, rng)

    assert right.shape == (1500, 52)
    assert right[:500, -1].sum() == right[:500].sum(axis=0).max()
    assert (right[~task.contested] == task.baseline[~task.contested, None]).all()


def test_disguises() -> None:
    rng = np.random.default_rng(66)
    task = power.make_task(n=500, m=1000, rng=rng)
    right = power.linear_vote(task, 10, rng)

    decoys = power.with_decoys(task, right, rng)
    assert decoys.right.shape[1] == right.shape[1] + 50
    assert (decoys.right[:, decoys.final] == right[:, -1]).all()
    odd = power.odd_first(task, right, rng).right
    assert 0.4 < np.mean(odd[:, 0] == right[:, 0]) < 0.6
    assert (odd[:, 1:] == right[:, 1:]).all()
    assert power.clean_account(task, right, rng).right.shape[1] == 1
    tweaked = power.clean_account_tweaked(task, right, rng)
    assert np.count_nonzero(tweaked.right[:, 0] != tweaked.right[:, 1]) == power.N_TWEAKED
    steps = power.improves_first(task, right, rng).right
    assert steps[:, 0].mean() < steps[:, 30].mean()
    early = power.boosted_early(task, right, rng)
    assert np.mean(early.right[:, 1] == right[:, -1]) > 0.98
    assert (early.right[:, early.final] == right[:, -1]).all()
    assert power.honest_final(task, right, rng).final == 0
    assert power.plain(task, right, rng).right is right


def test_a_strong_attack_is_measured_as_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 67; one team, so that the p-values need not be as fine as a round's."""
    monkeypatch.setattr(power, "N_TEAMS", 1)
    attempt = Attempt(name="strong", attack=power.linear_vote, k=200, n=1000, m=2000)

    found = measure(attempt=attempt, reps=4, rng=np.random.default_rng(67))

    assert (found.own_files, found.confirmed, found.named) == (1, 1, 1)
    assert found.organizer >= 0.5
    assert found.overstatement > 0.03


def test_names_are_unique() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)
