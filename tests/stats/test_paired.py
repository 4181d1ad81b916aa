import numpy as np
import pytest
import scipy.stats as sps

from stats.paired import mcnemar, paired_se


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
