"""Entries against gap, beside scipy and by hand; and what makes a verdict of it."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from stats.dose_response import DoseResponse, detectable, dose_response, gap_quartiles

Floats = NDArray[np.float64]


def board(n_teams: int, *, seed: int, slope: float = 0.0) -> dict[str, Any]:
    """Entries that follow skill, and a public score that rises with entries by `slope`."""
    rng = np.random.default_rng(seed)
    skill = rng.normal(0.7, 0.05, n_teams)
    entries = np.floor(1 + np.exp(20 * (skill - 0.7) + 2 + rng.normal(0, 1, n_teams)))
    luck = rng.normal(0, 0.01, (2, n_teams))
    public = skill + luck[0] + slope * np.log(entries)
    return {"public": public, "private": skill + luck[1], "entries": entries}


def residual_correlation(one: Floats, other: Floats, given: Floats) -> float:
    """What least squares on the third one's rank leaves of two ranks."""
    design = np.column_stack([np.ones(len(given)), sps.rankdata(given)])
    left = []
    for ranks in (sps.rankdata(one), sps.rankdata(other)):
        left.append(ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0])
    return float(sps.pearsonr(*left).statistic)


def test_spearman_is_that_of_scipy() -> None:
    given = board(80, seed=1)

    found = dose_response(**given)

    gap = given["public"] - given["private"]
    expected = sps.spearmanr(given["entries"], gap, alternative="greater")
    assert found.spearman == pytest.approx(expected.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)
    assert (found.n_teams, found.verdict) == (80, "NO_EVIDENCE")


@pytest.mark.parametrize("sizes", [None, (1_000, 3_000)])
def test_partial_is_that_of_residuals(sizes: tuple[int, int] | None) -> None:
    given = board(120, seed=2, slope=0.003)
    public, private = given["public"], given["private"]
    level = sps.rankdata(public) + sps.rankdata(private)
    if sizes is not None:
        level = sizes[0] * public + sizes[1] * private

    n_public, n_private = sizes or (None, None)
    found = dose_response(**given, n_public=n_public, n_private=n_private)

    expected = residual_correlation(given["entries"], public - private, level)
    assert found.partial == pytest.approx(expected, abs=1e-10)
    t = expected * np.sqrt(117 / (1 - expected**2))
    assert found.partial_p == pytest.approx(sps.t.sf(t, 117), rel=1e-8)


def test_one_size_is_no_sizes() -> None:
    given = board(60, seed=3)

    assert dose_response(**given, n_public=100) == dose_response(**given)


def test_a_gap_that_grows_with_entries_is_inflated() -> None:
    given = board(200, seed=4, slope=0.01)

    assert dose_response(**given).verdict == "INFLATED"
    down = dose_response(**{**given, "public": given["private"], "private": given["public"]})
    assert down.verdict == "NO_EVIDENCE"
    assert down.spearman is not None
    assert down.spearman < -0.1


@pytest.mark.parametrize(("n_teams", "verdict"), [(49, "TOO_SMALL"), (50, "INFLATED")])
def test_fifty_teams_are_needed(n_teams: int, verdict: str) -> None:
    assert dose_response(**board(n_teams, seed=5, slope=0.05)).verdict == verdict


def test_a_small_correlation_of_many_teams_is_not_enough() -> None:
    """Significant among 5,000 teams, and below .10."""
    found = dose_response(**board(5_000, seed=6, slope=0.0006))

    assert found.p_value is not None
    assert found.spearman is not None
    assert found.p_value <= 0.01
    assert 0.03 < found.spearman < 0.10
    assert found.verdict == "NO_EVIDENCE"


def test_what_good_teams_do_is_taken_out() -> None:
    """A private scale of .5: the gap goes with skill as entries do, and nothing else connects them."""
    given = board(300, seed=7)
    given["private"] = 0.7 + 0.5 * (given["private"] - 0.7)

    found = dose_response(**given)

    assert found.spearman is not None
    assert found.partial is not None
    assert found.spearman > 0.3
    assert abs(found.partial) < 0.15
    assert found.verdict == "NO_EVIDENCE"


