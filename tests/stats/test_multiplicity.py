import numpy as np
import pytest

from stats.multiplicity import benjamini_hochberg, holm

# Ladder paper, photo contest: ranks 2-10 against rank 1 (paired t-tests).
PUBLISHED = [0.536, 0.886, 0.00651, 0.01151, 0.01419, 0.0667, 0.00481, 0.00253, 0.1037]


def test_published_p_values_give_the_published_rejections() -> None:
    """Holm keeps ranks 8 and 9 and adds 4; Benjamini-Hochberg rejects 4, 5, 6, 8 and 9."""
    ranks = np.arange(2, 11)

    assert ranks[holm(p_values=PUBLISHED) <= 0.05].tolist() == [4, 8, 9]
    assert ranks[benjamini_hochberg(p_values=PUBLISHED) <= 0.05].tolist() == [4, 5, 6, 8, 9]


def test_holm_by_hand() -> None:
    assert holm(p_values=[0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_holm_rejects_no_more_than_benjamini_hochberg() -> None:
    values = np.random.default_rng(3).random(200) ** 3

    assert (holm(p_values=values) >= benjamini_hochberg(p_values=values) - 1e-15).all()


def test_no_tests_give_no_rejections() -> None:
    assert len(holm(p_values=[])) == len(benjamini_hochberg(p_values=[])) == 0


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")], [[0.5]]])
def test_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="p-values"):
        holm(p_values=wrong)
