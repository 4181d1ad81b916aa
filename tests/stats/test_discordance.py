import pytest
import scipy.stats as sps

from stats.discordance import discordant_pairs


def test_discordant_pairs_are_fishers_table() -> None:
    found = discordant_pairs(
        query_final=[1] * 8 + [0] * 2 + [1] * 5,
        query_reference=[0] * 8 + [1] * 2 + [1] * 5,
        fresh_final=[1] * 3 + [0] * 7 + [0] * 4,
        fresh_reference=[0] * 3 + [1] * 7 + [0] * 4,
    )

    assert (found.query, found.fresh) == ((8, 2), (3, 7))
    # P(X >= 8), X hypergeometric: 11 final-only items, 10 of 20 discordant items in the first row.
    assert found.p_value == pytest.approx(sps.hypergeom.sf(7, 20, 11, 10))


def test_no_discordant_pair_is_no_evidence() -> None:
    found = discordant_pairs(
        query_final=[1, 0], query_reference=[1, 0], fresh_final=[1], fresh_reference=[1]
    )

    assert found.p_value == 1


def test_different_items_are_refused() -> None:
    with pytest.raises(ValueError, match="different items"):
        discordant_pairs(
            query_final=[1, 0], query_reference=[1], fresh_final=[1], fresh_reference=[1]
        )


@pytest.mark.parametrize("value", [0.5, 2, float("nan")])
def test_what_is_neither_right_nor_wrong_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="fresh_final: 0 and 1"):
        discordant_pairs(
            query_final=[1, 0], query_reference=[1, 0], fresh_final=[value], fresh_reference=[1]
        )