def test_equal_gaps_tie_whatever_doubles_say() -> None:
    """.3 - .2 and .4 - .3 differ in the last bit."""
    public = np.repeat([0.3, 0.4, 0.8], 20)
    found = dose_response(public=public, private=public - 0.1, entries=np.arange(60))

    assert found.spearman is None
    assert found.p_value is None
    assert found.verdict == "NOT_TESTED"


def test_equal_entries_are_not_tested() -> None:
    given = board(60, seed=8)
    found = dose_response(**{**given, "entries": [3] * 60})

    assert (found.spearman, found.partial, found.verdict) == (None, None, "NOT_TESTED")


def test_nothing_is_left_where_the_level_is_the_gap() -> None:
    """All differences between teams are on the public half, so gap and level are one order."""
    found = dose_response(public=np.arange(60), private=np.zeros(60), entries=np.arange(60) % 7)

    assert found.spearman is not None
    assert (found.partial, found.partial_p, found.verdict) == (None, None, "NOT_TESTED")


def test_a_level_that_all_share_takes_nothing_out() -> None:
    gap = np.arange(60)
    found = dose_response(public=gap, private=-gap, entries=(gap * 7) % 60)

    assert found.partial == found.spearman


def test_a_perfect_order_has_an_end_of_p() -> None:
    up = dose_response(public=np.arange(9), private=-np.arange(9), entries=np.arange(9))
    down = dose_response(public=-np.arange(9), private=np.arange(9), entries=np.arange(9))

    assert (up.spearman, up.p_value) == (1.0, 0.0)
    assert (down.spearman, down.p_value) == (-1.0, 1.0)


def test_few_teams_have_no_p() -> None:
    found = dose_response(public=[1, 2], private=[1, 1], entries=[1, 2])

    assert found == DoseResponse(
        n_teams=2,
        spearman=1.0,
        p_value=None,
        partial=None,
        partial_p=None,
        mde=None,
        verdict="TOO_SMALL",
    )


@pytest.mark.parametrize(("n_teams", "mde"), [(4, 1.0), (103, 0.317), (1_003, 0.1002)])
def test_the_least_that_is_found(n_teams: int, mde: float) -> None:
    assert detectable(n_teams=n_teams) == pytest.approx(mde, abs=5e-4)


def test_the_least_that_is_found_is_found_with_80_percent() -> None:
    """Normal pairs of that correlation, 1,500 boards, seed 9: the share's standard error is .010."""
    rng = np.random.default_rng(9)
    n, mde = 203, detectable(n_teams=203)
    assert mde is not None
    # Pearson's correlation whose rank correlation is mde.
    rho = 2 * np.sin(np.pi * mde / 6)
    found = 0
    for _ in range(1_500):
        entries, gap = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n).T
        p = dose_response(public=gap, private=np.zeros(n), entries=entries).p_value
        found += p is not None and p <= 0.01
    assert found / 1_500 == pytest.approx(0.80, abs=0.05)


def test_quartiles_by_hand() -> None:
    found = gap_quartiles(
        public=[8, 7, 6, 5, 4, 3, 2, 1], private=np.zeros(8), entries=[1, 2, 3, 4, 5, 6, 7, 8]
    )

    assert found.medians == (7.5, 5.5, 3.5, 1.5)
    assert found.n_teams == (2, 2, 2, 2)
    assert (found.min_entries, found.max_entries) == ((1, 3, 5, 7), (2, 4, 6, 8))


def test_equal_entries_stay_in_one_quartile() -> None:
    found = gap_quartiles(
        public=np.arange(8), private=np.zeros(8), entries=[1, 1, 1, 1, 1, 1, 7, 9]
    )

    assert found.n_teams == (0, 6, 0, 2)
    assert found.medians == (None, 2.5, None, 6.5)
    assert found.min_entries == (0, 1, 0, 7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"public": [], "private": [], "entries": []}, "one of each"),
        ({"public": [1.0], "private": [1.0, 2.0], "entries": [1]}, "one of each"),
        ({"public": [[1.0]], "private": [[1.0]], "entries": [[1]]}, "one of each"),
        ({"public": [np.nan], "private": [1.0], "entries": [1]}, "public"),
        ({"public": [1.0], "private": [1.0], "entries": [np.inf]}, "entries"),
        (
            {"public": [1.0], "private": [1.0], "entries": [1], "n_public": 0, "n_private": 1},
            "n_public",
        ),
    ],
)
def test_impossible_boards_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dose_response(**given)
