"""What was drawn: units, strata, and what cannot have been a draw."""

import numpy as np
import pytest

from stats.draw import draw


def test_single_items_are_the_default() -> None:
    found = draw(n=2, m=3)

    assert found.is_query.tolist() == [True, True, False, False, False]
    assert found.sizes.tolist() == [1, 1, 1, 1, 1]
    assert [units.tolist() for units in found.strata] == [[0, 1, 2, 3, 4]]
    values = np.arange(10).reshape(5, 2)
    assert found.totals(values) is values


def test_clusters_add_up_their_items() -> None:
    found = draw(n=3, m=4, query_clusters=["a", "c", "a"], fresh_clusters=["b", "d", "d", "b"])

    assert found.is_query.tolist() == [True, False, True, False]
    assert found.sizes.tolist() == [2, 2, 1, 2]
    totals = found.totals(np.arange(7.0)[:, None])
    assert totals.ravel().tolist() == [0 + 2, 3 + 6, 1, 4 + 5]


def test_strata_hold_their_units() -> None:
    found = draw(
        n=2,
        m=4,
        query_clusters=[1, 2],
        fresh_clusters=[3, 3, 4, 5],
        query_strata=["x", "y"],
        fresh_strata=["y", "y", "x", "y"],
    )

    assert [units.tolist() for units in found.strata] == [[0, 3], [1, 2, 4]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"query_clusters": [1, 2]}, "clusters: both"),
        ({"query_strata": [1, 2]}, "strata: both"),
        ({"query_strata": [1], "fresh_strata": [1, 1, 1]}, "strata: one for each"),
        ({"query_clusters": [1, 2], "fresh_clusters": [2, 3, 4]}, "in both holdouts"),
        ({"query_clusters": [1, 1], "fresh_clusters": [2, 3, 4]}, "two units"),
        (
            {
                "query_clusters": [1, 2],
                "fresh_clusters": [3, 3, 4],
                "query_strata": [1, 1],
                "fresh_strata": [1, 2, 1],
            },
            "in two strata",
        ),
    ],
)
def test_what_was_no_draw_is_refused(given: dict[str, list[int]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw(n=2, m=3, **given)


def test_shares_of_units_have_the_means_of_the_items(rng: np.random.Generator) -> None:
    """Groups of unequal sizes; items that were drawn one by one are their own shares."""
    groups = {"query_clusters": [1, 1, 1, 2, 3, 3], "fresh_clusters": [4, 5, 5, 5, 5]}
    values = rng.random((11, 4))

    query, fresh = draw(n=6, m=5, **groups).shares(values)
    alone = draw(n=6, m=5).shares(values)

    assert (query.shape, fresh.shape) == ((3, 4), (2, 4))
    np.testing.assert_allclose(query.mean(axis=0), values[:6].mean(axis=0))
    np.testing.assert_allclose(fresh.mean(axis=0), values[6:].mean(axis=0))
    np.testing.assert_array_equal(np.vstack(alone), values)
