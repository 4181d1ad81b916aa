"""Each line of the size study can be played; the lines' special teams are what they say."""

import math

import numpy as np
import pytest

from lab.leagues import size
from lab.leagues.pool import make_pool
from lab.leagues.settings import SETTINGS
from lab.leagues.size import Outcome, Setting, measure

QUICK = [setting for setting in SETTINGS if "k=2000" not in setting.name]


@pytest.mark.parametrize("setting", QUICK, ids=lambda setting: setting.name)
def test_a_line_can_be_played(setting: Setting) -> None:
    outcome = setting.play(np.random.default_rng(61))

    assert 0 < outcome.organiser <= 1
    assert math.isnan(outcome.own_first) or 0 < outcome.own_first <= 1
    assert abs(outcome.inflation) < 0.2


@pytest.mark.calibration
@pytest.mark.parametrize(
    "setting",
    [
        setting
        for setting in SETTINGS
        if not setting.adaptive and not any(f"k={k}," in setting.name for k in (50, 100, 300, 2000))
    ],
    ids=lambda setting: setting.name,
)
def test_honest_teams_are_rejected_as_often_as_stated(setting: Setting) -> None:
    """AT-18, C3's sizes: at most .08 at .05. 600 leagues, seed 123: Binomial(600, .05) > 48 has p < 5e-4."""
    found = measure(setting=setting, reps=600, rng=np.random.default_rng(123))

    for shares in (found.own_first, found.organiser):
        assert math.isnan(shares[0.05]) or shares[0.05] <= 0.08


def test_names_are_unique() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


def test_shares_are_counted_of_the_tests_that_ran() -> None:
    p_values = iter([0.001, 0.03, math.nan, 0.5])
    setting = Setting(
        name="made up",
        play=lambda rng: Outcome(own_first=next(p_values), organiser=0.01, inflation=0.1),
        reps=4,
    )

    found = measure(setting=setting, reps=4, rng=np.random.default_rng(1))

    assert found.own_first == {0.05: 2 / 3, 0.01: 1 / 3}
    assert found.organiser == {0.05: 1.0, 0.01: 1.0}
    assert found.inflation == pytest.approx(0.1)


def test_stopping_when_lucky_stops_at_the_lucky_file() -> None:
    rng = np.random.default_rng(62)
    pool = make_pool(n=500, m=500, rng=rng)
    stopped = [size.stops_when_lucky(pool, 40, rng) for _ in range(20)]

    assert any(menu.right.shape[1] < 40 for menu in stopped)
    for menu in stopped:
        if menu.right.shape[1] < 40:
            assert menu.final == menu.right.shape[1] - 1


def test_ties_are_ties() -> None:
    rng = np.random.default_rng(63)
    pool = make_pool(n=500, m=500, rng=rng)
    scores = size.ties(pool, 30, rng).right[:500].sum(axis=0)

    assert len(np.unique(scores)) <= 20
