"""Tiers by simultaneous paired intervals: who can be told from the tier's best."""

import numpy as np
import pytest
import scipy.stats as sps

from stats.tiers import simultaneous_half_widths, tiers


def alike(rng: np.random.Generator, *, m: int, shares: list[float]) -> np.ndarray:
    """Right-or-wrong files that differ from one model on few items, with these shares right."""
    base = rng.random(m)
    return np.column_stack([base + rng.normal(0, 0.02, m) < share for share in shares])


def test_one_pair_has_the_usual_paired_interval() -> None:
    """With T = 2 there is one difference: 1.96 standard errors, to the draws' precision (3 %)."""
    rng = np.random.default_rng(1)
    scores = rng.random((4_000, 2)) < (0.8, 0.7)

    found = simultaneous_half_widths(item_scores=scores, rng=rng, n_draws=20_000)

    difference = scores[:, 0].astype(float) - scores[:, 1]
    expected = sps.norm.ppf(0.975) * difference.std(ddof=1) / np.sqrt(4_000)
    assert found[0, 1] == found[1, 0] == pytest.approx(expected, rel=0.03)
    assert found[0, 0] == found[1, 1] == 0


def test_independent_teams_reach_the_studentised_range() -> None:
    """Ten independent teams of equal spread: the quantile is that of the range, q(.95; 10) / sqrt 2."""
    rng = np.random.default_rng(2)
    scores = rng.standard_normal((20_000, 10))

    found = simultaneous_half_widths(item_scores=scores, rng=rng, n_draws=20_000)

    error = np.sqrt(2 / 20_000)
    quantile = sps.studentized_range.ppf(0.95, 10, np.inf) / np.sqrt(2)
    assert found[0, 1] / error == pytest.approx(quantile, rel=0.03)


def test_all_differences_are_covered_together() -> None:
    """400 rounds of 6 dependent teams; 95 % nominal: below 367 has probability 2e-3 (binomial)."""
    rng = np.random.default_rng(3)
    skill = np.array([0.75, 0.75, 0.76, 0.77, 0.78, 0.8])
    hits = 0
    for _ in range(400):
        difficulty = rng.random((800, 1))
        # Each item's chance moves all teams together; the mean over items is the skill.
        scores = 0.6 * (difficulty < skill) + 0.4 * (rng.random((800, 6)) < skill)
        widths = simultaneous_half_widths(item_scores=scores, rng=rng, n_draws=500)
        means = scores.mean(axis=0)
        off = np.abs((means[:, None] - means) - (skill[:, None] - skill))
        hits += bool((off <= widths + 1e-12).all())
    assert hits >= 367


@pytest.mark.parametrize(("groups", "teams"), [(5, 2), (5, 10), (15, 5), (30, 10)])
def test_few_groups_are_covered_too(groups: int, teams: int) -> None:
    """400 rounds of normal groups; 95 % nominal: below 367 has probability 2e-3 (binomial). Seed 13."""
    rng = np.random.default_rng(13)
    hits = 0
    for _ in range(400):
        scores = rng.standard_normal((groups, 1)) + rng.standard_normal((groups, teams))
        widths = simultaneous_half_widths(item_scores=scores, rng=rng, n_draws=500)
        means = scores.mean(axis=0)
        hits += bool((np.abs(means[:, None] - means) <= widths + 1e-12).all())
    assert hits >= 367


def test_overlapping_intervals_are_no_test() -> None:
    """.80 against .78 on 4,000 items: single intervals overlap, the paired difference is clear."""
    rng = np.random.default_rng(4)
    scores = alike(rng, m=4_000, shares=[0.80, 0.78])

    widths = simultaneous_half_widths(item_scores=scores, rng=rng)

    single = 1.96 * scores.std(axis=0) / np.sqrt(4_000)
    means = scores.mean(axis=0)
    assert means[0] - single[0] < means[1] + single[1]
    assert tiers(scores=means, half_widths=widths).tolist() == [1, 2]


def test_files_that_answer_alike_share_a_tier() -> None:
    rng = np.random.default_rng(5)
    one = rng.random(500) < 0.8
    scores = np.column_stack([one, one, rng.random(500) < 0.3])

    widths = simultaneous_half_widths(item_scores=scores, rng=rng)

    assert widths[0, 1] == 0
    assert tiers(scores=scores.mean(axis=0), half_widths=widths).tolist() == [1, 1, 2]


def test_one_team_and_constant_scores() -> None:
    rng = np.random.default_rng(6)
    assert (
        simultaneous_half_widths(item_scores=np.ones((5, 3)), rng=rng).tolist() == [[0.0] * 3] * 3
    )
    assert simultaneous_half_widths(item_scores=rng.random((5, 1)), rng=rng).tolist() == [[0.0]]
    assert tiers(scores=[], half_widths=np.zeros((0, 0))).tolist() == []
    assert tiers(scores=[1.0], half_widths=[[0.0]]).tolist() == [1]


def test_who_is_not_told_from_the_best_shares_its_tier_wherever_it_ranks() -> None:
    """The third is apart from nobody above it by little, the second by much."""
    widths = np.array([[0, 0.01, 0.05], [0.01, 0, 0.05], [0.05, 0.05, 0]])

    assert tiers(scores=[0.8, 0.78, 0.77], half_widths=widths).tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_scores": np.ones(3)}, "item_scores: a matrix"),
        ({"item_scores": np.ones((1, 3))}, "two items or more"),
        ({"item_scores": [[np.nan], [1.0]]}, "item_scores: every value must be finite"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"confidence_level": 1.0}, "confidence_level must be in"),
    ],
)
def test_refuses_what_has_no_intervals(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"item_scores": np.ones((3, 2)), "rng": np.random.default_rng(1)}
    with pytest.raises(ValueError, match=message):
        simultaneous_half_widths(**{**given, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "widths", "message"),
    [
        ([1.0, 2.0], [[0.0]], "half_widths: one for each pair"),
        ([1.0, np.inf], np.zeros((2, 2)), "scores: every value must be finite"),
        ([1.0, 2.0], [[0, -1], [-1, 0]], "half_widths must be at least 0"),
    ],
)
def test_refuses_what_has_no_tiers(scores: object, widths: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiers(scores=scores, half_widths=widths)  # type: ignore[arg-type]


def test_one_bad_file_tells_nobody_else_apart() -> None:
    """Twenty errors at a cap of 1e8 in a seventh file: the six honest pairs keep their intervals."""
    rng = np.random.default_rng(8)
    honest = rng.normal(size=(4_000, 1)) + 0.3 * rng.normal(size=(4_000, 6))
    bad = honest[:, :1].copy()
    bad[rng.choice(4_000, 20, replace=False)] -= 1e8

    alone, beside = (
        simultaneous_half_widths(item_scores=items, rng=np.random.default_rng(9))
        for items in (honest, np.hstack([honest, bad]))
    )

    assert beside[:6, :6] == pytest.approx(alone, rel=0.15)
    assert beside[0, 6] > 1e5
