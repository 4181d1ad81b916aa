"""Rankings: published contests, ranks under resampling."""

from typing import Any

import numpy as np
import pytest

from stats.ranking import agreement, kendall_tau, rank_intervals, shake_up, top_overlap
from tests.stats.reference_data import reference_file


def photo_contest(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Public and private losses of the 50 best teams, by the release of the public one."""
    rows = reference_file(f"ladder_jl/top50{kind}-private.csv").read_text().splitlines()[1:]
    values = [[float(cell.strip('"')) for cell in row.split(",")] for row in rows]
    return tuple(np.array(values).T)


@pytest.mark.parametrize(
    ("kind", "tau", "difference"), [("kaggle", 0.7702, 0.002388), ("ladder", 0.7910, 0.002501)]
)
def test_photo_contest(kind: str, tau: float, difference: float) -> None:
    """The published photo contest of Blum and Hardt."""
    public, private = photo_contest(kind)

    found = agreement(
        query_scores=-public, fresh_scores=-private, rng=np.random.default_rng(161), n_draws=200
    )

    assert found.tau == pytest.approx(tau, abs=1e-4)
    assert np.mean(public - private) == pytest.approx(difference, abs=1e-4)


def test_photo_contest_differences_between_releases() -> None:
    """23 of 50 public scores differ, by .00195 at most."""
    exact, ladder = photo_contest("kaggle")[0], photo_contest("ladder")[0]
    gaps = np.abs(exact - ladder)

    assert np.count_nonzero(gaps > 1e-12) == 23
    assert gaps.max() == pytest.approx(0.00195, abs=1e-5)


def test_agreement_by_hand() -> None:
    """Ranks 1 2 3 4 and 2 1 3 4: one of six pairs turned, two teams moved by one of four ranks."""
    found = agreement(
        query_scores=[4, 3, 2, 1], fresh_scores=[3, 4, 2, 1], rng=np.random.default_rng(1), top=1
    )

    assert found.tau == pytest.approx(4 / 6)
    assert found.shake_up == pytest.approx(2 / 4 / 4)
    assert (found.top, found.top_overlap) == (1, 0)
    assert -1 <= found.tau_interval.low <= found.tau_interval.high <= 1


def test_a_ranking_of_equals_agrees_with_any() -> None:
    found = agreement(
        query_scores=[1, 1, 1], fresh_scores=[1, 2, 3], rng=np.random.default_rng(1), n_draws=10
    )

    assert found.tau == 1
    assert found.top == 3


def test_tau_of_drawn_teams_is_that_of_the_teams_drawn() -> None:
    """Each draw's tau-b as if its teams were ranked anew, ties and copies included; seed 164."""
    rng = np.random.default_rng(164)
    query, fresh = rng.integers(4, size=9).astype(float), rng.integers(5, size=9).astype(float)

    found = agreement(
        query_scores=query, fresh_scores=fresh, rng=np.random.default_rng(2), n_draws=300
    )

    draws = np.random.default_rng(2).integers(9, size=(300, 9))
    taus = [kendall_tau(query_scores=query[each], fresh_scores=fresh[each]) for each in draws]
    assert found.tau_interval.low == pytest.approx(np.quantile(taus, 0.025))
    assert found.tau_interval.high == pytest.approx(np.quantile(taus, 0.975))


@pytest.mark.parametrize(("n_teams", "noise"), [(8, 0.3), (8, 0.8), (30, 0.8)])
def test_the_interval_of_tau_covers_that_of_all_teams(n_teams: int, noise: float) -> None:
    """400 samples of teams, seed 169; with .95 below 346 once in 5 x 10^10, with .9 once in 100.

    The scores are normal with correlation r = 1 / (1 + noise^2), whose tau is 2 asin(r) / pi.
    """
    rng = np.random.default_rng(169)
    truth = 2 / np.pi * np.arcsin(1 / (1 + noise**2))
    covered = 0
    for _ in range(400):
        skill = rng.normal(size=n_teams)
        query, fresh = (skill + noise * rng.normal(size=n_teams) for _ in range(2))
        found = agreement(query_scores=query, fresh_scores=fresh, rng=rng, n_draws=400)
        covered += found.tau_interval.low <= truth <= found.tau_interval.high

    assert covered >= 346


def test_rank_intervals_are_those_of_resampled_items() -> None:
    """Poisson against index resampling, seed 162, 4,000 draws each: first ranks within .05 (5 se)."""
    rng = np.random.default_rng(162)
    scores = (rng.random((400, 4)) < [0.80, 0.79, 0.77, 0.6]).astype(float)

    found = rank_intervals(item_scores=scores, rng=rng, n_draws=4_000)

    means = scores[rng.integers(400, size=(4_000, 400))].mean(axis=1)
    best = (means.round(12) == means.round(12).max(axis=1, keepdims=True)).mean(axis=0)
    assert found.first == pytest.approx(best, abs=0.05)
    assert (found.low[3], found.high[3]) == (4, 4)
    assert (found.low <= found.high).all()


@pytest.mark.parametrize(("scale", "offset"), [(1e-7, 0), (1e6, 0), (1, 1e7)])
def test_rank_intervals_know_no_unit(scale: float, offset: float) -> None:
    """Small differences are no ties, and single precision does not swallow those of large scores."""
    rng = np.random.default_rng(165)
    scores = rng.random((500, 4)) + 0.02 * np.arange(4)

    found = [
        rank_intervals(item_scores=given, rng=np.random.default_rng(1), n_draws=400)
        for given in (scores, scale * scores + offset)
    ]

    assert found[1].low.tolist() == found[0].low.tolist()
    assert found[0].low.tolist() != found[0].high.tolist()
    assert found[1].high.tolist() == found[0].high.tolist()
    assert found[1].first == pytest.approx(found[0].first, abs=0.01)


def test_equal_teams_cannot_be_told_apart() -> None:
    """Equal on these items: other items may part them, and any of them may be the best or the last."""
    scores = np.repeat(np.random.default_rng(163).random((50, 1)), 3, axis=1)

    found = rank_intervals(item_scores=scores, rng=np.random.default_rng(1), n_draws=50)

    assert found.low.tolist() == [1, 1, 1]
    assert found.high.tolist() == [3, 3, 3]
    assert found.first.tolist() == [1, 1, 1]


def test_a_constant_lead_is_certain() -> None:
    scores = np.random.default_rng(166).random((50, 1)) + np.array([0.3, 0.1, 0.2])

    found = rank_intervals(item_scores=scores, rng=np.random.default_rng(1), n_draws=50)

    assert found.low.tolist() == found.high.tolist() == [1, 3, 2]


def test_too_few_draws_for_the_level_exclude_nothing() -> None:
    """Of 18 draws none is as rare as 1 in 20."""
    scores = np.random.default_rng(167).random((50, 3)) + np.array([3, 1, 2])

    found = [
        rank_intervals(item_scores=scores, rng=np.random.default_rng(1), n_draws=n_draws)
        for n_draws in (18, 19)
    ]

    assert (found[0].low.tolist(), found[0].high.tolist()) == ([1, 1, 1], [3, 3, 3])
    assert found[1].low.tolist() == found[1].high.tolist() == [1, 3, 2]


@pytest.mark.parametrize(
    "shares",
    [
        pytest.param([0.7] * 10, id="all-equal"),
        pytest.param([0.7, 0.7, 0.699, 0.698, 0.69, 0.69, 0.65, 0.6], id="near-ties"),
        pytest.param([0.9] * 6, id="nearly-all-right"),
    ],
)
def test_all_ranks_at_once_are_covered(shares: list[float]) -> None:
    """300 samples of 400 items, seed 168: Binomial(300, .95) is below 265 once in 7 x 10^5.

    Percentiles of resampled ranks, each for itself, held all ranks in 4, 192 and 80 of 300 samples: of equal
    teams every rank is 1, and whoever came last by chance was given 2 or worse.
    """
    rng = np.random.default_rng(168)
    truth = np.array([1 + sum(other > share for other in shares) for share in shares])
    covered = 0
    for _ in range(300):
        # Teams share most of what is easy and hard for them.
        own = rng.random((400, len(shares)))
        difficulty = np.where(rng.random((400, 1)) < 0.7, rng.random((400, 1)), own)
        scores = (difficulty < shares).astype(float)
        found = rank_intervals(item_scores=scores, rng=rng, n_draws=400)
        covered += bool(((found.low <= truth) & (truth <= found.high)).all())

    assert covered >= 265


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (agreement, {"query_scores": [1], "fresh_scores": [1]}, "at least two"),
        (agreement, {"query_scores": [1, 2], "fresh_scores": [1, 2, 3]}, "fresh_scores"),
        (agreement, {"query_scores": [1, np.nan], "fresh_scores": [1, 2]}, "finite"),
        (agreement, {"query_scores": [1, 2], "fresh_scores": [1, 2], "top": 0}, "top"),
        (agreement, {"query_scores": [1, 2], "fresh_scores": [1, 2], "n_draws": 0}, "n_draws"),
        (rank_intervals, {"item_scores": [[1.0], [0.0]], "n_draws": 0}, "n_draws"),
        (rank_intervals, {"item_scores": [[1.0], [0.0]], "confidence_level": 0}, "confidence"),
        (rank_intervals, {"item_scores": [[1.0]]}, "item_scores"),
        (rank_intervals, {"item_scores": [[1.0], [np.inf]]}, "finite"),
    ],
)
def test_impossible_rankings_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given, rng=np.random.default_rng(1))


