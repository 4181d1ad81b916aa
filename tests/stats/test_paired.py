from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.arguments import check_ranked
from stats.paired import (
    mcnemar,
    paired_auc,
    paired_difference,
    paired_se,
    t_difference,
)


def test_paired_se_is_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(6)
    ours, theirs = rng.random(50), rng.random(50)

    se = paired_se(scores=ours, incumbent_scores=theirs)

    assert (ours - theirs).mean() / se == pytest.approx(sps.ttest_rel(ours, theirs).statistic)


def test_equal_submissions_have_no_paired_error() -> None:
    assert paired_se(scores=[1, 0, 1], incumbent_scores=[1, 0, 1]) == 0
    assert paired_se(scores=[1], incumbent_scores=[0]) == 0


def test_mcnemar_on_published_discordant_pairs() -> None:
    """CIFAR-10, wide resnet with and without cutout: 215 against 112, p = 1.30e-8."""
    ours = np.repeat([1, 0, 1], [215, 112, 50])
    theirs = np.repeat([0, 1, 1], [215, 112, 50])

    assert mcnemar(correct=ours, reference_correct=theirs) == pytest.approx(1.30e-8, rel=5e-3)
    assert mcnemar(correct=ours, reference_correct=ours) == 1


@pytest.mark.parametrize(("ours", "theirs"), [([1, 0], [1]), ([], []), ([[1]], [[1]])])
def test_unequal_items_are_refused(ours: list[int], theirs: list[int]) -> None:
    with pytest.raises(ValueError, match="length"):
        paired_se(scores=ours, incumbent_scores=theirs)


def test_mcnemar_refuses_unequal_items() -> None:
    with pytest.raises(ValueError, match="length"):
        mcnemar(correct=[1], reference_correct=[1, 0])


def test_mid_p_counts_the_observed_table_half() -> None:
    """6 against 2 of 8: exact 2 (1 + 8 + 28) / 256, mid-p one 28 less; 4 against 4: all but half of 70."""
    for ours, theirs, exact, mid in ((6, 2, 74 / 256, 46 / 256), (4, 4, 1.0, 1 - 35 / 256)):
        correct = np.repeat([1, 0], [ours, theirs])
        assert mcnemar(correct=correct, reference_correct=1 - correct) == pytest.approx(exact)
        found = mcnemar(correct=correct, reference_correct=1 - correct, mid_p=True)
        assert found == pytest.approx(mid)


def test_paired_difference_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(141)
    ours, theirs = rng.random(40), rng.random(40)

    found = paired_difference(scores=ours, reference_scores=theirs)

    expected = sps.ttest_rel(ours, theirs)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))


def test_copies_of_an_item_tell_nothing_more() -> None:
    rng = np.random.default_rng(142)
    ours, theirs = rng.random(30), rng.random(30)
    single = paired_difference(scores=ours, reference_scores=theirs)

    copied = paired_difference(
        scores=np.repeat(ours, 7),
        reference_scores=np.repeat(theirs, 7),
        groups=np.repeat(np.arange(30), 7),
    )

    assert vars(copied).keys() == vars(single).keys()
    assert copied.se == pytest.approx(single.se)
    assert copied.p_value == pytest.approx(single.p_value)


def test_differences_without_spread() -> None:
    equal = paired_difference(scores=[1, 0, 1], reference_scores=[1, 0, 1])
    certain = paired_difference(scores=[0, 0], reference_scores=[1, 1])

    assert (equal.statistic, equal.p_value) == (0, 1)
    assert (certain.statistic, certain.p_value) == (-np.inf, 0)


def test_paired_auc_is_delongs_test() -> None:
    """Against the variance by its definition: placements of each pair, covariance of the two models."""
    rng = np.random.default_rng(144)
    labels = rng.random(60) < 0.4
    scores = rng.normal(labels, 1.0), rng.normal(0.5 * labels, 1.0).round(1)

    found = paired_auc(labels=labels, scores=scores[0], reference_scores=scores[1])

    kernels = [
        (each[labels][:, None] > each[~labels]) + 0.5 * (each[labels][:, None] == each[~labels])
        for each in scores
    ]
    differences = kernels[0] - kernels[1]
    variance = (
        differences.mean(axis=1).var(ddof=1) / labels.sum()
        + differences.mean(axis=0).var(ddof=1) / (~labels).sum()
    )
    assert found.estimate == pytest.approx(differences.mean())
    assert found.se == pytest.approx(np.sqrt(variance))
    assert found.p_value == pytest.approx(2 * sps.norm.sf(abs(differences.mean()) / found.se))


