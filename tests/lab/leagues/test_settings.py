"""The leagues of the study: each can be played, and none of them accuses honest teams too often."""

import numpy as np
import pytest
import scipy.stats as sps

from lab.leagues import players, settings
from lab.leagues.calibration import LeagueCount, count_leagues
from lab.leagues.pool import make_pool
from lab.leagues.settings import SETTINGS, Setting
from stats.team_tests import BEST_SCORED, ORGANIZER, OWN_FILES

NAMES = [each.name for each in SETTINGS]
HONEST = [each for each in SETTINGS if not each.adaptive and "points" not in each.name]


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_a_league_can_be_played(setting: Setting) -> None:
    played = setting.play(np.random.default_rng(5))

    assert len(played.contestants) in (20, 40)
    assert all(each.final is not None for each in played.contestants)
    assert played.drawn.n + played.drawn.m == len(played.references.items)


@pytest.mark.calibration
@pytest.mark.parametrize("setting", HONEST, ids=[each.name for each in HONEST])
def test_honest_teams_are_rejected_as_often_as_stated(setting: Setting) -> None:
    """Eight leagues, seed 6: the best-scored file's tests at .05, and leagues with a CONFIRMED.

    Teams of a league share references, so their tests lean the same way: 8 leagues of 20 teams count as 30
    independent tests at least. Binomial(30, .05) exceeds 9 with p < 1e-5; Binomial(8, .01) exceeds 2 with
    p < 6e-5.
    """
    chunk = count_leagues(
        setting=setting, n_leagues=8, rng=np.random.default_rng([6, NAMES.index(setting.name)])
    )
    count = LeagueCount(setting=setting, chunks=[chunk])

    assert count.confirmed <= 2
    for kind in (OWN_FILES, ORGANIZER):
        assert count.share(file=BEST_SCORED, kind=kind, level=0.05)[0] <= 9 / 30


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_ties_are_ties() -> None:
    rng = np.random.default_rng(7)
    pool = make_pool(n=100, m=100, rng=rng)

    right = settings.ties(pool, 9, rng).right

    assert np.count_nonzero(right[:, 1] != right[:, 0]) <= 1


def test_the_luckiest_is_no_best() -> None:
    """Chosen by released minus own score: in most of 20 leagues another file than the best released.

    Seed 8. A uniform choice among 20 files would be the best in 1 of 20; at most 12 have p < 1e-9.
    """
    rng = np.random.default_rng(8)
    same = 0
    for _ in range(20):
        pool = make_pool(n=300, m=300, rng=rng)
        menu = settings.luckiest(pool, 20, rng)
        same += menu.final == int(np.argmax(menu.right[:300].mean(axis=0)))

    assert same <= 12


def test_adopters_compare_with_what_was_published() -> None:
    played = settings.adopters(np.random.default_rng(9), k=3, n=200, m=300, n_teams=5)

    assert played.references.k == settings.N_REFERENCES + settings.N_PUBLISHED_FINALS


def test_a_changed_model_is_the_default_final() -> None:
    pool = make_pool(n=100, m=100, rng=np.random.default_rng(10))

    assert players.changes_model(pool, 9, np.random.default_rng(11)).final == 8


def test_clusters_are_whole_and_strata_keep_their_numbers() -> None:
    rng = np.random.default_rng(12)
    whole = settings.clusters(rng, size=10, k=3, n=100, m=200, n_teams=2).drawn
    apart = settings.strata(rng, k=3, n=100, m=200, n_teams=2).drawn

    assert whole.n_units == 30
    assert [len(each) for each in apart.strata] == [
        len(np.flatnonzero(apart.stratum_of_unit == s)) for s in (0, 1)
    ]


def test_limit_is_exceeded_by_chance_in_one_of_2500_studies() -> None:
    assert sps.binom.sf(22, 1000, 0.01) < 4e-4 < sps.binom.sf(21, 1000, 0.01)