def test_tau_of_two_rankings() -> None:
    assert kendall_tau(query_scores=[1, 2, 3], fresh_scores=[4, 5, 6]) == 1.0
    # Of six pairs one is the other way round: (5 - 1) / 6.
    shuffled = kendall_tau(query_scores=[1, 2, 3, 4], fresh_scores=[2, 1, 3, 4])
    assert shuffled == pytest.approx(4 / 6)
    with pytest.raises(ValueError, match="fresh_scores: as many as query_scores"):
        kendall_tau(query_scores=[1, 2, 3], fresh_scores=[1, 2])


def test_shake_up_and_overlap_are_those_of_the_agreement(rng: np.random.Generator) -> None:
    """By another way than the platform's formula: the sum of moves, and sets of names."""
    query, fresh = rng.normal(size=(2, 30))
    both = {"query_scores": query, "fresh_scores": fresh}
    ranks = [(-scores).argsort().argsort() for scores in (query, fresh)]
    best = [{i for i in range(30) if place[i] < 7} for place in ranks]

    assert shake_up(**both) == pytest.approx(np.abs(ranks[0] - ranks[1]).sum() / 900)
    assert top_overlap(**both, top=7) == pytest.approx(len(best[0] & best[1]) / 7)
    found = agreement(**both, rng=rng, top=7, n_draws=50)
    assert (found.shake_up, found.top_overlap) == (shake_up(**both), top_overlap(**both, top=7))
    with pytest.raises(ValueError, match="top"):
        top_overlap(**both, top=0)
    with pytest.raises(ValueError, match="as many"):
        shake_up(query_scores=query, fresh_scores=fresh[:3])
