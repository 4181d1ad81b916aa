"""Discordant pairs: the table of final against first file, where scores are right or wrong."""

import numpy as np
import pytest

from audits.checks import discordance
from stats.draw import draw
from tests.audits.histories import climbed, collected, context, entrant, right, unmoved


def test_counts_the_items_on_which_final_and_first_differ() -> None:
    query = np.array([[0, 1], [0, 1], [0, 1], [1, 0], [1, 1]])
    fresh = np.array([[0, 1], [1, 0], [1, 0], [0, 0]])

    (found,) = discordance.check(collected(entrant(4, query, fresh)), context())

    assert found.team_id == 4
    assert found.evidence == {"query": [3, 1], "fresh": [1, 2]}
    # Fisher by hand: P(X >= 3) = (C(4,3) C(3,1) + C(4,4) C(3,0)) / C(7,4) = 13/35.
    assert found.p_value == pytest.approx(13 / 35)


def test_a_climber_stands_out_and_convicts_nobody(rng: np.random.Generator) -> None:
    base, other = right(rng, 1_000, 1)[:, 0], right(rng, 2_000, 1)[:, 0]
    other_menu = unmoved(other, n_steps=20)
    other_menu[:60, -1] ^= True
    team = entrant(1, climbed(base, n_steps=20, step=4), other_menu)

    (found,) = discordance.check(collected(team), context())

    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert "verdict" not in found.evidence


def test_no_test_of_items_that_were_drawn_in_groups() -> None:
    """The table stands; Fisher's test would count each group as many times as it has items."""
    query = np.array([[0, 1], [0, 1], [0, 1], [1, 0], [1, 1], [1, 1]])
    groups = {"query_clusters": [1, 1, 1, 2, 2, 2], "fresh_clusters": [3, 3, 3, 4, 4, 4]}

    (found,) = discordance.check(
        collected(entrant(4, query, query), draw=draw(n=6, m=6, **groups)), context()
    )

    assert found.evidence == {"query": [3, 1], "fresh": [3, 1]}
    assert found.p_value is None


@pytest.mark.parametrize("final", [0, None])
def test_nothing_to_compare_with(final: int | None) -> None:
    team = entrant(1, np.ones((10, 3)), np.ones((20, 3)), final=final)

    assert discordance.check(collected(team), context()) == []


def test_a_final_like_the_first_differs_nowhere() -> None:
    (found,) = discordance.check(
        collected(entrant(1, np.ones((10, 3)), np.ones((20, 3)))), context()
    )

    assert found.evidence == {"query": [0, 0], "fresh": [0, 0]}
    assert found.p_value == 1.0


def test_only_right_or_wrong_scores_have_a_table() -> None:
    team = entrant(1, np.full((10, 2), 0.3), np.full((20, 2), 0.3))

    assert discordance.check(collected(team, metric="brier"), context()) == []


def test_no_fresh_holdout_of_the_same_draw() -> None:
    team = entrant(1, np.ones((10, 2)), np.ones((0, 2)))

    assert discordance.check(collected(team), context()) == []