def test_one_positive_says_nothing_of_its_class() -> None:
    """Its variance counted as 0: of two models that rank at random the test rejected 85 % at .05."""
    with pytest.raises(ValueError, match="at least two items of each class"):
        paired_auc(labels=[1, 0, 0], scores=[0.9, 0.1, 0.2], reference_scores=[0.1, 0.3, 0.2])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scores": [1.0], "reference_scores": [1.0, 2.0]}, "equal length"),
        ({"scores": [1.0, np.nan], "reference_scores": [1.0, 2.0]}, "finite"),
        ({"scores": [1.0], "reference_scores": [1.0]}, "at least two"),
        ({"scores": [], "reference_scores": []}, "at least two"),
        ({"scores": [1, 2], "reference_scores": [1, 2], "groups": [1]}, "groups: one"),
        ({"scores": [1, 2], "reference_scores": [1, 2], "groups": [1, 1]}, "groups: at least"),
        ({"scores": [1, 2], "reference_scores": [1, 2], "confidence_level": 1}, "confidence"),
    ],
)
def test_impossible_comparisons_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        paired_difference(**given)


def test_what_is_not_a_number_has_no_paired_error() -> None:
    with pytest.raises(ValueError, match="finite"):
        paired_se(scores=[np.nan, 1], incumbent_scores=[1, 0])


@pytest.mark.parametrize("wrong", [[np.nan, 0], [0.5, 0], [2, 0]])
def test_mcnemar_refuses_what_is_neither_right_nor_wrong(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^correct: 0 and 1"):
        mcnemar(correct=wrong, reference_correct=[1, 0])
    with pytest.raises(ValueError, match=r"^reference_correct: 0 and 1"):
        mcnemar(correct=[1, 0], reference_correct=wrong)


@pytest.mark.parametrize(
    ("labels", "scores", "said"),
    [
        ([1, 0, 1], [1, 2], "scores: one for each"),
        ([[1, 0]], [[1, 2]], "scores: one for each"),
        ([1, 0, 2], [1, 2, 3], "labels"),
        ([1, 0, np.nan], [1, 2, 3], "labels"),
        ([1, 0, 1], [1, 2, np.nan], "scores: every value"),
    ],
)
def test_areas_need_labels_and_finite_scores(
    labels: list[float], scores: list[float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        check_ranked(labels=labels, scores=scores, name="scores")
    with pytest.raises(ValueError, match=said):
        paired_auc(labels=labels, scores=scores, reference_scores=scores)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimate", np.nan),
        ("se", -1),
        ("se", np.nan),
        ("freedom", 0),
        ("freedom", np.nan),
        ("confidence_level", 1),
    ],
)
def test_a_difference_of_no_numbers_is_refused(name: str, value: float) -> None:
    given = {"estimate": 1.0, "se": 1.0, "freedom": 1.0, "confidence_level": 0.95, name: value}

    with pytest.raises(ValueError, match=rf"^{name}\b"):
        t_difference(**given)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e150])
def test_paired_figures_know_no_unit(scale: float) -> None:
    """Squares of 1e-200 are 0: any difference was certain, p = 0, and the standard error 0."""
    rng = np.random.default_rng(149)
    ours, theirs = rng.random((2, 50))

    found = paired_difference(scores=ours * scale, reference_scores=theirs * scale)

    expected = paired_difference(scores=ours, reference_scores=theirs)
    assert found.p_value == pytest.approx(expected.p_value, rel=1e-9)
    assert found.se == pytest.approx(expected.se * scale, rel=1e-9)
    assert found.interval.high == pytest.approx(expected.interval.high * scale, rel=1e-9)
    assert paired_se(scores=ours * scale, incumbent_scores=theirs * scale) == pytest.approx(
        paired_se(scores=ours, incumbent_scores=theirs) * scale, rel=1e-9
    )


def test_four_items_set_apart_both_ways_prove_little() -> None:
    found = paired_auc(labels=[0, 0, 1, 1], scores=[0, 0, 1, 1], reference_scores=[1, 1, 0, 0])
    same = paired_auc(labels=[0, 0, 1, 1], scores=[0, 0, 1, 1], reference_scores=[0, 0, 1, 1])

    assert found.p_value > 0.05
    assert (same.se, same.p_value) == (0.0, 1.0)
